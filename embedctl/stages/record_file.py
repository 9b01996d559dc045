"""What a record file has become since it was last read: the same, longer, or something else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError
from ..records import Outcome
from ..sources.holes import check_holes
from ..sources.jsonl import ROWS_PER_GUESS
from ..sources.mailboxes import is_mailbox
from ..sources.table import WHOLE, Extent
from ..sources.text_file import text_encoding
from ..system.open_regular import open_regular

if TYPE_CHECKING:
    from ..records import FileEntry
    from ..store.ledger import FileState

_BLOCK_BYTES = 1 << 20
_BETWEEN_MESSAGES = 64
_LINES = (".jsonl", ".ndjson")
_CELLS = (".csv", ".tsv")


class Examined(NamedTuple):
    """A record file's content, compared with what the ledger knows of it."""

    size: int
    """Bytes that were there, and are read."""
    sha256: bytes
    """Of those bytes."""
    same: bool
    """They are what was read before."""
    extent: Extent
    """The rows that have to be read: the appended ones, or all."""
    changed_ns: int
    """When the file was changed last, before it was looked at."""

    def is_still(self, path: str) -> bool:
        """Return whether the file, now that it was read, is what was looked at; if it has only grown, it is."""
        try:
            found = os.lstat(path)
        except OSError:
            return False
        return found.st_size >= self.size and found.st_mtime_ns == self.changed_ns


def examine(entry: FileEntry, known: FileState | None, reread: bool) -> Examined:
    """Compare a record file with its last version; ``reread``: its rows mean something else than they did.

    An append is recognized by the hash of what was there before, at the speed of hashing.

    Raises:
        ParseError: the operating system refuses the file.
    """
    path = Path(entry.absolute)
    before = known if known and known.outcome is Outcome.INDEXED and known.sha256 and not reread else None
    try:
        changed = check_holes(entry.absolute)
        whole, prefix, size = _hashes(path, before.size if before else 0)
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error
    mailbox = is_mailbox(entry.path, entry.absolute)
    text = mailbox or path.name.lower().endswith((*_LINES, *_CELLS))
    extent = Extent(0, size) if text else WHOLE
    if before is None or before.sha256 != prefix:
        return Examined(size, whole, False, extent, changed)
    if before.size == size:
        return Examined(size, whole, True, extent, changed)
    if text and (start := (_resumable_mailbox if mailbox else _resumable)(path, before)):
        extent = Extent(start, size, before.rows or 0)
    return Examined(size, whole, False, extent, changed)


def _hashes(path: Path, prefix_bytes: int) -> tuple[bytes, bytes | None, int]:
    """Return the SHA-256 of the file, that of its first bytes (``None``: there are not so many), and its length."""
    sha256 = hashlib.sha256()
    prefix = None
    size = 0
    with open_regular(str(path)) as stream:
        while block := stream.read(_BLOCK_BYTES if size >= prefix_bytes else min(_BLOCK_BYTES, prefix_bytes - size)):
            sha256.update(block)
            size += len(block)
            if size == prefix_bytes:
                prefix = sha256.digest()
    return sha256.digest(), prefix, size


def _resumable(path: Path, before: FileState) -> int:
    """Return where the first appended row begins; 0: the old rows have to be read again, they may mean something else.

    The columns of a JSON Lines file are those of its first hundred objects; a CSV row whose quotes did not match may
    have gone on; the text must not change its encoding by what was appended.
    """
    if before.rows is None or before.documents < ROWS_PER_GUESS or not text_encoding(path).startswith("utf-8"):
        return 0
    if before.bad_rows and path.name.lower().endswith(_CELLS):
        return 0
    with open_regular(str(path)) as stream:
        stream.seek(before.size - 1)
        last, *following = stream.read(2) or b"?"
    if bytes([last]) == b"\n":
        return before.size
    # The last row had no line end. If one was appended, the row is still what it was.
    return before.size + 1 if bytes(following) == b"\n" else 0


def _resumable_mailbox(path: Path, before: FileState) -> int:
    """Return where the first appended message begins; 0: what was appended belongs to one that was there."""
    if before.rows is None:
        return 0
    with open_regular(str(path)) as stream:
        stream.seek(before.size - 1)
        appended = stream.read(_BETWEEN_MESSAGES)
    blank = len(appended) - len(appended.lstrip(b"\r\n"))
    return before.size - 1 + blank if blank and appended.startswith(b"From ", blank) else 0
