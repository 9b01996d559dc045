"""Publishing a snapshot: in which order, what a fault leaves, and getting a damaged commit record back."""

from __future__ import annotations

import errno
import json
import os
import resource
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from older_formats import as_format

from embedctl.config import TEXT_FIELD
from embedctl.errors import DamagedError, MismatchError, ResourceError
from embedctl.store.files import write_table
from embedctl.store.garbage import missing
from embedctl.store.layout import Layout, find_store
from embedctl.store.manifest import FORMAT_VERSION, Manifest, Part
from embedctl.store.writer import Writer, read_manifest, restore_manifest, writing

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = pa.table({"text": ["a", "b"]})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "deep" / "project" / ".embedctl")


def add_part(writer: Writer) -> Manifest:
    """Commit one part with vectors, which begins folders of two levels."""
    number = writer.manifest.next_part
    documents = write_table(writer.layout.documents(number), TABLE)
    chunks = write_table(writer.layout.chunks(number), TABLE)
    embeddings = write_table(writer.layout.embeddings("ab" * 8, number), TABLE, "ab" * 8)
    names = [writer.layout.documents(number), writer.layout.chunks(number), writer.layout.embeddings("ab" * 8, number)]
    return writer.commit(writer.manifest.with_part(Part(number, documents, chunks, {TEXT_FIELD: embeddings})), names)


def snapshot_of(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time and bytes of everything in a folder, itself included."""
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (root, *sorted(root.rglob("*")))
    }


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is synced and what is renamed, in order; the real calls are made."""
    found: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        found.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))

    def renamed(source: str, target: str) -> None:
        rename(source, target)
        found.append(("rename", str(target)))

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to tell which file is synced")
def test_everything_is_on_disk_before_the_manifest_names_it(layout: Layout, calls: list[tuple[str, str]]) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    published = calls.index(("rename", str(layout.manifest)))
    before = {path for call, path in calls[:published] if call == "fsync"}
    files = {layout.documents(1), layout.chunks(1), layout.embeddings("ab" * 8, 1)}
    folders = {file.parent for file in files} | {layout.root / "embeddings"}
    above = {layout.root, layout.root.parent, layout.root.parent.parent, layout.root.parent.parent.parent}
    assert {str(path) for path in files | folders | above} <= before
    assert calls[published - 1] == ("fsync", f"{layout.manifest}.tmp")
    assert calls[published + 1] == ("fsync", str(layout.root))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to tell which file is synced")
