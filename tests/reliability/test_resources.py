"""Disk and memory that run out: a sentence and code 6, nothing half left, the old index answers, a rerun goes on."""

from __future__ import annotations

import random
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import commit_store
import pytest
from run_bench import FIRST, REBUILD, REFRESH, Bench, Scenario, answers, content, layout_of
from tally import counted

import embedctl
from embedctl.arms.dense.hnsw_writer import graph_file_bytes
from embedctl.config import HnswConfig
from embedctl.errors import ResourceError, exit_code_of, shortage
from embedctl.system import resources

pytestmark = pytest.mark.usefixtures("loaded")
SEED = 20261122
SOME_PATH = re.compile(r"/\S+|The BM25 index in /\S+")


class Disk:
    """A file system in memory that is as large as a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)


@contextmanager
def disk_of(folder: Path, size: int) -> Iterator[Disk]:
    """Mount a file system, or skip where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "embedctl-test", str(folder)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    if tried is None or tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.strip() if tried else 'no mount'}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def full_disk(bench: Bench, scenario: Scenario, share: float, mount: Path) -> None:
    """Run a scenario on a disk that has room for a share of what it takes, then with room for all."""
    expected, before, after, _ = bench.expected(scenario)
    bench.fresh(scenario)
    begun, all_of_it = size_of(bench.folder / "work"), size_of(bench.folder / "uninterrupted")
    with disk_of(mount, 1 << 30) as disk:
        folder = bench.fresh(scenario, mount / "work")
        disk.resize(int(used(mount) + share * max(2 * all_of_it - begun, 200_000)))
        code, told = finished(bench, folder, scenario)
        layout = layout_of(folder)
        assert commit_store.damage(layout) == []
        if code == 0:
            assert answers(folder) == after
            return
        assert code == 6, told
        is_clean(told)
        assert commit_store.left_over(layout) == []
        assert answers(folder) in (before, after)
        disk.resize(1 << 30)
        bench.finish(folder, scenario)
        assert content(folder) == expected
        assert answers(folder) == after


def finished(bench: Bench, folder: Path, scenario: Scenario, **options: object) -> tuple[int, str]:
    """Run a scenario to its end; return the exit code and the last line that it told."""
    with bench.start(folder, scenario, **options) as process:
        _, told = process.communicate()
    return process.returncode, told.decode()


def is_clean(told: str) -> None:
    """Check that a run ended with a sentence of ours that names a file or folder, and says what to do."""
    assert "Traceback" not in told
    assert "panicked" not in told.replace("thread '", ""), told
    last = told.strip().splitlines()[-1]
    assert last.startswith("embedctl: "), told
    assert SOME_PATH.search(last), last
    assert re.search(r"[.?] [A-Z]", last), "what to do is said, too"


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def used(folder: Path) -> int:
    usage = shutil.disk_usage(folder)
    return usage.total - usage.free


def test_a_full_disk_is_a_clean_error(bench: Bench, tmp_path: Path) -> None:
    full_disk(bench, REFRESH, 0.4, tmp_path / "disk")


@pytest.mark.long
def test_disks_that_are_full_at_any_moment(bench: Bench, tmp_path: Path, results: Path | None) -> None:
    chance = random.Random(SEED)
    with counted("disk full at random moments of index, refresh, --rebuild", results) as tally:
        for number in range(45):
            scenario, share = (FIRST, REFRESH, REBUILD)[number % 3], chance.uniform(0.02, 0.9)
            with tally.one():
                full_disk(bench, scenario, share, tmp_path / "disk")


def limited(bench: Bench, kind: int, most: int, scenario: Scenario = FIRST) -> tuple[int, str]:
    """Run a scenario with a limit of the system on it; return the exit code and what it told."""
    folder = bench.fresh(scenario)
    return finished(bench, folder, scenario, preexec_fn=lambda: resource.setrlimit(kind, (most, most)))


def test_files_that_may_not_grow_are_a_clean_error(bench: Bench) -> None:
    code, told = limited(bench, resource.RLIMIT_FSIZE, 20_000)
    assert code == 6, told
    is_clean(told)
    layout = layout_of(bench.folder / "work")
    assert (commit_store.damage(layout), commit_store.left_over(layout)) == ([], [])


@pytest.mark.long
def test_files_that_may_not_grow_at_any_size(bench: Bench, results: Path | None) -> None:
    expected, _, after, _ = bench.expected(FIRST)
    with counted("file size limit from 1 to 250 kB during index", results) as tally:
        for most in range(1_000, 250_000, 6_000):
            with tally.one():
                code, told = limited(bench, resource.RLIMIT_FSIZE, most)
                folder = bench.folder / "work"
                assert code in (0, 6), told
                if code:
                    is_clean(told)
                assert commit_store.damage(layout_of(folder)) == []
                assert commit_store.left_over(layout_of(folder)) == []
                bench.finish(folder, FIRST)
                assert (content(folder), answers(folder)) == (expected, after)


