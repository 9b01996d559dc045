"""Whatever lies in a folder: what goes in comes out as indexed, unchanged, skipped or failed, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hostile_tree import ENTRIES, NAMES, Made, plant
from hypothesis import given, settings
from hypothesis import strategies as st
from tally import counted

import embedctl
from embedctl.config import WalkRules
from embedctl.errors import ParseError, UnsupportedError
from embedctl.records import FileEntry, Outcome, SkippedEntry
from embedctl.sources.ignore import Patterns
from embedctl.sources.walk import walk
from embedctl.stages.record_file import examine
from embedctl.store.layout import Layout
from embedctl.store.parts import iter_documents
from embedctl.store.writer import read_manifest
from embedctl.system.open_regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = 2_100
"""Folders whose names alone are longer than any path may be."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, links and names of bytes are POSIX's")


def live(store: embedctl.Store) -> dict[str, str]:
    """Return the text of every live document."""
    layout = Layout(store.path)
    parts = read_manifest(layout).parts
    return {document.doc_id: document.text for part in parts for _, document in iter_documents(layout, part)}


def counts(report: Any) -> dict[str, int]:
    return {kind: count for kind, count in report.outcomes.items() if count}


def adds_up(wanted: list[tuple[str, str]]) -> None:
    """Index a tree of these entries twice; nothing may be missing from either report, or from the store."""
    with TemporaryDirectory() as folder:
        root = Path(folder, "docs")
        root.mkdir()
        made = plant(str(root), wanted)
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                os.utime(path, (1_700_000_000, 1_700_000_000))
        store = embedctl.create(Path(folder, ".embedctl"))
        first = store.ingest([root])
        expected = {"added": made.indexed, "skipped": made.skipped, "failed": made.failed}
        assert counts(first) == {kind: count for kind, count in expected.items() if count}
        assert len(first.problems) == made.skipped + made.failed
        found = live(store)
        assert len(found) == made.indexed
        for number, (kind, name) in enumerate(wanted):
            if kind == "text" and name != "bytes":
                path = f"{NAMES[name].format(number)}.txt"
                assert found[path] == (root / path).read_text(encoding="utf-8")
        second = counts(store.ingest())
        # Rows that are empty are told when they are read, and files of bad rows once for all of them.
        assert second.get("unchanged", 0) == made.indexed
        assert second.get("failed", 0) == made.failed
        assert second.keys() <= {"unchanged", "failed", "skipped"}
        assert live(store) == found


TREES = st.lists(st.tuples(st.sampled_from(sorted(ENTRIES)), st.sampled_from(sorted(NAMES))), min_size=3, max_size=8)


def test_every_kind_of_entry_ends_as_what_it_is() -> None:
    adds_up([(kind, "plain") for kind in ENTRIES])


@settings(max_examples=2, deadline=None)
@given(wanted=TREES)
def test_nothing_is_lost(wanted: list[tuple[str, str]]) -> None:
    adds_up(wanted)


@pytest.mark.long
def test_nothing_is_lost_in_many_trees(results: Path | None) -> None:
    with counted(
        "random trees of hostile files: every input in the report, every good file in the store", results
    ) as tally:

        @settings(max_examples=150, deadline=None)
        @given(wanted=TREES)
        def each(wanted: list[tuple[str, str]]) -> None:
            with tally.one():
                adds_up(wanted)

        each()


def test_reports_stay_one_printable_line_for_each_input(tmp_path: Path) -> None:
    plant(str(tmp_path), [("rows", name) for name in NAMES] + [("empty", name) for name in NAMES])
    store = embedctl.create(tmp_path / "store" / ".embedctl")
    problems = store.ingest([tmp_path]).problems
    command = [sys.executable, "-m", "embedctl", "status", "--store", str(store.path), "--files", "all"]
    told = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.split("\n")[:-1]
    rows = sum(", row " in problem["path"] for problem in problems)
    assert len(lines) == 2 * len(NAMES) + rows
    assert all(line.isprintable() for line in lines)
    assert all(json.dumps(problem) for problem in problems)


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, Path]:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to("/etc/hostname")
    (tmp_path / "folder.jsonl").mkdir()
    return {**{path.stem: path for path in tmp_path.iterdir()}, "device": Path("/dev/zero")}


def test_what_was_a_file_when_it_was_listed_is_not_waited_for(odd: dict[str, Path]) -> None:
    for path in odd.values():
        with pytest.raises((UnsupportedError, IsADirectoryError)):
            open_regular(str(path))
        entry = FileEntry(path.name, str(path), 10, 0)
        with pytest.raises(ParseError, match=r"not a regular file|not followed|directory"):
            examine(entry, None, reread=False)


