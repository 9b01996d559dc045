"""Subtitles: what is said as running text; the time at which it is said is the heading above it."""

from __future__ import annotations

import html
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ..records import Markup, ParsedDocument
from .decoding import decode_noted
from .markup import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_SECONDS = 30
"""Seconds under one heading, at least."""
MOST_SECONDS = 120
"""Seconds after which a heading may stand inside a sentence."""
MEDIA_TYPES = {".srt": "application/x-subrip", ".vtt": "text/vtt", ".sbv": "text/plain"}

_STAMP = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,]\d{1,3}"
_TIMES = re.compile(
    rf"^[ \t]*{_STAMP}[ \t]*(?:-->|,)[ \t]*(?:\d{{1,3}}:)?\d{{1,2}}:\d{{1,2}}[.,]\d{{1,3}}(?:[ \t].*)?$"
)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?\d[^<>]*>|\{\\[^{}]*\}")
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？", "♪", '."', '!"', '?"', ".”", "!”", "?”", ".)", "]")


class _Cue(NamedTuple):
    seconds: int
    lines: list[str]


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return what is said, a line for each cue, without numbers, times, styles and comments.

    The first cue, and others at ends of sentences, have a level-2 heading with their time, ``00:01:05``, above them. A
    line that the next cue repeats, as in captions that roll, is kept once. Without a cue the text stays.
    """
    text, encoding, notes = decode_noted(data)
    media_type = MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), "text/plain")
    lines = clean(text).split("\n")
    cues = list(_cues(lines))
    if not any(cue.lines for cue in cues):
        return ParsedDocument(text, media_type, encoding=encoding, notes=notes)
    first = lines[0].lstrip("\ufeff")
    title = one_line(first.removeprefix("WEBVTT").lstrip(" \t-:")) if first.startswith("WEBVTT") else None
    return ParsedDocument(
        "\n".join(_spoken(cues)), media_type, Markup.MARKDOWN, title=title or None, encoding=encoding, notes=notes
    )


def _cues(lines: list[str]) -> Iterator[_Cue]:
    cue: _Cue | None = None
    for index, line in enumerate(lines):
        if match := _TIMES.match(line[:200]):
            if cue is not None:
                yield cue
            hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
            cue = _Cue(3_600 * hours + 60 * minutes + seconds, [])
        elif cue is not None and not line.strip():
            yield cue  # comments and styles may follow, and the number of the next cue
            cue = None
        elif cue is not None:
            number = line.strip().isdigit() and index + 1 < len(lines) and _TIMES.match(lines[index + 1][:200])
            if not number and (said := _said(line)):
                cue.lines.append(said)
    if cue is not None:
        yield cue


def _said(line: str) -> str:
    """Return a line of a cue as it is read: the speaker in front of it, without tags."""
    return one_line(html.unescape(_TAG.sub("", _VOICE.sub(r"\1: ", line))))


def _spoken(cues: list[_Cue]) -> Iterator[str]:
    begun, ended, before = -1, True, [""]
    for cue in cues:
        new = [line for line in cue.lines if line not in before]
        if not new:
            continue
        passed = cue.seconds - begun
        if begun < 0 or (ended and not 0 <= passed < LEAST_SECONDS) or passed >= MOST_SECONDS:
            begun = cue.seconds
            minutes, seconds = divmod(begun, 60)
            yield f"{'' if before == [''] else chr(10)}## {minutes // 60:02}:{minutes % 60:02}:{seconds:02}\n"
        yield _escaped(" ".join(new))
        ended, before = new[-1].endswith(_SENTENCE_END), cue.lines


def _escaped(line: str) -> str:
    """Return a line that is no heading, whatever it begins with."""
    return f"\\{line}" if line[0] in "#=~`<>" or not line.strip("-*_ ") else line
