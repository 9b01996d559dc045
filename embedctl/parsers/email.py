"""Mail messages: the text a reader sees, with sender, recipients and date as metadata."""

from __future__ import annotations

import email.message
import email.policy
from email.utils import parsedate_to_datetime

from ..errors import ParseError, UnsupportedError
from ..records import JSON, Markup, ParsedDocument
from .decoding import decode
from .html import to_markdown
from .markup import failing_as, one_line, required, tidy

MOST_HEADER = 10_000
"""Characters of a header that is taken apart, which takes more than a second for ten times as many."""

_ADDRESSES = {"From": "from", "To": "to", "Cc": "cc"}
_EVIDENCE = ("From", "To", "Subject", "Date", "Received", "Message-ID", "MIME-Version", "Content-Type")


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the plain text of the message, else its HTML as Markdown; the subject is the title.

    Attachments are named in the metadata and not read.

    Raises:
        ParseError: this is not a message, or a part of it cannot be decoded.
        UnsupportedError: the file is empty or the message holds no text.
    """
    if not data.strip():
        raise UnsupportedError("empty file")
    if b"\0" in data:
        raise UnsupportedError("binary file")
    with failing_as("damaged mail message"):
        message = email.message_from_bytes(data, policy=email.policy.default)
        if not any(name in message for name in _EVIDENCE):
            raise ParseError("not a mail message: it has no headers")
        body = message.get_body(preferencelist=("plain", "html"))
        is_html = body is not None and body.get_content_subtype() == "html"
        text = "" if body is None else _content(body)
        if text and is_html:
            text = to_markdown(text)
        subject = _header(message, "Subject")
        metadata = _metadata(message)
    return ParsedDocument(
        required(tidy(text), "no text in this message"),
        "message/rfc822",
        Markup.MARKDOWN if is_html else Markup.PLAIN,
        title=subject or None,
        metadata=metadata,
    )


def _content(part: email.message.MIMEPart) -> str:
    """Return a text part decoded by its own charset, or by the encoding of its bytes where that is wrong."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload.strip():
        return ""
    return decode(payload, part.get_content_charset()).text


def _metadata(message: email.message.EmailMessage) -> dict[str, JSON]:
    metadata: dict[str, JSON] = {}
    for header, key in _ADDRESSES.items():
        if value := _header(message, header):
            metadata[key] = value
    if date := _date(_header(message, "Date")):
        metadata["date"] = date
    if names := [one_line(name) for part in message.iter_attachments() if (name := part.get_filename())]:
        metadata["attachments"] = list(names)
    return metadata


def _header(message: email.message.EmailMessage, name: str) -> str:
    """Return a header as one line; one of absurd length as it is written, since reading it takes for ever."""
    written = next((str(value) for each, value in message.raw_items() if each.lower() == name.lower()), "")
    return one_line(str(message.get(name) or "") if len(written) <= MOST_HEADER else written[:MOST_HEADER])


def _date(value: str) -> str | None:
    try:
        return parsedate_to_datetime(value).isoformat()
    except (ValueError, TypeError, IndexError):
        return None