def test_a_new_folder_is_synced_into_the_one_above_in_later_commits_too(
    layout: Layout, calls: list[tuple[str, str]]
) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
        calls.clear()
        record = write_table(layout.embeddings("cd" * 8, 1), TABLE, "cd" * 8)
        part = replace(writer.manifest.part(1), vectors={TEXT_FIELD: record})
        writer.commit(writer.manifest.with_part(part), [layout.embeddings("cd" * 8, 1)])
    published = calls.index(("rename", str(layout.manifest)))
    assert ("fsync", str(layout.root / "embeddings")) in calls[:published]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_fault_anywhere_leaves_the_old_snapshot_or_the_new_one(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, call: str, error: int
) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    real: Callable[..., None] = getattr(os, call)
    ends = set()
    for nth in range(1, 30):
        calls = iter(range(1, 1000))

        def failing(*arguments: object) -> None:
            if next(calls) == nth:  # noqa: B023 - called within this turn
                raise OSError(error, os.strerror(error), *(map(str, arguments) if call == "replace" else ()))
            real(*arguments)

        with writing(layout, "test") as writer:
            before = writer.manifest
            monkeypatch.setattr(os, call, failing)
            with suppress(OSError):
                add_part(writer)
                ends.add("done")
            monkeypatch.setattr(os, call, real)
            found = read_manifest(layout)
            assert missing(layout, found) == []
            assert not list(layout.root.rglob("*.tmp"))
            assert writer.manifest in (before, found)
            if found == before:
                ends.add("old")
            else:
                assert (found.snapshot, found.parts[:-1]) == (before.snapshot + 1, before.parts)
                ends.add("new")
        if "done" in ends:
            break
    assert ends == {"old", "new", "done"}


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_a_fault_of_the_system_comes_with_the_name_of_the_file(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with writing(layout, "test") as writer:
        if call == "fsync":
            monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
            expected = layout.documents(1)
        else:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            monkeypatch.setattr("embedctl.store.writer.manifest_text", lambda _: " " * 200_000)
            expected = layout.manifest.with_name("manifest.json.tmp")
        try:
            if call == "write":
                resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
            with pytest.raises(OSError) as caught:
                add_part(writer)
        finally:
            if call == "write":
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.filename == str(expected)
        monkeypatch.undo()
    assert not layout.manifest.exists()


def test_the_copy_of_the_manifest_follows_it(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        for _ in range(2):
            add_part(writer)
            assert layout.backup.read_bytes() == layout.manifest.read_bytes()


def test_a_copy_that_lags_is_renewed_before_anything_is_removed(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
        older = layout.backup.read_bytes()
        writer.commit(replace(writer.manifest, parts=()))
    layout.backup.write_bytes(older)  # as after a kill between the two
    with writing(layout, "test"):
        assert layout.backup.read_bytes() == layout.manifest.read_bytes()
        assert not layout.documents(1).exists()


HARM: dict[str, Callable[[Path], object]] = {
    "a byte": lambda path: path.write_bytes(path.read_bytes().replace(b"english", b"englisk")),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
    "a link": lambda path: (path.rename(path.with_name("elsewhere")), path.symlink_to("elsewhere")),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_manifest_stops_everything_and_is_brought_back(layout: Layout, harm: str) -> None:
    with writing(layout, "test") as writer:
        good = add_part(writer)
    HARM[harm](layout.manifest)
    before = snapshot_of(layout.root)
    for use in (lambda: read_manifest(layout), lambda: writing(layout, "test").__enter__()):
        with pytest.raises(DamagedError, match=r"manifest\.json") as caught:
            use()
        assert "doctor --repair" in caught.value.hint
    assert snapshot_of(layout.root) == before
    assert find_store(layout.root) == layout
    assert restore_manifest(layout) == good
    assert read_manifest(layout) == good
    assert missing(layout, good) == []


def test_a_whole_manifest_is_never_replaced_by_its_copy(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
        older = layout.backup.read_bytes()
        newest = add_part(writer)
    layout.backup.write_bytes(older)
    assert restore_manifest(layout) == newest
    assert read_manifest(layout) == newest


@pytest.mark.parametrize("harm", ["a byte", "cut", "missing"])
def test_a_damaged_copy_is_not_believed_either(layout: Layout, harm: str) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    HARM["cut"](layout.manifest)
    HARM[harm](layout.backup)
    before = snapshot_of(layout.root)
    with pytest.raises(DamagedError, match="copy"):
        restore_manifest(layout)
    assert snapshot_of(layout.root) == before


def test_an_unsealed_copy_of_an_older_format_is_not_believed(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    layout.backup.write_text(json.dumps(as_format(2, layout.manifest.read_text())))
    layout.manifest.unlink()
    with pytest.raises(DamagedError, match="format 2"):
        restore_manifest(layout)


def test_a_store_of_a_newer_embedctl_is_not_touched(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    layout.lock.unlink()
    (layout.root / ".gitignore").unlink()
    (layout.root / "documents" / "000009.parquet.tmp").write_bytes(b"half")
    layout.manifest.write_text(json.dumps({"format_version": FORMAT_VERSION + 1}))
    layout.root.chmod(0o755)
    before = snapshot_of(layout.root)
    with pytest.raises(MismatchError, match="Upgrade") as caught, writing(layout, "test"):
        pass
    assert caught.value.exit_code == 5
    assert snapshot_of(layout.root) == before


def modes(layout: Layout) -> set[tuple[bool, int]]:
    """Return which modes there are: of folders (true) and of files."""
    paths = (layout.root, *layout.root.rglob("*"))
    return {(path.is_dir(), stat.S_IMODE(path.lstat().st_mode)) for path in paths}


def test_a_new_store_is_its_owners_alone(layout: Layout) -> None:
    old = os.umask(0o022)
    try:
        with writing(layout, "test") as writer:
            add_part(writer)
            assert modes(layout) == {(True, 0o700), (False, 0o600)}
    finally:
        os.umask(old)


def test_a_store_that_its_owner_opened_stays_open(layout: Layout) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    for path in (layout.root, *layout.root.rglob("*")):
        path.chmod(0o750 if path.is_dir() else 0o640)
    with writing(layout, "test") as writer:
        add_part(writer)
        read = {path for path in layout.root.rglob("*") if path != layout.lock}
    assert {stat.S_IMODE(path.lstat().st_mode) for path in read if path.exists()} == {0o750, 0o640}
    assert stat.S_IMODE(layout.root.stat().st_mode) == 0o750


def test_a_store_of_an_older_format_is_closed_by_the_next_writer(layout: Layout, tmp_path: Path) -> None:
    with writing(layout, "test") as writer:
        add_part(writer)
    layout.manifest.write_text(json.dumps(as_format(2, layout.manifest.read_text())))
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    outside.chmod(0o644)
    (layout.root / "link").symlink_to(outside)
    for path in (layout.root, *layout.root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    with writing(layout, "test") as writer:
        add_part(writer)
    (layout.root / "link").unlink()
    assert modes(layout) == {(True, 0o700), (False, 0o600)}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


@pytest.mark.parametrize(("content", "mode"), [(None, 0o700), ("notes.txt", 0o755)], ids=["empty", "other files"])
def test_a_folder_that_was_there_is_closed_unless_it_has_other_files(
    layout: Layout, content: str | None, mode: int
) -> None:
    layout.root.mkdir(parents=True)
    layout.root.chmod(0o755)
    if content:
        (layout.root / content).write_text("mine")
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    assert stat.S_IMODE(layout.root.stat().st_mode) == mode


def test_a_thread_that_is_late_does_not_publish_what_is_removed(tmp_path: Path) -> None:
    """Ctrl-C may leave a thread behind that nobody waits for: what it wrote is gone when it comes to commit."""
    layout = Layout(tmp_path / ".embedctl")
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    late: list[Writer] = []

    def interrupted() -> None:
        with writing(layout, "test") as writer:
            late.append(writer)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    before = read_manifest(layout)
    with pytest.raises(ResourceError, match="Nothing more is written"):
        late[0].commit(late[0].manifest)
    assert read_manifest(layout) == before
