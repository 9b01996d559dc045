"""Calendars: entries with their times, places and people."""

from __future__ import annotations

import pytest

from embedctl.errors import UnsupportedError
from embedctl.parsers import parse

EVENT = r"""BEGIN:VCALENDAR
X-WR-CALNAME:Harbour
BEGIN:VTIMEZONE
TZID:Europe/Oslo
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Crane test\, east quay
DTSTART;TZID=Europe/Oslo:20240311T090000
DTEND:20240311T110000Z
RRULE:FREQ=WEEKLY;BYDAY=MO
LOCATION:Shed 4
ORGANIZER;CN="Ida; Harbour":mailto:ida@example.org
ATTENDEE;CN=Lev;PARTSTAT=ACCEPTED:MAILTO:lev@example.org
ATTENDEE:mailto:ruth@example.org
DESCRIPTION:Bring helmets\nand
  a torch
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VTODO
SUMMARY:Order rope
DUE;VALUE=DATE:20240402
END:VTODO
END:VCALENDAR
"""


def test_entries_in_the_order_of_the_file() -> None:
    parsed = parse(EVENT.replace("\n", "\r\n").encode(), "harbour.ics")
    assert parsed.text.split("\n") == [
        "Crane test, east quay",
        "Begins: 2024-03-11 09:00 Europe/Oslo",
        "Ends: 2024-03-11 11:00 UTC",
        "Repeats: FREQ=WEEKLY;BYDAY=MO",
        "Where: Shed 4",
        "Organizer: Ida; Harbour <ida@example.org>",
        "Attendees: Lev <lev@example.org>, ruth@example.org",
        "Bring helmets",
        "and a torch",
        "",
        "Order rope",
        "Due: 2024-04-02",
    ]
    assert (parsed.title, parsed.metadata) == ("Harbour", {"entries": 2})


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:F=C3=A4hre nach=\n F=C3=B6hr", "Fähre nach Föhr"),
        ("X-ALT-DESC;FMTTYPE=text/html:<p>Only <b>rich</b></p>", "Only  rich"),
        ("SUMMARY:One\nDTSTART:tomorrow", "One\nBegins: tomorrow"),
    ],
)
def test_older_and_odd_entries(lines: str, text: str) -> None:
    parsed = parse(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n".encode(), "a.vcs")
    assert parsed.text == text


def test_a_calendar_that_breaks_off_keeps_what_is_there() -> None:
    assert parse(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Cut", "a.ics").title == "Cut"


def test_a_calendar_without_entries_is_skipped() -> None:
    with pytest.raises(UnsupportedError, match="no entry in this calendar"):
        parse(b"BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n", "a.ics")
