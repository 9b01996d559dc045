"""Title and metadata of a PDF from its properties."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..markup import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...records import JSON

_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?(?:([+-])(\d\d)'?(\d\d)?|(Z))?")
_FIELDS = {
    "Author": "author",
    "Subject": "subject",
    "Keywords": "keywords",
    "CreationDate": "created",
    "ModDate": "modified",
}
_LIBRARY_NOISE = {"unspecified", "anonymous", "untitled"}
_FILE_NAME = re.compile(
    r"Microsoft (?:Word|PowerPoint|Excel) - |\S+\.(?:docx?|pptx?|xlsx?|tex|dvi|indd|qxd|rtf|odt|pdf)$"
)


def document_title(title: str) -> str | None:
    """Return the title, ``None`` where it is a file's name or a placeholder."""
    title = one_line(title)
    return None if not title or title.lower() in _LIBRARY_NOISE or _FILE_NAME.match(title) else title


def metadata(properties: Mapping[str, str]) -> dict[str, JSON]:
    """Return what the properties say, dates in ISO 8601."""
    found: dict[str, JSON] = {}
    for name, key in _FIELDS.items():
        value = one_line(properties.get(name, ""))
        if name.endswith("Date"):
            value = _iso_date(value)
        if value and value.lower() not in _LIBRARY_NOISE:
            found[key] = value
    return found


def _iso_date(value: str) -> str:
    """Return a PDF date (ISO 32000-1, 7.9.4) in ISO 8601, as precise as it is given, or an empty string."""
    match = _DATE.match(value)
    if match is None:
        return ""
    year, month, day, hour, minute, second, sign, zone_hours, zone_minutes, utc = match.groups()
    date = "-".join(part for part in (year, month, day if month else None) if part)
    if not (day and hour):
        return date
    zone = "+00:00" if utc else f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else ""
    return f"{date}T{hour}:{minute}:{second or '00'}{zone}"