def test_memory_that_runs_out_is_a_clean_error(bench: Bench) -> None:
    """With so much, documents are cut and the model is refused; with a little more, threads of the C library abort."""
    code, told = limited(bench, resource.RLIMIT_AS, 400_000_000)
    assert code == 6, told
    assert "embedctl: " in told.strip().splitlines()[-1]
    assert "Traceback" not in told


@pytest.mark.long
def test_memory_that_runs_out_at_any_size(bench: Bench, results: Path | None) -> None:
    expected, _, after, _ = bench.expected(FIRST)
    with counted("address space limit from 0.3 to 3 GB during index", results) as tally:
        for most in range(300_000_000, 3_000_000_000, 150_000_000):
            with tally.one():
                code, told = limited(bench, resource.RLIMIT_AS, most)
                folder = bench.folder / "work"
                aborted = code in (-signal.SIGABRT, 127) and "memory" in told  # by Rust, by the C library: they say so
                assert code in (0, 6) or aborted, (most, code, told)
                assert "Traceback" not in told
                assert commit_store.damage(layout_of(folder)) == []
                assert aborted or commit_store.left_over(layout_of(folder)) == []
                bench.finish(folder, FIRST)
                assert (content(folder), answers(folder)) == (expected, after)


def test_what_cannot_fit_is_refused_before_anything_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = bench.fresh(REFRESH, tmp_path / "work")
    store, before = embedctl.open(layout_of(folder).root), answers(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(resources, "free_disk", lambda _: 1_000)
    with pytest.raises(ResourceError, match=r"Storing the vectors takes at least 33\.8 kB of disk, and 1\.0 kB are"):
        store.index()
    monkeypatch.setattr(resources, "free_disk", lambda _: 40_000)
    with pytest.raises(ResourceError, match=r"Building the index takes at least \d+\.\d kB of disk"):
        store.index(rebuild=True)
    monkeypatch.setattr(resources, "free_disk", lambda _: None)
    monkeypatch.setattr(resources, "available_memory", lambda: 10_000_000)
    with pytest.raises(ResourceError, match=r"Building the index takes at least 16\.9 MB of memory, and 10\.0 MB"):
        store.index()
    assert answers(folder) == before
    assert commit_store.left_over(layout_of(folder)) == []
    assert [path.name for path in (folder / ".embedctl" / "index").iterdir()] == ["000001"]
    monkeypatch.setattr(resources, "available_memory", lambda: None)
    store.index()
    assert answers(folder) != before


def test_the_estimate_of_a_graph_counts_what_is_certain() -> None:
    assert graph_file_bytes(4_000, 384, HnswConfig(m=16)) == 4_000 * (384 * 4 + 2 * 16 * 4 + 12)


def test_free_disk_is_that_of_the_next_folder_above(tmp_path: Path) -> None:
    there = resources.free_disk(tmp_path)
    assert there
    assert abs((resources.free_disk(tmp_path / "not" / "made") or 0) - there) < 1 << 30


def test_a_limit_on_the_address_space_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limits = (taken + 50_000_000, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    free = resources.available_memory()
    assert free is not None
    assert free <= 50_000_000 + (1 << 20)


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError(27, "File too large"),
        OSError(122, "Disk quota exceeded"),
        MemoryError(),
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        RuntimeError("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
        ImportError("libopenvino.so: failed to map segment from shared object"),
        ImportError("libx.so: cannot map: Cannot allocate memory"),
        BaseException('IoError(Os { code: 28, kind: StorageFull, message: "No space left on device" })'),
        ValueError("An IO error occurred: 'File too large (os error 27)'"),
    ],
    ids=str,
)
def test_every_way_of_saying_that_there_is_no_room_is_6(error: BaseException) -> None:
    assert exit_code_of(error) == 6


def test_an_error_that_came_up_while_a_shortage_was_dealt_with_is_6() -> None:
    def stumble() -> None:
        try:
            raise MemoryError
        except MemoryError:
            raise RuntimeError("cannot join thread before it is started")  # noqa: B904 - as Python chains them

    with pytest.raises(RuntimeError) as raised:
        stumble()
    assert exit_code_of(raised.value) == 6


def test_other_errors_are_no_shortage() -> None:
    assert shortage(ValueError("os error in the text")) is None
    assert shortage(RuntimeError("Io(Custom { kind: Other })")) is None
