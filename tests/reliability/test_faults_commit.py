"""Every system call of the commit path: what if it is the last one, or fails?

The calls are not listed here: a first, unbroken run under strace tells which there are. Then each of them is the one
that fails (disk full, I/O error) or before which the process is killed, every time on a fresh copy of a store.
"""

from __future__ import annotations

import json
import os
import posixpath
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import commit_store
import pytest
import strace
from strace import Call
from tally import counted

from embedctl.store.layout import Layout
from embedctl.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERVERS = 2
SIGNALS = frozenset({"KILL", "INT"})
ASKING = frozenset({"lseek", "fcntl", "fadvise64", "getdents64", "fstat", "ioctl"})
"""Calls on something that is open already, of which the file system has nothing to read: they do not fail."""
SYNCS = frozenset({"fsync", "fdatasync", "syncfs", "sync_file_range"})
REMOVES = frozenset({"unlink", "unlinkat", "rmdir"})
CREATES = frozenset({"openat", "write", "ftruncate", "rename", "link", "mkdir"})


class Server:
    """A process that breaks commits; see ``commit_server``."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.root = folder / "store"
        folder.mkdir()
        command = [sys.executable, str(Path(__file__).with_name("commit_server.py")), str(template), str(folder)]
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **one_thread}
        )

    def tried(self, calls: str = "all", paths: tuple[str, ...] = (), inject: str = "") -> dict[str, Any]:
        """Return what became of one commit."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"calls": calls, "paths": [str(self.root / path) for path in paths], "inject": inject}
        self._process.stdin.write(json.dumps({**request, "whole": not inject}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that breaks commits has ended"
        told: dict[str, Any] = json.loads(answer)
        return told

    def touching(self, answer: dict[str, Any]) -> list[Call]:
        """Return the calls of an answer that touch the store, with paths from the folder that holds it."""
        calls = [Call(**{**raw, "paths": tuple(map(self._below, raw["paths"]))}) for raw in answer["calls"]]
        return [call for call in calls if any(path != "" for path in call.paths)]

    def _below(self, path: str) -> str:
        whole = Path(path)
        return whole.relative_to(self.root).as_posix() if whole.is_relative_to(self.root) else ""

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass(frozen=True)
class Unbroken:
    """The run without a fault: what each of the others is compared with."""

    calls: list[Call]
    paths: tuple[str, ...]
    manifests: frozenset[str]
    """Every commit record that there may be, the one from before included."""
    last: str
    tree: dict[str, Any]
    garbage: frozenset[str]
    """Temporary files that were there before."""


@dataclass(frozen=True)
class Fault:
    """What is done to one call."""

    kind: str
    call: Call

    @property
    def inject(self) -> str:
        """As strace spells it."""
        what = f"signal={self.kind}" if self.kind in SIGNALS else f"error={self.kind}"
        return f"{self.call.name}:{what}:when={self.call.nth}"


@pytest.fixture(scope="module", params=["a change", "a new store"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to be changed, or none yet."""
    folder = tmp_path_factory.mktemp("template") / str(request.param)
    folder.mkdir()
    if request.param == "a change":
        commit_store.make_store(Layout(folder / ".embedctl"))
    return folder


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: syncing thousands of commits to a disk takes minutes."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        yield tmp_path_factory.mktemp("commits")
        return
    with tempfile.TemporaryDirectory(prefix="embedctl-test-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def servers(template: Path, quick: Path) -> Iterator[list[Server]]:
    if reason := strace.missing():
        pytest.skip(reason)
    started = [Server(template, quick / f"{template.name}-{number}") for number in range(SERVERS)]
    yield started
    for server in started:
        server.close()


@pytest.fixture(scope="module")
def unbroken(template: Path, servers: list[Server], tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    server = servers[0]
    answer = server.tried()
    assert (answer["end"], answer["damage"], answer["left_over"]) == ({"signal": 0, "error": ""}, [], [])
    assert answer["tree_before"] == answer["tree"], "a second run has nothing to do"
    calls = server.touching(answer)
    assert len({call.thread for call in calls}) == 1, "strace counts calls by thread"
    paths = tuple(sorted({path for call in calls for path in call.paths if path}))
    again = server.tried(paths=paths)
    assert len(again["calls"]) == len(calls), "each call that touches the store is counted, and no other"
    assert Counter(call.name for call in server.touching(again)) == Counter(call.name for call in calls)
    manifests = _manifests(template, tmp_path_factory.mktemp("manifests"))
    assert manifests[-1] == answer["manifest"]
    garbage = frozenset(commit_store.left_over(Layout(template / ".embedctl")))
    touching = server.touching(again)
    return Unbroken(touching, paths, frozenset(manifests), answer["manifest"], answer["tree"], garbage)


def _manifests(template: Path, folder: Path) -> list[str]:
    """Return the commit records of an unbroken change, the one from before first."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    layout = Layout(folder / ".embedctl")
    found = [commit_store.manifest_text(layout)]

    class Watched(Writer):
        """Notes what it published."""

    with pytest.MonkeyPatch.context() as patch:
        commit = Writer.commit

        def noting(self: Writer, *arguments: Any) -> Any:
            committed = commit(self, *arguments)
            found.append(commit_store.manifest_text(layout))
            return committed

        patch.setattr(Writer, "commit", noting)
        commit_store.change(layout)
    assert len(set(found)) == len(found) > 1
    return found


def faults_of(calls: Sequence[Call]) -> list[Fault]:
    """Return what is tried each time: every call that changes something, or syncs it."""
    changing = [call for call in calls if call.changes]
    killed = [Fault("KILL", call) for call in changing]
    full = [Fault("ENOSPC", call) for call in changing if call.name in strace.NEEDS_ROOM]
    broken = [Fault("EIO", call) for call in changing]
    return [*killed, *full, *broken]


def further_faults_of(calls: Sequence[Call]) -> list[Fault]:
    """Return the others: errors while something is looked at, read or closed, deaths that change nothing."""
    asking = [call for call in calls if not call.changes]
    broken = [Fault("EIO", call) for call in asking if call.name not in ASKING and not call.result.startswith("-")]
    return [*broken, *(Fault("KILL", call) for call in asking)]


@pytest.mark.counted
def test_a_fault_in_any_call_that_changes_a_store_loses_nothing(
    servers: list[Server], unbroken: Unbroken, results: Path | None, template: Path
) -> None:
    faults = faults_of(unbroken.calls)
    assert {"write", "fsync", "rename", "openat", "unlink", "flock"} <= {fault.call.name for fault in faults}
    try_all(faults, servers, unbroken, f"commit path, {template.name}: killed, disk full, I/O error", results)


def test_what_a_manifest_names_is_on_disk_before_it_is_and_the_manifest_before_success(unbroken: Unbroken) -> None:
    manifest, aside = ".embedctl/manifest.json", (".embedctl/lock", ".embedctl/.gitignore", ".embedctl/manifest.b")
    unsynced: set[str] = set()
    names: set[str] = set()
    """Files whose bytes, and files and folders whose names a power cut might still take."""
    published = 0
    for call in unbroken.calls:
        path = next((path for path in call.paths if path), "")
        if call.result.startswith("-") or path.startswith(aside) or call.name not in CREATES | SYNCS | REMOVES:
            continue
        if call.name == "rename" and call.paths[-1] == manifest:
            assert not (unsynced | names) - {".embedctl", path}, call.line
            assert path not in unsynced
            published += 1
        if call.name in ("rename", "link", "mkdir") or "O_CREAT" in call.line:
            names.add(call.paths[-1] if call.name in ("rename", "link") else path)
        if call.name in ("write", "ftruncate") or "O_CREAT" in call.line:
            unsynced.add(path)
        if call.name == "rename" and path in unsynced:
            unsynced.add(call.paths[-1])
        if call.name in ("rename", "unlink", "unlinkat", "rmdir"):
            unsynced.discard(path)
            names.discard(path)
        if call.name in SYNCS:
            unsynced.discard(path)
            names = {name for name in names if posixpath.dirname(name) != path}
    assert published == len(unbroken.manifests) - 1
    assert not names - {".embedctl"}
    assert not unsynced


@pytest.mark.counted
def test_ctrl_c_during_any_step_of_a_commit_leaves_the_old_snapshot_or_the_new_one(
    servers: list[Server], unbroken: Unbroken, results: Path | None, template: Path
) -> None:
    steps = [call for call in unbroken.calls if call.name in SYNCS | {"rename", "mkdir", "link", "flock"}]
    faults = [Fault("INT", call) for call in steps]
    try_all(faults, servers, unbroken, f"commit path, {template.name}: Ctrl-C", results)


@pytest.mark.long
def test_a_fault_in_any_other_call_of_a_commit_loses_nothing(
    servers: list[Server], unbroken: Unbroken, results: Path | None, template: Path
) -> None:
    faults = further_faults_of(unbroken.calls)
    assert {"newfstatat", "close"} <= {fault.call.name for fault in faults}
    try_all(faults, servers, unbroken, f"commit path, {template.name}: the calls that only look", results)


def try_all(
    faults: Sequence[Fault], servers: Sequence[Server], unbroken: Unbroken, what: str, results: Path | None
) -> None:
    """Try each fault on a fresh copy of the store."""
    idle: SimpleQueue[Server] = SimpleQueue()
    for server in servers:
        idle.put(server)

    def wrong(fault: Fault) -> list[str]:
        server = idle.get()
        try:
            answer = server.tried(fault.call.name, unbroken.paths, fault.inject)
        finally:
            idle.put(server)
        touched = " ".join(fault.call.paths)
        return [f"{fault.inject}: {each} [{touched}]" for each in problems(fault, answer, unbroken)]

    lost: list[str] = []
    with counted(what, results) as tally, ThreadPoolExecutor(len(servers)) as pool:
        for found in pool.map(wrong, faults):
            tally.tried += 1
            tally.survived += not found
            lost += found
    assert tally.tried == len(faults)
    assert not lost, f"{tally.lost} of {len(faults)}:\n" + "\n".join(lost[:60])


def problems(fault: Fault, answer: dict[str, Any], unbroken: Unbroken) -> Iterator[str]:
    """Yield what is wrong after a fault."""
    end = answer["end"]
    yield from answer["damage"]
    if answer["manifest"] not in unbroken.manifests:
        yield "the manifest is neither the one from before nor one that was to be"
    if fault.kind == "KILL":
        if end["signal"] != 9:
            yield f"was not killed: {end}"
    elif fault.kind == "INT":
        if end != {"signal": 0, "error": "KeyboardInterrupt", "clean": False, "text": ""}:
            yield f"was not interrupted: {end}"
        yield from (f"{path} is left over" for path in answer["left_over"] if path not in unbroken.garbage)
    else:
        yield from _after_an_error(fault, answer, unbroken)
    if answer["again"] != {"signal": 0, "error": ""}:
        yield f"the next run failed: {answer['again']}"
    elif answer["tree"] != unbroken.tree:
        yield f"the next run made something else: {_difference(answer['tree'], unbroken.tree)}"


def _after_an_error(fault: Fault, answer: dict[str, Any], unbroken: Unbroken) -> Iterator[str]:
    end, injected = answer["end"], answer["injected"]
    if [(call["name"], call["nth"]) for call in injected] != [(fault.call.name, fault.call.nth)]:
        yield f"did not fire once, and there: {injected}"
    if end["signal"]:
        yield f"ended by signal {end['signal']}"
    elif end["error"]:
        if not end["clean"]:
            yield f"ended with {end['error']}: {end['text']}"
    elif fault.call.name in SYNCS:
        yield "success was reported, and something is not durable"
    elif fault.call.name not in REMOVES and (wrong := _difference(answer["tree_before"], unbroken.tree)):
        yield f"success was reported of something else: {wrong}"
    elif answer["manifest"] != unbroken.last:
        yield "success was reported, and the manifest is an older one"
    for path in answer["left_over"]:
        if path not in unbroken.garbage and not (
            fault.call.name in REMOVES and f".embedctl/{path}" in fault.call.paths
        ):
            yield f"{path} is left over"


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
