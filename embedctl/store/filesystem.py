"""Which file system a folder lies on, and whether its locks can be relied on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")

_SHARED = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "afs"),
        *("lustre", "ceph", "glusterfs", "beegfs", "gpfs", "gfs2", "ocfs2", "orangefs", "pvfs2", "coda", "davfs"),
    )
)
"""Other machines may write there, so that locks are the business of a server: tried before they are relied on."""
_FUSE = "fuse"
"""As above: what is behind one of these is not known."""
_WITHOUT = frozenset(("fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs2", "davfs"))
"""Locks are kept by this machine alone, and other machines know nothing of them."""
_LOCAL_OPTIONS = frozenset(("nolock", "local_lock=all", "local_lock=flock", "localflock", "nobrl"))
"""Mount options that say the same."""


class Mount(NamedTuple):
    """What a folder lies on."""

    kind: str
    """Type of the file system, such as ``ext4`` or ``nfs4``."""
    options: frozenset[str]

    @property
    def shared(self) -> bool:
        """Whether locks are to be tried with a second process before they are relied on."""
        return self.kind in _SHARED or self.kind.split(".")[0] in {_FUSE, "fuseblk"}

    @property
    def why_not(self) -> str:
        """Why its locks are worth nothing, as a clause; empty: nothing is known against them."""
        if self.kind in _WITHOUT:
            return "which keeps locks on this machine only, so that another one could write at the same time"
        if self.shared and (options := sorted(self.options & _LOCAL_OPTIONS)):
            told = f"mounted with {', '.join(options)}"
            return f"{told}, so that locks are kept on this machine only, and another one could write at the same time"
        return ""


def mount_of(folder: Path, mounts: str | None = None) -> Mount | None:
    """Return what an existing folder lies on; ``None`` where the system does not tell.

    Args:
        folder: any folder.
        mounts: text in the form of ``/proc/self/mountinfo``; ``None``: that of this process.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    place = folder.resolve()
    above = [one for line in mounts.splitlines() if (one := _parsed(line)) and place.is_relative_to(one[0])]
    above.sort(key=lambda one: len(one[0]))  # of two at one place, the later covers the earlier
    return above[-1][1] if above else None


def _parsed(line: str) -> tuple[str, Mount] | None:
    """Return mount point and mount of a line: ``id parent device root POINT OPTIONS [tags] - TYPE source OPTIONS``."""
    before, separator, after = line.partition(" - ")
    head, tail = before.split(" "), after.split(" ")
    if not separator or len(head) < 6 or not tail[0]:
        return None
    options = {*head[5].split(","), *(tail[2].split(",") if len(tail) > 2 else ())}
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), head[4]), Mount(tail[0], frozenset(options))
