"""Mails: the text that a reader sees, below who wrote it to whom and when, and the attachments as documents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from ..records import Markup, ParsedDocument
from .decoding import marked
from .kinds import HEAD_BYTES, PARSERS, parser_for
from .mail_body import MESSAGES, read_body, rendered
from .mail_headers import EVIDENCE, header_block, header_metadata
from .mail_words import in_charset
from .markup import failing_as
from .mbox import message_spans, unescaped
from .mime import Part, read_part

if TYPE_CHECKING:
    from ..contracts import Parser
    from ..records import JSON

MOST_ATTACHMENTS = 500
"""Of one file, those of messages inside it included."""
LONGEST_SHARED = 300
"""Characters of a value that attachments have from their mail."""
MOST_MESSAGES = 400
"""Of a mailbox that is read as one file."""
DEEPEST = 8
"""Attached messages inside attached messages that are read."""

_NULS = re.compile(rb"\A(?:[ -~\r\n\t]\0){8}|\A(?:\0[ -~\r\n\t]){8}")
_EXPUNGED = 0x0008
_ENDINGS = {"text/html": ".html", "text/calendar": ".ics", "text/markdown": ".md", "text/csv": ".csv"}
"""Of attachments without a name, where the content does not say what they are."""
_EMLX = re.compile(rb"\A[ \t]*(\d{1,12})[ \t]*\r?\n")


@dataclass(slots=True)
class _Reading:
    """One file: how many attachments were met, and notes on those that were not read."""

    met: int = 0
    notes: list[str] = field(default_factory=list)


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the headers that a reader sees and the text of a mail; attachments are documents inside it.

    They have its sender, date and subject among their metadata. Plain text is taken where it says what the HTML beside
    it says, else the HTML as Markdown. The title is the subject. A file of several messages, a mailbox, has each as a
    document inside it.

    Raises:
        ParseError: this is not a message.
        UnsupportedError: the file is empty, or the message has neither text nor headers that say anything.
    """
    reading = _Reading()
    with failing_as("damaged mail message"):
        document = _file(data, path, reading, 0)
    if not document.text and not document.inner:
        raise UnsupportedError("; ".join(("no text in this message", *document.notes, *reading.notes)))
    return replace(document, notes=(*document.notes, *reading.notes))


def _file(data: bytes, path: str, reading: _Reading, depth: int) -> ParsedDocument:
    """Return a message, or those of a mailbox."""
    data = _readable(data, path)
    spans = list(message_spans(data)) if data.startswith(b"From ") else []
    messages = [unescaped(data[start : start + size]) for start, size in spans] or [data]
    parts = [read_part(message, 0, len(message)) for message in messages[:MOST_MESSAGES]]
    if not any(EVIDENCE & part.headers.keys() for part in parts):
        raise ParseError("not a mail message: it has no headers")
    if len(parts) == 1 and spans and _is_deleted(parts[0]):
        raise UnsupportedError("deleted in the mail program")
    if len(parts) == 1:
        return _document(parts[0], reading, depth)
    if len(messages) > MOST_MESSAGES:
        reading.notes.append(f"{len(messages) - MOST_MESSAGES:,} of {len(messages):,} messages are not read")
    kept = ((str(number), part) for number, part in enumerate(parts, 1) if not _is_deleted(part))
    inner = tuple((number, _document(part, reading, depth)) for number, part in kept)
    return ParsedDocument("", "application/mbox", inner=inner)


def _readable(data: bytes, path: str) -> bytes:
    """Return a message in bytes that are ASCII where they matter."""
    if marked(data):
        data = in_charset(data, None).text.encode()
    elif wide := _NULS.match(data):
        data = in_charset(data, "utf-16-be" if wide[0].startswith(b"\0") else "utf-16-le").text.encode()
    data = data.lstrip(b" \t\r\n\0") if data[:1].isspace() else data
    if not data.strip(b" \t\r\n\0"):
        raise UnsupportedError("empty file")
    if path.lower().endswith(".emlx") and (length := _EMLX.match(data)):
        data = data[length.end() :][: int(length[1])]
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _is_deleted(message: Part) -> bool:
    """Return whether a message waits in its mailbox to be removed (Thunderbird)."""
    try:
        return bool(int(message.headers.get("x-mozilla-status", "0"), 16) & _EXPUNGED)
    except ValueError:
        return False


def _document(message: Part, reading: _Reading, depth: int) -> ParsedDocument:
    body = read_body(message)
    text, is_markdown = rendered(body)
    subject = message.header("subject")
    metadata = header_metadata(message)
    names = [name[:LONGEST_SHARED] for part in body.attachments[:MOST_ATTACHMENTS] if (name := part.filename)]
    if names:
        metadata["attachments"] = list(names)
    about = {"subject": subject, "from": metadata.get("from"), "date": metadata.get("date")}
    shared: dict[str, JSON] = {name: str(value)[:LONGEST_SHARED] for name, value in about.items() if value}
    found = [each for part in body.attachments if (each := _attached(part, reading, depth))]
    inner = ((name, replace(each, metadata={**shared, **each.metadata})) for name, each in found)
    return ParsedDocument(
        "\n\n".join(filter(None, (header_block(message, names), text))),
        "message/rfc822",
        Markup.MARKDOWN if is_markdown else Markup.PLAIN,
        title=subject or None,
        metadata=metadata,
        notes=tuple(dict.fromkeys(body.notes)),
        inner=tuple(inner),
    )


def _attached(part: Part, reading: _Reading, depth: int) -> tuple[str, ParsedDocument] | None:
    """Return an attachment with its name; what cannot be read becomes a note."""
    reading.met += 1
    name = part.filename or f"part {reading.met}{_ENDINGS.get(part.content_type, '')}"
    if reading.met > MOST_ATTACHMENTS:
        if reading.met == MOST_ATTACHMENTS + 1:
            reading.notes.insert(0, f"attachments after the first {MOST_ATTACHMENTS} are not read")
        return None
    try:
        if part.content_type in MESSAGES:
            message = part.message()
            name = part.filename or message.header("subject") or name
            return name, _document(message, reading, _deeper(depth))
        return name, _parsed(part, name, reading, depth)
    except ParseError as error:
        reading.notes.append(f"attachment {name} is not read: {error.message}")
        return None


def _parsed(part: Part, name: str, reading: _Reading, depth: int) -> ParsedDocument:
    parser_for(name, b"")  # pictures and archives need not be decoded to be refused
    data = part.payload()
    if part.charset and part.content_type.startswith("text/"):
        data = in_charset(data, part.charset).text.encode("utf-8", "replace")
    if not data.strip():
        raise UnsupportedError("empty file")
    kind = parser_for(name, data[:HEAD_BYTES])
    if kind == "email":
        return _file(data, name, reading, _deeper(depth))
    parser: Parser = PARSERS.load(kind)
    with failing_as("its parser failed"):
        return parser(data, name)


def _deeper(depth: int) -> int:
    """Return the next level of messages inside messages.

    Raises:
        ParseError: it is too deep.
    """
    if depth == DEEPEST:
        raise ParseError(f"messages more than {DEEPEST} levels deep are not read")
    return depth + 1
