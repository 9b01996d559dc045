"""Compounds are found by their parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from embedctl.arms.bm25 import compounds
from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.compounds import splitter, splitter_by
from embedctl.arms.bm25.writer import Bm25Writer
from embedctl.arms.kind import TextRow

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Query:
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("language", "text", "parts"),
    [
        ("german", "Hausratversicherung", ["hausrat", "haus", "rat", "versicherung"]),
        ("german", "die Wasserstofftankstelle", {"wasserstoff", "tank", "stelle"}),
        ("german", "Haustür", ["haus", "tür"]),
        ("german", "Schneesturm", ["schnee", "sturm"]),
        ("german", "Entwicklung Übersetzung Möglichkeiten", []),
        ("dutch", "zorgverzekering", ["zorg", "verzekering"]),
        ("dutch", "fietsenstalling", ["fietsen", "stalling"]),
        ("swedish", "bilförsäkring", ["bil", "försäkring"]),
        ("danish", "jernbanestation", {"jernbane", "station"}),
        ("norwegian", "skattekontoret", {"skatte", "kontoret"}),
    ],
)
def test_parts(language: str, text: str, parts: list[str] | set[str]) -> None:
    split = splitter(language)
    assert split is not None
    found = split.split(text)
    assert set(found) >= parts if isinstance(parts, set) else found == parts


def test_other_languages_have_no_splitter() -> None:
    assert splitter("english") is None
    assert splitter_by("none", lambda _: True) is None


def test_words_of_an_index_split_a_query() -> None:
    split = splitter_by("german", frozenset({"leucht", "turm", "wärter"}).__contains__)
    assert split is not None
    assert split.parts("leuchtturmwärter") == ("leucht", "turm", "wärter")
    assert split.parts("leuchtturmbauer") == ()


def test_a_list_is_read_once_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reads = []
    read = compounds._read_lists
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compounds, "_read_lists", lambda lists: reads.append(lists) or read(lists))
    first, second = compounds._hashes("dutch"), compounds._hashes("dutch")
    assert first == second
    assert reads == [("nl",)]


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / "cache" / "compounds").write_text("in the way")
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    assert len(compounds._hashes("dutch")) > 100_000


def test_parts_find_the_compound_and_the_compound_its_parts(tmp_path: Path) -> None:
    texts = ("Die Hausratversicherung zahlt.", "Eine Versicherung für Hausrat.", "Der Himmel ist blau.")
    with Bm25Writer(tmp_path / "index", "german", 15_000_000) as writer:
        for label, text in enumerate(texts, start=1):
            writer.add(TextRow(label, label, text, "", (), ""))
        writer.commit()
    arm = Bm25Arm(tmp_path / "index", "german")

    def found(*words: str) -> list[int]:
        return [int(label) for label in arm.query(Query(words)).search(5).labels]

    assert set(found("Versicherungen")) == {1, 2}
    assert found("Hausratversicherung") == [1, 2]
    assert arm.query(Query(phrases=("Hausratversicherung zahlt",))).notes() == []
    assert arm.matcher(Query(("Versicherung",)))("Hausratversicherung")
