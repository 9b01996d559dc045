"""A process in the sandbox can read, compute, start threads and crash, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems know fewer limits")

TRIES = {
    "socket": "import socket; socket.socket()",
    "socketpair": "import socket; socket.socketpair()",
    "fork": "os.fork()",
    "exec": "os.execv(sys.executable, [sys.executable, '-c', ''])",
    "spawn": "os.posix_spawn(sys.executable, [sys.executable, '-c', ''], {})",
    "write": "open(folder + '/new', 'w')",
    "append": "open(folder + '/old', 'a')",
    "change": "os.open(folder + '/old', os.O_RDWR)",
    "truncate": "os.truncate(folder + '/old', 0)",
    "remove": "os.unlink(folder + '/old')",
    "rename": "os.rename(folder + '/old', folder + '/new')",
    "link": "os.symlink(folder + '/old', folder + '/new')",
    "folder": "os.mkdir(folder + '/new')",
    "mode": "os.chmod(folder + '/old', 0o777)",
    "kill": "os.kill(os.getppid(), 0)",
    "memory": "ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0) == 0 or deny()",
}


def sandboxed(body: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import ctypes, os, sys\n"
        "from embedctl.system.sandbox import Sandbox\n"
        f"folder = {str(folder)!r}\n"
        "def deny(): raise PermissionError\n"
        "sandbox = Sandbox()\n"
        f"{body}\n"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)


def has_filter() -> bool:
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return any(line.startswith("Seccomp") for line in file) and os.uname().machine in ("x86_64", "aarch64")


@pytest.mark.skipif(not has_filter(), reason="this kernel does not filter system calls")
def test_nothing_can_be_written_started_or_reached(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old", encoding="utf-8")
    tries = "\n".join(
        f"try:\n    {body}\n    print({name!r}, 'was allowed')\nexcept OSError as error:\n    denied = error.errno"
        for name, body in TRIES.items()
    )
    result = sandboxed(f"{tries}\nprint(open(folder + '/old').read())", tmp_path)
    assert (result.stdout, result.stderr, result.returncode) == ("old\n", "", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text(encoding="utf-8") == "old"


def test_threads_and_crashes_are_still_possible(tmp_path: Path) -> None:
    body = "import threading\nthread = threading.Thread(target=print, args=('ran',))\nthread.start()\nthread.join()"
    result = sandboxed(body, tmp_path)
    assert (result.stdout, result.returncode) == ("ran\n", 0)
    assert sandboxed("os.abort()", tmp_path).returncode == -signal.SIGABRT


def test_memory_is_limited_beyond_what_the_process_has(tmp_path: Path) -> None:
    body = (
        "sandbox.allow(60, 50_000_000)\n"
        "first = b'x' * 30_000_000\n"
        "try:\n    second = bytearray(30_000_000)\nexcept MemoryError:\n    print('refused')\n"
        "sandbox.allow(60, 100_000_000)\n"
        "second = bytearray(30_000_000)\n"
        "print(sandbox.held_bytes() > 55_000_000)"
    )
    assert sandboxed(body, tmp_path).stdout == "refused\nTrue\n"


def test_processor_time_is_limited(tmp_path: Path) -> None:
    assert sandboxed("sandbox.allow(-1, 10**9)\nwhile True: pass", tmp_path).returncode == -signal.SIGXCPU


def test_a_file_written_past_the_filter_stays_empty(tmp_path: Path) -> None:
    """The second wall: the limit on the size of files holds for what was open before, too."""
    result = sandboxed("", tmp_path)
    assert result.returncode == 0
    body = (
        "import ctypes, os, sys\nfrom embedctl.system.sandbox import Sandbox\n"
        f"file = os.open({str(tmp_path / 'open')!r}, os.O_WRONLY | os.O_CREAT)\nSandbox()\n"
        "try:\n    os.write(file, b'text')\nexcept OSError as error:\n    print(error.strerror)\n"
    )
    result = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, timeout=600)
    assert result.stdout == "File too large\n"
    assert (tmp_path / "open").stat().st_size == 0
