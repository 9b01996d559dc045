"""Dates, times and durations as a spreadsheet shows them, by the pieces of their format codes."""

from __future__ import annotations

import datetime
from typing import NamedTuple

_LONGEST_SERIAL = 2_958_466
"""The day after 9999-12-31."""
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]
_MONTHS += ["November", "December"]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Token(NamedTuple):
    """A piece of a format code."""

    kind: str
    text: str


def literal(token: Token) -> str:
    """Return what a token shows by itself."""
    if token.kind == "bracket":  # colours show nothing, [$€-407] shows its sign
        return token.text[1:].split("-", 1)[0] if token.text.startswith("$") else ""
    if token.kind in ("space", "fill"):
        return " " if token.kind == "space" else ""
    return token.text


def iso_date(number: float, epoch_1904: bool) -> str:
    """Return the date, the time or both of a serial number in ISO 8601; ValueError: it is none."""
    moment = _moment(number, epoch_1904)
    if number < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if moment.time() == datetime.time() else moment.isoformat(" ")


def _moment(number: float, epoch_1904: bool) -> datetime.datetime:
    """Return the date of a serial number.

    Raises:
        ValueError: it is none.
    """
    if not 0 <= number < _LONGEST_SERIAL:
        raise ValueError("not a date")
    if epoch_1904:
        epoch = datetime.datetime(1904, 1, 1)
    else:  # the first spreadsheets took 1900 for a leap year
        epoch = datetime.datetime(1899, 12, 30) if number >= 60 else datetime.datetime(1899, 12, 31)
    return epoch + datetime.timedelta(milliseconds=round(number * 86_400_000))


def shown_date(tokens: list[Token], number: float, epoch_1904: bool, *, elapsed: bool) -> str:
    """Return a date, or the time that has elapsed, as a code shows it; ValueError: the number is none."""
    sign = "-" if elapsed and number < 0 else ""
    number = abs(number) if elapsed else number
    moment = _moment(number % 1 if elapsed else number, epoch_1904)
    units = [token.text.lower() for token in tokens if token.kind in ("date", "ampm")]
    whole_day = not elapsed and number >= 1 and moment.time() == datetime.time() and units[0][0] in "ymd"
    half = any(token.kind == "ampm" for token in tokens)
    written: list[str] = []
    last = ""
    for place, token in enumerate(tokens):
        text = token.text.lower()
        if token.kind == "date":
            if whole_day and text[0] in "hs":  # 2024-03-02, not 2024-03-02 0:00:00
                break
            minutes = text[0] == "m" and (last == "h" or _seconds_follow(tokens, place))
            written.append(_unit(text, moment, half=half, minutes=minutes))
            last = text[0]
        elif token.kind == "bracket" and text and not text.strip("hms"):
            written.append(_elapsed(text, number))
            last = text[0]
        elif token.kind == "ampm":
            written.append(("AM" if moment.hour < 12 else "PM") if len(text) > 3 else "AP"[moment.hour >= 12])
        elif token.kind == "digits" and text.startswith(".") and last == "s":
            written.append(f"{moment.microsecond / 1e6:.{min(len(text) - 1, 6)}f}"[1:])
        else:
            written.append(literal(token))
    return sign + "".join(written).strip(" ,-/.T" if whole_day else " ")


def _seconds_follow(tokens: list[Token], place: int) -> bool:
    following = (t.text[0].lower() for t in tokens[place + 1 :] if t.kind == "date" or t.text.lower() in ("s", "ss"))
    return next(following, "") == "s"


def _unit(text: str, moment: datetime.datetime, *, half: bool, minutes: bool) -> str:
    length = len(text)
    if text[0] == "y":
        return f"{moment.year:04}" if length > 2 else f"{moment.year % 100:02}"
    if text[0] == "d":
        day = _DAYS[moment.weekday()]
        return str(moment.day).rjust(length, "0") if length < 3 else day[:3] if length == 3 else day
    if text[0] == "h":
        hour = (moment.hour % 12 or 12) if half else moment.hour
        return str(hour).rjust(min(length, 2), "0")
    if text[0] == "s":
        return str(moment.second).rjust(min(length, 2), "0")
    if minutes and length < 3:
        return str(moment.minute).rjust(length, "0")
    month = _MONTHS[moment.month - 1]
    names = {3: month[:3], 4: month, 5: month[0]}
    return names.get(length, str(moment.month).rjust(length, "0"))


def _elapsed(text: str, number: float) -> str:
    unit = {"h": 3_600_000, "m": 60_000, "s": 1000}[text[0]]
    return str(round(number * 86_400_000) // unit).rjust(min(len(text), 9), "0")
