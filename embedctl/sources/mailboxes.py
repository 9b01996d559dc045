"""Mailboxes among the files of a source: by their names, and without an ending by their first bytes."""

from __future__ import annotations

import re
from contextlib import suppress

from ..system.open_regular import open_regular

_ENDINGS = (".mbox", ".mbx")
_BEGIN = re.compile(rb"From [^\r\n]*\r?\n[!-9;-~]+[ \t]*:")
_BEGIN_BYTES = 1_000


def is_named_mailbox(path: str) -> bool:
    """Return whether a file is a mailbox by its name."""
    return path.lower().endswith(_ENDINGS)


def is_mailbox(path: str, absolute: str) -> bool:
    """Return whether a file is a mailbox; those of mail programs, such as ``Inbox``, often have no ending."""
    if "." in path[path.rfind("/") + 1 :]:
        return is_named_mailbox(path)
    with suppress(OSError), open_regular(absolute) as stream:
        return _BEGIN.match(stream.read(_BEGIN_BYTES)) is not None
    return False
