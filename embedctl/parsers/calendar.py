"""Calendars: each event, task or entry as lines of text, in files and in mails that invite."""

from __future__ import annotations

import quopri
import re
from typing import TYPE_CHECKING

from ..records import ParsedDocument
from .decoding import decode
from .markup import clean, one_line, required, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import JSON

_ENTRIES = frozenset(("VEVENT", "VTODO", "VJOURNAL"))
_FOLD = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK = re.compile(r"(;ENCODING=QUOTED-PRINTABLE[^\n]*)=\r?\n", re.IGNORECASE)
_LINE = re.compile(r'([\w-]+)((?:;[^=:;\n]+=(?:"[^"\n]*"|[^;:\n])*)*):(.*)')
_ESCAPE = re.compile(r"\\([nN,;:\\\"])")
_NAME = re.compile(r';CN=("[^"]*"|[^;]*)', re.IGNORECASE)
_ZONE = re.compile(r';TZID="?([^;"]*)', re.IGNORECASE)
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_TAG = re.compile(r"<[^<>]*>")

_LABELS = {
    "SUMMARY": "",
    "DTSTART": "Begins: ",
    "DTEND": "Ends: ",
    "DUE": "Due: ",
    "DURATION": "Lasts: ",
    "RRULE": "Repeats: ",
    "LOCATION": "Where: ",
    "ORGANIZER": "Organizer: ",
    "ATTENDEE": "Attendees: ",
    "STATUS": "Status: ",
    "CATEGORIES": "Categories: ",
    "URL": "URL: ",
    "COMMENT": "",
    "DESCRIPTION": "",
}
"""Properties that are shown, in this order."""
_JOINED = {"ATTENDEE": ", ", "CATEGORIES": ", "}


def parse(data: bytes, _path: str) -> ParsedDocument:
    """Return the entries of a calendar in the order of the file; the title is the calendar's name.

    Raises:
        ParseError: its encoding cannot be determined.
        UnsupportedError: it is empty or has no entry.
    """
    source, encoding = decode(data)
    entries, name = read_calendar(source)
    titles = [entry.partition("\n")[0] for entry in entries]
    metadata: dict[str, JSON] = {"entries": len(entries)}
    return ParsedDocument(
        required("\n\n".join(entries), "no entry in this calendar"),
        "text/calendar",
        title=name or (titles[0] if len(titles) == 1 else None),
        encoding=encoding,
        metadata=metadata,
    )


def read_calendar(source: str) -> tuple[list[str], str | None]:
    """Return the entries of a calendar as texts, and its name."""
    entries: list[str] = []
    name = None
    for inside, properties in _components(source):
        if inside == "VCALENDAR":
            name = name or one_line(" ".join(properties.get("X-WR-CALNAME", ()))) or None
        elif text := _entry(properties):
            entries.append(text)
    return entries, name


def _components(source: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yield calendars and entries with the values of their properties; what else is in them, alarms, is left out."""
    calendar: dict[str, list[str]] = {}
    entry: dict[str, list[str]] | None = None
    kind, below = "", 0
    for line in _FOLD.sub("", _SOFT_BREAK.sub(r"\1", clean(source))).split("\n"):
        match = _LINE.match(line.strip())
        if match is None:
            continue
        name, about, value = match[1].upper(), match[2], match[3]
        if name == "BEGIN":
            begun = value.strip().upper()
            if begun in _ENTRIES:
                if entry is not None:  # never ended
                    yield kind, entry
                kind, entry, below = begun, {}, 0
            elif entry is not None:
                below += 1
        elif name == "END":
            if below:
                below -= 1
            elif entry is not None:
                yield kind, entry
                entry = None
        elif not below:
            (calendar if entry is None else entry).setdefault(name, []).append(_value(name, about, value))
    if entry is not None:
        yield kind, entry
    yield "VCALENDAR", calendar


def _entry(properties: dict[str, list[str]]) -> str:
    if "DESCRIPTION" not in properties and (rich := properties.get("X-ALT-DESC")):
        properties["DESCRIPTION"] = [_TAG.sub(" ", each) for each in rich]
    lines = []
    for name, label in _LABELS.items():
        values = properties.get(name)
        if values and (value := tidy(_JOINED.get(name, "\n").join(filter(None, values)))):
            lines.append(label + value)
    return "\n".join(lines)


def _value(name: str, about: str, value: str) -> str:
    if "QUOTED-PRINTABLE" in about.upper():
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    if name in ("DTSTART", "DTEND", "DUE"):
        return _moment(value, about)
    if name in ("ORGANIZER", "ATTENDEE"):
        address = value.strip()
        address = address[7:] if address.lower().startswith("mailto:") else address
        named = _NAME.search(about)
        person = named[1].strip('" ') if named else ""
        return f"{person} <{address}>" if person and person != address else address
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _moment(value: str, about: str) -> str:
    """Return a date, or a time with its zone, as ``2024-03-11 09:00 UTC``."""
    match = _MOMENT.match(value.strip())
    if match is None:
        return value
    year, month, day, hour, minute, is_utc = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    zone = _ZONE.search(about)
    return f"{year}-{month}-{day} {hour}:{minute}" + (" UTC" if is_utc else f" {zone[1]}" if zone else "")
