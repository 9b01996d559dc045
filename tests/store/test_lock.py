"""One writer: who it is, what is left of it after a kill, and file systems that keep no locks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedctl.errors import DamagedError, LockedError, ResourceError
from embedctl.store import lock
from embedctl.store.filesystem import Mount, mount_of
from embedctl.store.layout import Layout
from embedctl.store.writer import writing

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD = """
import sys
from pathlib import Path
from embedctl.store.writer import writing
from embedctl.store.layout import Layout
with writing(Layout(Path(sys.argv[1])), "embedctl index") as writer:
    writer.commit(writer.manifest)
    print("held", flush=True)
    sys.stdin.readline()
"""
TAKE = """
import sys
from pathlib import Path
from embedctl.errors import EmbedctlError
from embedctl.store.writer import writing
from embedctl.store.layout import Layout
try:
    with writing(Layout(Path(sys.argv[1])), "embedctl index") as writer:
        writer.commit(writer.manifest)
except EmbedctlError as error:
    print(type(error).__name__, error)
"""
PROVE = """
import fcntl, os, sys
from pathlib import Path
from embedctl.errors import EmbedctlError
from embedctl.store import filesystem, lock
path = Path(sys.argv[1]) / "lock"
descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
try:
    lock.prove_lock(path, filesystem.Mount("nfs4", frozenset()))
    print("kept")
except EmbedctlError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / ".embedctl")


