"""What is compared with the manifest, when, and what is remembered of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedctl.errors import DamagedError
from embedctl.store import verified
from embedctl.store.manifest import FileRecord
from embedctl.store.verified import FileCheck, remember, verify

BYTES = b"what was written"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(path: Path, data: bytes = BYTES) -> FileRecord:
    path.write_bytes(data)
    return FileRecord(0, len(data), hashlib.sha256(data).hexdigest())


def harm(path: Path, keep_time: bool) -> None:
    """Change a byte in place."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"X")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + (0 if keep_time else 1)))


def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "_known", {})


def test_a_file_is_read_once_on_a_machine_also_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "a", tmp_path / "b"
    record = write(path)
    verify(path, record)
    link.hardlink_to(path)
    harm(path, keep_time=True)  # a failing disk does so: here it shows whether the file was read again
    for process in range(2):
        verify(path, record)
        verify(link, record)
        if not process:
            new_process(monkeypatch)
    with pytest.raises(DamagedError, match="SHA-256"):
        verify(path, record, always=True)
    harm(path, keep_time=False)
    with pytest.raises(DamagedError, match="not what was written") as raised:
        verify(path, record, "Build it anew.")
    assert raised.value.hint == "Build it anew."


def test_what_was_just_written_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    record = write(path)
    remember([(path, record.sha256)])
    harm(path, keep_time=True)
    verify(path, record)


def test_what_is_remembered_is_the_sum_and_the_check_not_that_there_was_one(tmp_path: Path) -> None:
    path, seen = tmp_path / "a", []
    record = write(path)
    remember([(path, hashlib.sha256(b"other").hexdigest())])
    harm(path, keep_time=True)
    with pytest.raises(DamagedError):
        verify(path, record)
    record = write(path)
    verify(path, record)
    for _ in range(2):
        verify(path, record, also=FileCheck("looked at", seen.append))
    assert seen == [path]


def test_a_file_that_fails_its_check_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a"
    record = write(path)

    def refuse(_: Path) -> None:
        raise DamagedError("It is no good.")

    for _ in range(2):
        with pytest.raises(DamagedError, match="no good"):
            verify(path, record, also=FileCheck("looked at", refuse))


@pytest.mark.parametrize("state", ["missing", "longer", "folder", "link", "pipe", "other"])
def test_anything_else_is_named_and_never_waited_for(tmp_path: Path, state: str) -> None:
    path = tmp_path / "hnsw.bin"
    record = write(path)
    verify(path, record)
    if state == "longer":
        path.write_bytes(BYTES + b"\0")
    elif state == "other":
        path.write_bytes(BYTES.swapcase())
    else:
        path.rename(tmp_path / "aside")
    if state == "folder":
        path.mkdir()
    elif state == "link":
        path.symlink_to(tmp_path / "aside")
    elif state == "pipe":
        os.mkfifo(path)
    with pytest.raises(DamagedError, match=r"hnsw\.bin"):
        verify(path, record)


@pytest.mark.parametrize("state", ["none", "garbage", "torn", "folder", "pipe"])
def test_a_damaged_memory_is_an_empty_one(
    tmp_path: Path, cache: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    record = write(path)
    verify(path, record)
    (memory,) = (cache / "verified").iterdir()
    data = memory.read_bytes()
    memory.unlink()
    if state == "garbage":
        memory.write_bytes(bytes(range(256)) * 3)
    elif state == "torn":
        memory.write_bytes(data[:-9])
    elif state == "folder":
        memory.mkdir()
    elif state == "pipe":
        os.mkfifo(memory)
    new_process(monkeypatch)
    harm(path, keep_time=True)
    with pytest.raises(DamagedError):
        verify(path, record)
    record = write(path)
    verify(path, record)


def test_without_a_cache_files_are_read_by_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "file" / "cache"))
    path = tmp_path / "a"
    record = write(path)
    verify(path, record)
    new_process(monkeypatch)
    harm(path, keep_time=True)
    with pytest.raises(DamagedError):
        verify(path, record)


def test_lines_of_several_processes_stand_beside_each_other(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, hashlib, pathlib; from embedctl.store.verified import remember\n"
        "for number in range(200):\n"
        "    path = pathlib.Path(sys.argv[1], f'{sys.argv[2]}-{number}'); path.write_bytes(b'x')\n"
        "    remember([(path, hashlib.sha256(b'x').hexdigest())])\n"
    )
    (tmp_path / "files").mkdir()
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "files"), str(number)]) for number in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    record = FileRecord(0, 1, hashlib.sha256(b"x").hexdigest())
    for path in (tmp_path / "files").iterdir():
        harm(path, keep_time=True)  # whoever reads it finds that it is another
        verify(path, record)


def test_memory_is_bounded(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "_MOST_FOLDERS", 3)
    monkeypatch.setattr(verified, "_MOST_BYTES", 1_000)
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        verify(folder / "a", write(folder / "a"))
        newest = max((cache / "verified").iterdir(), key=lambda entry: entry.stat().st_ctime_ns)
        os.utime(newest, ns=(number, number))
    assert len(list((cache / "verified").iterdir())) == 3
    for number in range(100):
        verify(tmp_path / "0" / str(number), write(tmp_path / "0" / str(number)))
    assert max(entry.stat().st_size for entry in (cache / "verified").iterdir()) < 1_100
