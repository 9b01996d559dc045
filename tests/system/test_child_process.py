"""Child processes: what happens in one stays there, inside the sandbox, and costs one task."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedctl.errors import ParseError
from embedctl.system.child_process import Child, CrashedError
from embedctl.system.pool import ChildPool
from embedctl.system.wire import (
    ITEM,
    PROBLEM,
    InvalidAnswerError,
    Task,
    read_frame,
    read_tasks,
    write_frame,
    write_tasks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_kept: list[bytearray] = []


def works(request: bytes) -> Iterator[bytes]:
    """Do in a child what a test asks for."""
    yield b"first"
    if request == b"crash":
        signal.raise_signal(signal.SIGSEGV)
    if request == b"exit":
        os._exit(3)
    if request == b"eat":
        bytearray(2 << 30)
    if request == b"keep":
        _kept.append(bytearray(200_000_000))
    if request == b"spin":
        while True:
            zlib.crc32(b"x")
    if request == b"hang":
        signal.pause()
    if request == b"bug":
        raise struct.error("odd\n\x1b[31mbytes")
    if request == b"refuse":
        raise ParseError("is no good")
    if request == b"lie":
        os.write(_answers(), struct.pack(">cQ", ITEM, 1 << 40))
    if request == b"babble":
        os.write(_answers(), b"some other library's output, on the wire")
    if request == b"flood":
        while True:
            os.write(_answers(), struct.pack(">cQ", PROBLEM, 0))
    if request == b"print":
        os.write(1, b"output of a library")
    if request.startswith(b"try "):
        yield _errno(request[4:].decode())
    yield b"last"


def _answers() -> int:
    """Return the descriptor of the child's answers: its only pipe that can be written."""
    pipes = [int(entry.name) for entry in Path("/proc/self/fd").iterdir() if "pipe:" in _target(entry)]
    return next(pipe for pipe in pipes if fcntl.fcntl(pipe, fcntl.F_GETFL) & os.O_WRONLY)


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""


def _errno(what: str) -> bytes:
    """Return the name of the error that something forbidden ends with."""
    name, _, path = what.partition(" ")
    tries = {
        "socket": socket.socket,
        "fork": os.fork,
        "exec": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        "write": lambda: Path(path).write_text("new", encoding="utf-8"),
        "remove": lambda: Path(path).unlink(),
        "kill": lambda: os.kill(os.getppid(), 0),
    }
    try:
        tries[name]()
    except OSError as error:
        return errno.errorcode[error.errno or 0].encode()
    return b"allowed"


def task(request: bytes, seconds: float = 60.0, *, by_clock: bool = False) -> Task:
    return Task(request, seconds, 300_000_000, 1_000, by_clock)


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(f"{__name__}:works")
    yield child
    child.close()


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        (task(b"crash"), CrashedError, r"its parser crashed \(SIGSEGV\)"),
        (task(b"exit"), CrashedError, r"its parser ended the process \(exit status 3\)"),
        (task(b"eat"), CrashedError, "it needs more than 300 MB to parse"),
        (task(b"spin", 1), CrashedError, "parsing it took longer than 1 s"),
        (task(b"hang", 1, by_clock=True), CrashedError, "parsing it took longer than 1 s"),
        (task(b"lie"), CrashedError, "gave an answer that makes no sense"),
        (task(b"flood"), CrashedError, "gave an answer that makes no sense"),
        (task(b"babble"), CrashedError, "gave an answer that makes no sense"),
        (task(b"bug"), ParseError, r"error: odd \[31mbytes$"),
        (task(b"refuse"), ParseError, "is no good"),
    ],
    ids=lambda value: value.payload.decode() if isinstance(value, Task) else "",
)
def test_what_happens_in_a_child_stays_there(child: Child, asked: Task, error: type[Exception], reason: str) -> None:
    answers = child.ask(asked)
    assert next(answers) == b"first"
    with pytest.raises(error, match=reason):
        next(answers)
    assert list(child.ask(task(b""))) == [b"first", b"last"]


def test_output_of_a_library_stays_off_the_wire(child: Child, capfd: pytest.CaptureFixture[str]) -> None:
    assert list(child.ask(task(b"print"))) == [b"first", b"last"]
    assert capfd.readouterr() == ("", "")


