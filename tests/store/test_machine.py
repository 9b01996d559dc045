"""What the machine has to give, and what is remembered of files on it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from embedctl.errors import DamagedError
from embedctl.store import machine, verified


def group(root: Path, name: str, limit: str, used: int, droppable: int) -> None:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {droppable}\n")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  8000 kB\n")
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/outer/inner\n")
    monkeypatch.setattr(machine, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path / "groups")
    return tmp_path


def test_the_tightest_group_decides(system: Path) -> None:
    assert machine.available_memory() == 8_000 * 1024
    group(system / "groups", "outer", "5000000", 3_000_000, 1_000_000)
    group(system / "groups", "outer/inner", "max", 2_000_000, 0)
    assert machine.available_memory() == 3_000_000
    group(system / "groups", "outer/inner", "2500000", 2_000_000, 0)
    assert machine.available_memory() == 500_000
    group(system / "groups", "outer/inner", "1500000", 2_000_000, 0)
    assert machine.available_memory() == 0


def test_the_first_version_of_the_interface(system: Path) -> None:
    (system / "proc" / "self" / "cgroup").write_text("4:cpu,memory:/box\n1:cpu:/\n")
    folder = system / "groups" / "memory" / "box"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("4000000\n")
    (folder / "memory.usage_in_bytes").write_text("3000000\n")
    (folder / "memory.stat").write_text("total_inactive_file 250000\n")
    assert machine.available_memory() == 1_250_000


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def harm(path: Path, keep_time: bool) -> None:
    """Change a byte in place."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"X")
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def test_a_file_is_read_through_once_also_under_another_name(tmp_path: Path, cache: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"graph")
    expected = hashlib.sha256(b"graph").hexdigest()
    verified.verify(path, expected)
    link.hardlink_to(path)
    harm(path, keep_time=True)  # what nobody does: so it shows whether the file was read again
    verified.verify(link, expected)
    harm(path, keep_time=False)
    with pytest.raises(DamagedError, match="not what was written") as raised:
        verified.verify(path, expected, "Build it anew.")
    assert raised.value.hint == "Build it anew."


def test_what_is_remembered_is_the_sum_not_that_there_was_one(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"graph")
    verified.remember(path, hashlib.sha256(b"graph").hexdigest())
    with pytest.raises(DamagedError):
        verified.verify(path, hashlib.sha256(b"other").hexdigest())


def test_without_a_cache_files_are_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "file" / "cache"))
    path = tmp_path / "a"
    path.write_bytes(b"graph")
    for _ in range(2):
        verified.verify(path, hashlib.sha256(b"graph").hexdigest())
    harm(path, keep_time=True)
    with pytest.raises(DamagedError):
        verified.verify(path, hashlib.sha256(b"graph").hexdigest())


def test_the_oldest_are_forgotten(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "_MOST", 3)
    for number in range(5):
        path = tmp_path / str(number)
        path.write_bytes(b"x" * number)
        verified.remember(path, "ab" * 32)
        newest = max((cache / "verified").iterdir(), key=lambda entry: entry.stat().st_ctime_ns)
        os.utime(newest, ns=(number, number))
    assert len(list((cache / "verified").iterdir())) == 3


def test_a_missing_file_is_named(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(DamagedError, match="cannot be read"):
        verified.verify(tmp_path / "none", "ab" * 32)
