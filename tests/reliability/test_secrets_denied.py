"""Files that hold keys or passwords by their names are left out, however they are asked for."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import embedctl
from embedctl import SettingsRequest, SourceRequest, WalkRules
from embedctl.records import SkippedEntry
from embedctl.sources.denied import DENIED_NAMES, EXAMPLES, denied, denied_folder
from embedctl.sources.walk import walk

PATTERNS = [pattern for patterns in DENIED_NAMES.values() for pattern in patterns]
TAKEN = (
    "id_rsa.pub",
    "server.crt",
    "keys.md",
    "environment.md",
    "secrets.md",
    "credentials.md",
    "config.json",
    "config",
)
HIDDEN = WalkRules(hidden=True)


def made(folder: Path, pattern: str) -> Path:
    """Write a file that a pattern means, and return it."""
    path = folder / (f"{pattern}notes.txt" if pattern.endswith("/") else pattern.replace("*", "prod"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("nothing secret in here\n")
    return path


def entries(root: Path, only: tuple[str, ...] | None = None, *, deny: bool = True) -> dict[str, str]:
    """Return what a walk meets: path -> why it is skipped, empty for what is taken."""
    found = walk(root, HIDDEN, only, deny=deny)
    return {entry.path: entry.reason if isinstance(entry, SkippedEntry) else "" for entry in found}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_denied_name_is_skipped_with_its_reason(tmp_path: Path, pattern: str) -> None:
    path = made(tmp_path, pattern)
    shouted = made(tmp_path / "shouted", pattern.upper())
    name = path.relative_to(tmp_path).as_posix()
    reason = next(reason for reason, patterns in DENIED_NAMES.items() if pattern in patterns)
    told = f"{reason}, by its name (--secrets allow takes it)"
    assert entries(tmp_path) == {name: told, shouted.relative_to(tmp_path).as_posix(): told}
    assert entries(tmp_path, (name,)) == {name: told}, "listed"
    assert entries(path) == {path.name: told}, "named"
    assert set(entries(tmp_path, deny=False).values()) == {""}


def test_a_source_in_a_folder_of_keys_gives_nothing(tmp_path: Path) -> None:
    made(tmp_path, ".ssh/")
    (tmp_path / "harmless").symlink_to(tmp_path / ".ssh")
    (tmp_path / ".ssh" / "deep").mkdir()
    (tmp_path / ".ssh" / "deep" / "a.md").write_text("text")
    for root in (tmp_path / ".ssh", tmp_path / ".ssh" / "deep", tmp_path / "harmless"):
        reasons = entries(root)
        assert reasons
        assert all(reason.startswith("inside a folder of keys") for reason in reasons.values())


@pytest.mark.parametrize("name", [*sorted(EXAMPLES), *TAKEN])
def test_what_is_no_secret_is_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text")
    assert entries(tmp_path) == {name: ""}


@given(st.text("abcdefgh.-_*kypemidrs", min_size=1, max_size=14), st.sampled_from(["", "x", ".docker", ".kube", "gh"]))
def test_names_are_denied_exactly_as_the_patterns_say(name: str, folder: str) -> None:
    """The quick way, which a million files go, against matching every pattern."""
    own = [pattern for pattern in PATTERNS if "/" not in pattern]
    inside = [pattern for pattern in PATTERNS if "/" in pattern[:-1]]
    wanted = any(fnmatchcase(name, pattern) for pattern in own) or f"{folder}/{name}" in inside
    assert (denied(name, folder) is not None) == (wanted and name not in EXAMPLES)


def test_the_list_in_the_documentation_is_the_one_in_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
    for reason, patterns in DENIED_NAMES.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {reason} |"))
        assert re.findall(r"`([^`]+)`", row) == list(patterns)
    paragraph = text[text.index("Examples are taken") :].split("\n\n")[0]
    assert set(re.findall(r"`([^`]+)`", paragraph)) >= EXAMPLES


def test_folders_are_denied_by_any_of_their_names() -> None:
    assert denied_folder(["", "home", "me", ".SSH", "deep"])
    assert denied_folder(["", "home", "me", "ssh"]) is None


def test_a_store_skips_them_until_they_are_allowed(tmp_path: Path, small_model: Path) -> None:
    docs = tmp_path / "docs"
    for pattern in (".env", "*.pem", ".aws/"):
        made(docs, pattern)
    (docs / "a.md").write_text("# Boats\n\nThey go out in the morning.\n")
    store = embedctl.create(tmp_path / ".embedctl")
    report = store.ingest([docs], source=SourceRequest(rules=HIDDEN), settings=SettingsRequest(model=str(small_model)))
    assert (report.outcomes["added"], report.outcomes["skipped"], report.exit_code) == (1, 3, 0)
    assert store.status(files="skipped")["listed"][0]["reason"].endswith("(--secrets allow takes it)")
    report = store.ingest(settings=SettingsRequest(secrets="allow"), rebuild=True)
    assert report.outcomes["added"] == 3
    report = store.ingest(settings=SettingsRequest(secrets="skip"), rebuild=True)
    assert report.outcomes["deleted"] == 3
