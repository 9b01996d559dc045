"""What commands ask of the operating system: no network, and no writing outside store, cache and temporary folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import strace

pytestmark = pytest.mark.skipif(bool(strace.missing()), reason=strace.missing() or "can be traced")

_SOCKETS = ("socket", "connect", "bind", "sendto", "listen")
_WRITES = (
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
)
_REMOVES = ("unlink", "unlinkat", "rmdir", "truncate", "chmod", "fchmodat", "chown", "lchown", "fchownat", "utimensat")
_OPENS = ("open", "openat", "openat2", "creat")
_CALL = re.compile(r"^(?:\d+ +)?(?P<name>\w+)\((?P<rest>.*)$")
_PATH = re.compile(r'(?:AT_FDCWD|\d+)?(?:<(?P<at>[^>]*)>)?(?:, )?"(?P<path>(?:[^"\\]|\\.)*)"')
_NETWORK = re.compile(r"\bAF_(?!UNIX|UNSPEC|LOCAL)\w+")
_CHANGING_FLAGS = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")

COMMANDS = (
    ("index", "docs"),
    ("query", "boats in the morning"),
    ("status", "--check"),
    ("show", "docs:a.md"),
    ("doctor", "--deep"),
    ("forget", "docs/b.md"),
)
MORE_COMMANDS = (
    ("index", "docs", "--dry-run"),
    ("ingest", "docs", "--secrets", "redact", "--rebuild"),
    ("chunk",),
    ("embed",),
    ("index", "--no-refresh", "--rebuild"),
    ("doctor", "--repair"),
    ("query", "-m", "bm25", "--json", "boats"),
    ("query", "--runtime", "torch", "boats"),
    ("--version",),
    ("index", "--help"),
)


@pytest.fixture
def project(tmp_path: Path, small_model: Path) -> Path:
    shutil.copytree(small_model, tmp_path / "model")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Boats\n\nThey go out in the morning.\n")
    (docs / "b.md").write_text("# Tides\n\nThey come and go.\n")
    (docs / "page.html").write_text("<html><body><main><p>The harbour lies quiet.</p></main></body></html>")
    (docs / "rows.jsonl").write_text('{"id": "1", "text": "one row of it"}\n')
    for name in ("temporary", "home"):
        (tmp_path / name).mkdir()
    return tmp_path


def traced(project: Path, arguments: tuple[str, ...]) -> list[tuple[str, str]]:
    """Run a command and return name and arguments of each call that was asked for, of all its processes."""
    trace = project / "trace.txt"
    calls = ",".join(f"?{name}" for name in (*_SOCKETS, *_WRITES, *_REMOVES, *_OPENS))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTEST_", "TORCH"))},
        "EMBEDCTL_CACHE": os.environ["EMBEDCTL_CACHE"],
        "TMPDIR": str(project / "temporary"),
        "HOME": str(project / "home"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = ["strace", "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={calls}", "-e", "signal=none", "-o", str(trace)]
    done = subprocess.run(
        [*command, sys.executable, "-m", "embedctl", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    matches = map(_CALL.match, trace.read_text(errors="replace").splitlines())
    return [(match["name"], match["rest"]) for match in matches if match]


def changed_paths(project: Path, calls: list[tuple[str, str]]) -> set[Path]:
    """Return every path that a call meant to write, make, move or remove."""
    paths = set()
    for name, rest in calls:
        if name in _SOCKETS or (name in _OPENS and name != "creat" and not _CHANGING_FLAGS.search(rest)):
            continue
        for match in _PATH.finditer(rest.split(" = ")[0]):
            folder = Path(match["at"]) if match["at"] else project
            paths.add(Path(os.path.normpath(folder / match["path"])))
    return paths


def check(project: Path, arguments: tuple[str, ...]) -> None:
    calls = traced(project, arguments)
    assert any(name in _OPENS for name, _ in calls), "nothing was traced"
    network = [(name, rest) for name, rest in calls if name in _SOCKETS and _NETWORK.search(rest)]
    assert network == [], f"{arguments} reaches for the network"
    allowed = [
        project / ".embedctl",
        project / "temporary",
        Path(os.environ["EMBEDCTL_CACHE"]),
        Path("/dev"),
        Path("/proc/self"),
    ]
    elsewhere = {
        path
        for path in changed_paths(project, calls)
        if not any(path.is_relative_to(folder) for folder in allowed) and not str(path).startswith("/proc/")
    }
    assert elsewhere == set(), f"{arguments} writes elsewhere"


def test_commands_write_where_they_may_and_talk_to_nobody(project: Path) -> None:
    for at, arguments in enumerate(COMMANDS):
        check(project, (*arguments, "--model", str(project / "model")) if at == 0 else arguments)
    assert sorted(path.name for path in project.iterdir()) == [
        *(".embedctl", "docs", "home", "model", "temporary", "trace.txt")
    ]
    assert list((project / "home").iterdir()) == []


@pytest.mark.long
def test_all_other_commands_do_so_too(project: Path) -> None:
    check(project, ("index", "docs", "--model", str(project / "model")))
    for arguments in MORE_COMMANDS:
        check(project, arguments)


def test_the_trace_would_show_it(project: Path) -> None:
    """A command that writes elsewhere because it was told to."""
    calls = traced(project, ("index", "docs", "--model", str(project / "model"), "--store", str(project / "other")))
    assert any(path.is_relative_to(project / "other") for path in changed_paths(project, calls))