@contextmanager
def holder(layout: Layout) -> Iterator[subprocess.Popen[str]]:
    """Start a process that holds the lock until it is given a line."""
    command = [sys.executable, "-c", HOLD, str(layout.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_the_lock_of_a_killed_writer_is_free_at_once(layout: Layout) -> None:
    with holder(layout) as other:
        with pytest.raises(LockedError, match=rf'"embedctl index", process {other.pid} on '), writing(layout, "test"):
            pass
        other.kill()
        other.wait()
        assert (layout.root / "lock.json").exists(), "it was killed: it could not clean up"
        with writing(layout, "embedctl forget"):
            told = json.loads((layout.root / "lock.json").read_text())
            assert (told["pid"], told["command"]) == (os.getpid(), "embedctl forget")
    assert not (layout.root / "lock.json").exists()


def test_waiting_gets_the_lock_when_the_other_is_done(layout: Layout) -> None:
    with holder(layout) as other:
        with pytest.raises(LockedError), writing(layout, "test", wait=0.2):
            pass
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.close()
        with writing(layout, "test", wait=60) as writer:
            assert writer.manifest.snapshot == 1


@pytest.mark.parametrize("harm", ["missing", "garbage", "a folder", "another shape", "a pipe", "deep"])
def test_what_is_told_of_the_holder_may_be_damaged(layout: Layout, harm: str) -> None:
    owner = layout.root / "lock.json"
    with holder(layout) as other:
        owner.unlink()
        if harm == "a folder":
            owner.mkdir()
        elif harm == "a pipe":
            os.mkfifo(owner)
        elif harm != "missing":
            owner.write_bytes({"garbage": b"\xff{", "another shape": b"[1]", "deep": b"[" * 100_000}[harm])
        with pytest.raises(LockedError, match="not known"), writing(layout, "test"):
            pass
        other.communicate("\n")
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)


def test_what_is_told_of_the_holder_does_nothing_to_a_terminal(layout: Layout) -> None:
    with holder(layout):
        told = {"command": "\x1b]0;mine\x07", "pid": 1, "host": "a\nb", "since": "now"}
        (layout.root / "lock.json").write_text(json.dumps(told))
        with pytest.raises(LockedError) as caught, writing(layout, "test"):
            pass
    assert '"?]0;mine?", process 1 on a?b, since now' in caught.value.message


def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(layout: Layout) -> None:
    fork = HOLD.replace(
        'print("held", flush=True)',
        "import os, time\n    if os.fork() == 0:\n        time.sleep(60)\n    print('held', flush=True)",
    )
    command = [sys.executable, "-c", fork, str(layout.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.kill()
        other.wait()
        try:
            with writing(layout, "test", wait=30.0):  # the child lets go when it has begun
                pass
        finally:
            os.killpg(other.pid, 9)


@pytest.mark.parametrize("name", ["lock", "lock.json", ".gitignore", "manifest.json.tmp", "manifest.backup.json"])
def test_names_that_are_links_are_not_written_through(layout: Layout, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    layout.root.mkdir()
    (layout.root / name).symlink_to(outside)
    with suppress(DamagedError), writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    assert outside.read_text() == "mine"


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=1g
41 22 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2,local_lock=none
42 41 0:41 / /home/local rw - xfs /dev/sdb1 rw
43 22 0:42 / /mnt/with\\040space rw - cifs //server/share rw,nobrl
44 22 0:43 / /srv rw - nfs server:/srv rw,vers=3,nolock,local_lock=all
45 22 0:44 / /mnt/ssh rw - fuse.sshfs me@host: rw,user_id=0
46 22 0:45 / /mnt/glued rw master:1 propagate_from:2 - fuse.mergerfs a:b rw
47 22 0:46 / /over rw - ext4 /dev/sdc1 rw
48 47 0:47 / /over rw - 9p share rw,trans=virtio
nonsense
"""


@pytest.mark.parametrize(
    ("folder", "kind", "shared", "why_not"),
    [
        ("/", "ext4", False, ""),
        ("/home/me", "nfs4", True, ""),
        ("/homely", "ext4", False, ""),
        ("/home/local/x", "xfs", False, ""),
        ("/mnt/with space/a", "cifs", True, "nobrl"),
        ("/srv", "nfs", True, "mounted with local_lock=all, nolock"),
        ("/mnt/ssh/project", "fuse.sshfs", True, "this machine only"),
        ("/mnt/glued", "fuse.mergerfs", True, ""),
        ("/over/here", "9p", True, ""),
    ],
)
def test_the_file_system_of_a_folder(folder: str, kind: str, shared: bool, why_not: str) -> None:
    mount = mount_of(Path(folder), MOUNTS)
    assert mount is not None
    assert (mount.kind, mount.shared) == (kind, shared)
    assert why_not in mount.why_not
    assert bool(mount.why_not) == bool(why_not)


@pytest.mark.parametrize("mounts", ["", "nonsense\n", "1 2 3\n", "22 1 8:1 / /elsewhere rw - ext4 /dev/sda1 rw\n"])
def test_a_system_that_does_not_tell(mounts: str) -> None:
    assert mount_of(Path("/home"), mounts) is None


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="the system has no /proc/self/mountinfo")
def test_this_machine_tells(tmp_path: Path) -> None:
    mount = mount_of(tmp_path)
    assert mount is not None
    assert re.fullmatch(r"[\w.\-]+", mount.kind)


@pytest.mark.parametrize("mount", [Mount("fuse.sshfs", frozenset()), Mount("nfs", frozenset({"nolock"}))])
def test_locks_that_only_this_machine_sees_are_refused(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, mount: Mount
) -> None:
    monkeypatch.setattr(lock, "mount_of", lambda _: mount)
    with pytest.raises(ResourceError, match=f"file system {mount.kind}, .*this machine only") as caught:
        writing(layout, "test").__enter__()
    assert "--store" in caught.value.hint


@pytest.mark.parametrize("kind", ["nfs4", "ext4"])
def test_locks_of_servers_are_tried_by_a_second_process(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tried = []
    run = subprocess.run
    monkeypatch.setattr(lock, "mount_of", lambda _: Mount(kind, frozenset()))
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: (tried.append(args), run(*args, **more))[1])
    with writing(layout, "test") as writer:
        writer.commit(writer.manifest)
    assert len(tried) == (kind == "nfs4")


def traced(code: str, root: Path, injected: str) -> str:
    """Return what a script says whose system calls ``flock`` end otherwise."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    call = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", f"inject=flock:{injected}"]
    ended = subprocess.run([*call, sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=False)
    if "ptrace" in ended.stderr:
        pytest.skip(f"strace may not trace here: {ended.stderr.strip()}")
    return ended.stdout


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_a_file_system_that_cannot_lock_is_refused(layout: Layout, error: str) -> None:
    said = traced(TAKE, layout.root, f"error={error}")
    assert re.match(r"ResourceError .* is on a file system \S+ that cannot lock files \(.+--store", said)
    assert not layout.manifest.exists()


def test_a_file_system_that_says_yes_to_everybody_is_refused(layout: Layout) -> None:
    layout.root.mkdir()
    assert traced(PROVE, layout.root, "error=ESRCH:when=9999") == "kept\n"
    said = traced(PROVE, layout.root, "retval=0")
    assert re.match(r"ResourceError .* nfs4 that does not keep locks: a second process could take the lock", said)