@pytest.mark.parametrize("name", ["pipe.txt", "pipe.jsonl"])
def test_a_pipe_that_is_named_is_skipped(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    store = embedctl.create(tmp_path / "store" / ".embedctl")
    report = store.ingest([tmp_path / name])
    assert [problem["reason"] for problem in report.problems] == ["not a regular file"]
    report = store.ingest(files=[str(tmp_path / name), "/dev/full", str(tmp_path / ".." / "gone")])
    assert sorted(problem["reason"] for problem in report.problems) == [
        "does not exist", "not a regular file", "not a regular file"
    ]  # fmt: skip


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret", encoding="utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "out").symlink_to(outside)
    (docs / "up").symlink_to("..")
    (docs / "self").symlink_to("self")
    assert list(walk(docs, WalkRules())) == [
        SkippedEntry(name, "symbolic link, not followed") for name in ("out", "self", "up")
    ]


def deep_folder(root: Path, levels: int) -> None:
    """Make folders in folders, past what a path can name."""
    at = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("end.txt", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)


def remove_deep(root: Path) -> None:
    subprocess.run(["rm", "-rf", str(root)], check=True)


def test_folders_deeper_than_a_path_can_tell_are_said_to_be(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    root.mkdir()
    (root / "z.txt").write_text("after it", encoding="utf-8")
    try:
        deep_folder(root, LEVELS)
        *_, below, last = walk(root, WalkRules())
        assert isinstance(below, SkippedEntry)
        assert (below.outcome, below.reason) == (Outcome.FAILED, "cannot be listed: File name too long")
        assert last.path == "z.txt"
    finally:
        remove_deep(root)


@pytest.mark.parametrize("lines", [20_000, 1])
def test_ignore_files_that_are_too_large_are_told(tmp_path: Path, lines: int) -> None:
    (tmp_path / ".gitignore").write_text("x" * (2_000_000 // lines) + "\n" * lines, encoding="utf-8")
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    rules, file = walk(tmp_path, WalkRules())
    assert isinstance(rules, SkippedEntry)
    assert "nothing is ignored by it: it has more than" in rules.reason
    assert file.path == "a.md"


def test_patterns_of_many_stars_are_decided(tmp_path: Path) -> None:
    name = "a" * 250
    assert Patterns(["a*" * 40 + "b"]).verdict(name, name, False) is None
    assert Patterns(["a*" * 40 + "b"]).verdict(f"{name}b", f"{name}b", False) is True
    path = "a/" * 1_000 + "c"
    assert Patterns(["**/a" * 12 + "/**/b"]).verdict(path, "c", False) is None
    assert Patterns(["**/a" * 12 + "/**/c"]).verdict(path, "c", False) is True


def refreshes(folder: Path, rounds: int) -> Iterator[None]:
    """Refresh a store while its files grow, shrink, vanish and are replaced; then, in peace, once more."""
    docs = folder / "docs"
    docs.mkdir()
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            rows = [json.dumps({"id": f"r{row}", "text": f"turn {turn} row {row}"}) for row in range(turn % 400)]
            (docs / "whole.jsonl").write_text("\n".join(rows), encoding="utf-8")
            with (docs / "grows.csv").open("a", encoding="utf-8") as file:
                file.write("id,text\n" if not file.tell() else f"{turn},appended {turn}\n")
            (docs / "new.tmp~").write_text(f"# Turn {turn}\n" + "words " * (turn % 3_000), encoding="utf-8")
            (docs / "new.tmp~").replace(docs / "moved.md")
            (docs / f"{turn % 7}.txt").write_text(f"turn {turn}", encoding="utf-8")
            (docs / f"{(turn + 3) % 7}.txt").unlink(missing_ok=True)

    writer = threading.Thread(target=write)
    store = embedctl.create(folder / ".embedctl")
    store.ingest([docs])
    writer.start()
    try:
        for _ in range(rounds):
            report = store.ingest()
            assert all(problem["reason"] for problem in report.problems)
            yield
    finally:
        stop.set()
        writer.join()
    store.ingest()
    fresh = embedctl.create(folder / "fresh" / ".embedctl")
    fresh.ingest([docs])
    assert live(store) == live(fresh)


def test_files_that_change_while_they_are_read_are_right_in_the_end(tmp_path: Path) -> None:
    for _ in refreshes(tmp_path, 4):
        pass


@pytest.mark.long
def test_files_that_change_while_they_are_read_for_long(tmp_path: Path, results: Path | None) -> None:
    with counted(
        "refreshes while files grow, shrink, vanish and are replaced; then as a fresh store", results
    ) as tally:
        for _ in refreshes(tmp_path, 300):
            with tally.one():
                pass


@pytest.mark.long
def test_a_folder_of_a_hundred_thousand_entries(tmp_path: Path, results: Path | None) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(100_000):
        (docs / f"{number}.txt").write_text(f"note {number}", encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    with counted("a folder of 100,000 files: every one in the store", results) as tally, tally.one():
        assert counts(store.ingest([docs])) == {"added": 100_000}
        assert counts(store.ingest()) == {"unchanged": 100_000}


def test_made_is_what_planting_says(tmp_path: Path) -> None:
    """The counts above are those of the files on disk, not of the tables that made them."""
    made = plant(str(tmp_path), [("pipe", "plain"), ("links", "newline"), ("hard_link", "bytes")])
    assert made == Made(0, 7, 2)
    assert len(list(tmp_path.iterdir())) == sum(made)
