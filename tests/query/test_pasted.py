"""What people paste is looked for as it stands; exclusions are what reads as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import embedctl
from embedctl import QueryConfig, SettingsRequest
from embedctl.query.parse import parse_query

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    [
        "chmod -R 755 www",
        "ls -la /srv",
        "g++ -Wall main",
        "go test -race",
        "find . -name ledger",
        "$ git commit -am wip",
        "openssl req -nodes",
        "head -n 20",
        "python -m venv",
        "set -euo pipefail",
        "FOO=1 run -verbose",
        "errno -ENOENT",
        "signal -15",
        "-273 degrees",
        "between -5 and -10",
        "trend -2.5%",
        "cat log | grep -color",
        "the tide -see above- turns",
        "kernel panic -not syncing",
        "-draft",
    ],
)
def test_pasted_text_excludes_nothing(text: str) -> None:
    parsed = parse_query(text)
    assert parsed.exclusions == ()
    assert parsed.dense_text == text


@pytest.mark.parametrize(
    ("text", "exclusions", "presumed"),
    [
        ("jaguar -car", ("car",), ("car",)),
        ("vault keys -draft -old", ("draft", "old"), ("draft", "old")),
        ("замок -дверь", ("дверь",), ("дверь",)),
        ("pasta -well-known", ("well-known",), ("well-known",)),
        ('ledger -"first draft"', ("first draft",), ()),
        ('rm -rf -"build"', ("build",), ()),
    ],
)
def test_exclusions(text: str, exclusions: tuple[str, ...], presumed: tuple[str, ...]) -> None:
    parsed = parse_query(text)
    assert (parsed.exclusions, parsed.presumed) == (exclusions, presumed)


def test_what_is_taken_for_an_exclusion_is_reported(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in {"a": "vault keys", "b": "vault keys of the first draft", "c": "run tar -xzf vault.tgz"}.items():
        (tmp_path / "docs" / f"{name}.txt").write_text(text, encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "docs"], settings=SettingsRequest(model="hashing"))

    def asked(text: str) -> tuple[set[str], tuple[str, ...]]:
        answer = store.query(text, QueryConfig(mode="bm25"))
        return {hit.path for hit in answer.hits}, answer.warnings

    found, warnings = asked("vault -draft")
    assert found == {"docs/a.txt", "docs/c.txt"}
    assert warnings == (
        '"-draft" leaves out what has "draft"; to look for it, write it without the hyphen or in quotes.',
    )
    assert asked('vault -"draft"') == (found, ())
    assert asked("tar -xzf vault.tgz")[0] >= {"docs/c.txt"}
