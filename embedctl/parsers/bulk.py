"""Bulk that is no text: scripts and styles without line ends, and bytes that a text has in it as base64."""

from __future__ import annotations

import re

MINIFIED_ENDINGS = (".js", ".mjs", ".cjs", ".css")
LEAST_MINIFIED = 2_000
"""Bytes of a script or style that can be minified."""
LONGEST_WRITTEN = 1_000
"""Bytes of a line that a person writes; where longer ones make up most of a file, a program wrote it."""
LEAST_ENCODED = 2_000
"""Characters of base64, on one line or on lines that follow each other, that are left out."""

_URI = re.compile(r"(?P<kept>data:[\w.+-]*/?[\w.+-]*(?:;[\w.+-]+(?:=[\w.+-]*)?)*;base64,)[A-Za-z0-9+/=_-]{40,}")
_BARE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:(?:[A-Za-z0-9+/]{60,}={0,2}\r?\n[ \t]*)+(?:[A-Za-z0-9+/]+={0,2}(?=[^\w\r\n]*\r?$))?"
    r"|[A-Za-z0-9+/]{2000,}={0,2}(?![A-Za-z0-9+/]))",
    re.MULTILINE,
)
_EVERY = 64
_STRETCH = 1_000
"""A run has this many characters in it that begin with one whose number is a multiple of ``_EVERY``."""
_IN_A_ROW = 27
"""Characters of a run, one of ``_EVERY``, at least."""
_CANDIDATE = re.compile(rf"[^ ]{{{_IN_A_ROW},}}")
_MOST_BLANKS = 100
"""In such a stretch: indentation of the lines of a run."""
_KEY, _KEY_REACH = "PRIVATE KEY", 200
_LINE_ENDS = re.compile(r"[\r\n]+[ \t]*")
_NOT_SOLID = re.compile(r"[^A-Za-z0-9+/=\r\n\t ]")


def without_encoded(text: str) -> str:
    """Return ``text`` without what is base64 in it; the lines, and what such a data URI says of itself, stay."""
    if "base64," in text:
        text = _URI.sub(r"\g<kept>", text)
    return _BARE.sub(_bare, text) if _may_have_bare(text) else text


def _may_have_bare(text: str) -> bool:
    """Return whether the text has a run without words somewhere that is long enough; quick where it has none."""
    if len(text) < LEAST_ENCODED:
        return False
    return any(
        _is_solid(text, row)
        for found in _CANDIDATE.finditer(text[::_EVERY])
        for row in range(found.start(), found.end() - _IN_A_ROW // 2, _IN_A_ROW // 4)
    )


def _is_solid(text: str, row: int) -> bool:
    """Return whether the stretch from the character numbered ``row * _EVERY`` can be part of a run."""
    stretch = text[row * _EVERY : row * _EVERY + _STRETCH]
    return stretch.isascii() and stretch.count(" ") < _MOST_BLANKS and not _NOT_SOLID.search(stretch)


def _bare(match: re.Match[str]) -> str:
    """Return nothing but line ends in place of base64: letters of both cases and digits, thoroughly mixed."""
    run = match[0]
    body = _LINE_ENDS.sub("", run)
    is_key = _KEY in match.string[max(0, match.start() - _KEY_REACH) : match.start()]  # secrets are found by them
    if len(body) < LEAST_ENCODED or is_key or not _is_mixed(body):
        return run
    return "".join(_LINE_ENDS.findall(run))


def _is_mixed(body: str) -> bool:
    lower, upper, digits = (sum(map(test, body)) for test in (str.islower, str.isupper, str.isdigit))
    is_path = body.count("/") > len(body) // 20
    return min(lower, upper) > len(body) // 10 and digits > len(body) // 30 and not is_path


def is_minified(kind: str, data: bytes, path: str) -> bool:
    """Return whether a file is a script or style without line ends; ``kind`` is the name of its parser."""
    if kind != "code" or len(data) < LEAST_MINIFIED or not path.lower().endswith(MINIFIED_ENDINGS):
        return False
    if data.count(b"\n") > 2 * len(data) // LONGEST_WRITTEN:
        return False
    return 2 * sum(len(line) for line in data.split(b"\n") if len(line) > LONGEST_WRITTEN) > len(data)