def test_a_process_that_still_holds_much_memory_is_replaced(child: Child) -> None:
    pids = []
    for request in (b"", b"", b"keep", b""):
        child.send([task(request)])
        pids.append(child.pid)
        assert list(child.answers(task(request))) == [b"first", b"last"]
    assert pids[0] == pids[1] == pids[2] != pids[3]


def test_a_process_that_died_while_idle_is_replaced(child: Child) -> None:
    assert list(child.ask(task(b""))) == [b"first", b"last"]
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert list(child.ask(task(b""))) == [b"first", b"last"]


def test_a_caller_that_stops_early_ends_the_process(child: Child) -> None:
    answers = child.ask(task(b""))
    assert next(answers) == b"first"
    answers.close()
    assert child.pid is None


def has_filter() -> bool:
    known = sys.platform == "linux" and os.uname().machine in ("x86_64", "aarch64")
    return known and "Seccomp" in Path("/proc/self/status").read_text(encoding="ascii")


@pytest.mark.skipif(not has_filter(), reason="this kernel does not filter system calls")
@pytest.mark.parametrize(
    "work", [f"{__name__}:works", "embedctl.sources.parquet:answer", "embedctl.chunkers.syntax:answer"]
)
def test_every_child_is_in_the_sandbox(work: str, tmp_path: Path) -> None:
    """The kernel confirms it for each of the functions that embedctl runs in a child."""
    child = Child(work)
    child.send([task(b"python 0\npass")])
    status = Path(f"/proc/{child.pid}/status").read_text(encoding="ascii")
    limits = Path(f"/proc/{child.pid}/limits").read_text(encoding="ascii")
    child.close()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert [line.split()[3:5] for line in limits.splitlines() if line.startswith("Max file size")] == [["0", "0"]]


@pytest.mark.skipif(not has_filter(), reason="this kernel does not filter system calls")
@pytest.mark.parametrize("name", ["socket", "fork", "exec", "write", "remove", "kill"])
def test_a_child_can_neither_write_nor_start_nor_reach_anything(child: Child, name: str, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("old", encoding="utf-8")
    assert list(child.ask(task(f"try {name} {old}".encode()))) == [b"first", b"EPERM", b"last"]
    assert old.read_text(encoding="utf-8") == "old"


def test_a_pool_lends_each_child_once_and_leaves_none_behind() -> None:
    children = ChildPool(f"{__name__}:works")
    with children.ended_afterwards():
        first, second = children.ask(task(b"")), children.ask(task(b""))
        assert [next(first), next(second), *first, *second] == [b"first", b"first", b"last", b"last"]
        pids = children.pids()
        assert len(pids) == 2
        assert list(children.ask(task(b""))) == [b"first", b"last"]
        assert sorted(children.pids()) == sorted(pids), "an idle one was taken"
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that was killed")
def test_a_child_that_is_left_open_ends_with_the_program() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from embedctl.system.child_process import Child\nfrom embedctl.system.wire import Task\n"
        f"child = Child('{__name__}:works')\n"
        "child.send([Task(b'hang', 60.0, 10**9)])\nprint(child.pid, flush=True)\nsys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.communicate()
    try:
        assert select.select([worker], [], [], 30)[0], "the child outlived its parent"
    finally:
        os.close(worker)


def test_tasks_arrive_as_they_were() -> None:
    stream = io.BytesIO()
    tasks = [Task(b"", 0.5, 10**9), Task(bytes(range(256)), 60.0, 1)]
    write_tasks(stream, tasks)
    stream.seek(0)
    assert read_tasks(stream) == tasks
    with pytest.raises(EOFError):
        read_tasks(stream)


def test_a_frame_that_stops_in_the_middle_or_is_too_long_is_refused() -> None:
    stream = io.BytesIO()
    write_frame(stream, ITEM, b"payload")
    whole = stream.getvalue()
    assert read_frame(io.BytesIO(whole), 7) == (ITEM, b"payload")
    for size in range(len(whole)):
        with pytest.raises(EOFError):
            read_frame(io.BytesIO(whole[:size]), 7)
    with pytest.raises(InvalidAnswerError):
        read_frame(io.BytesIO(whole), 6)
