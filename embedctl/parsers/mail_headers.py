"""Headers of a mail: a block in front of its text, as a reader sees them, and typed metadata."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import JSON
    from .mime import Part

SHOWN = ("From", "To", "Cc", "Bcc", "Date", "Subject")
LONGEST_SHOWN = 2_000
"""Characters of a header in front of the text; metadata have all of it that is read."""
EVIDENCE = frozenset(
    ("from", "to", "subject", "date", "received", "message-id", "mime-version", "content-type", "return-path")
)
"""A text without any of these headers is not a mail."""

_TYPED = ("from", "to", "cc", "bcc")


def header_block(message: Part, attachments: Sequence[str] = ()) -> str:
    """Return the headers that a reader sees and names of attachments, a line each; empty where there are none."""
    named = [*((name, message.header(name.lower())) for name in SHOWN), ("Attachments", ", ".join(attachments))]
    return "\n".join(f"{name}: {_shown(value)}" for name, value in named if value)


def _shown(value: str) -> str:
    return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]} …"


def header_metadata(message: Part) -> dict[str, JSON]:
    """Return sender, recipients and date; the date as ISO 8601 in UTC, so that dates are ordered as strings."""
    metadata: dict[str, JSON] = {name: value for name in _TYPED if (value := message.header(name))}
    if date := iso_date(message.header("date")):
        metadata["date"] = date
    return metadata


def iso_date(value: str) -> str | None:
    """Return the date of a header as ISO 8601 in UTC, or ``None`` where it cannot be read; no zone counts as UTC."""
    try:
        date = parsedate_to_datetime(value)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
        return date.isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
