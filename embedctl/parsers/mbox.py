"""Mailboxes: where each message of an mbox file begins."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_POSTMARK = 1_000
"""Bytes of the line in front of a message, and of the beginning of its first header."""

_POSTMARK = re.compile(
    rb"From (?:([^\r\n]*\d:\d\d[^\r\n]*\d{4}[^\r\n]*)|-?[ \t]*|[^\s@]+@[^\s]*[ \t]*)\r?\n(?:[!-9;-~]+[ \t]*:|>From )"
)
_IN_FRONT = 4
"""Bytes that are kept in front of a block, to know whether a line begins, and behind a blank one."""
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


def message_spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each message of a mailbox, the line in front of it included."""
    return spans_of_blocks([data])


def spans_of_blocks(blocks: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each message of a mailbox that comes in blocks.

    A message begins with a line of ``From``, an address and a date, or with less behind a blank line, if the next line
    is a header. What is in front of the first one is not a message.
    """
    begun = -1
    for at, is_end in _beginnings(blocks):
        if begun >= 0:
            yield begun, at - begun
        begun = -1 if is_end else at


def unescaped(message: bytes) -> bytes:
    """Return a message of a mailbox with the lines that begin with ``From`` as they were sent."""
    return _ESCAPED.sub(rb"\1", message) if b"\n>" in message else message


def _beginnings(blocks: Iterable[bytes]) -> Iterator[tuple[int, bool]]:
    """Yield where messages begin, and at last where the blocks end."""
    base, held, last = -1, b"\n", -1  # a line begins where the file does; ``held`` is what follows ``base``
    for block in chain(blocks, [b""]):
        held += block
        end = len(held) - LONGEST_POSTMARK if block else len(held)
        at = 0
        while (found := held.find(b"\nFrom ", at)) >= 0 and found < end:
            at = found + 1
            if base + at > last and _is_beginning(held, at, is_first=base + at == 0):
                last = base + at
                yield last, False
        cut = max(0, end - _IN_FRONT)
        base, held = base + cut, held[cut:]
    yield base + len(held), True


def _is_beginning(data: bytes, at: int, is_first: bool) -> bool:
    match = _POSTMARK.match(data, at, at + LONGEST_POSTMARK)
    if match is None:
        return False
    behind_blank = data[max(0, at - _IN_FRONT) : at].replace(b"\r", b"").endswith(b"\n\n")
    return match[1] is not None or behind_blank or is_first
