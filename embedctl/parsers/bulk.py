"""Bulk that is no text: scripts and styles without line ends, and bytes that a text has in it as base64."""

from __future__ import annotations

import re

MINIFIED_ENDINGS = (".js", ".mjs", ".cjs", ".css")
LEAST_MINIFIED = 2_000
"""Bytes of a script or style that can be minified."""
LONGEST_WRITTEN = 1_000
"""Bytes of a line that a person writes; where longer ones make up most of a file, a program wrote it."""
LEAST_ENCODED = 400
"""Characters of base64, on one line or on lines that follow each other, that are left out."""

_URI = re.compile(r"(?P<kept>data:[\w.+-]*/?[\w.+-]*(?:;[\w.+-]+(?:=[\w.+-]*)?)*;base64,)[A-Za-z0-9+/=_-]{40,}")
_BARE = re.compile(r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{60,}\r?\n[ \t]*)*[A-Za-z0-9+/]{20,}={0,2}(?![A-Za-z0-9+/])")
_STEP = 64
_LINE_ENDS = re.compile(r"[\r\n]+[ \t]*")


def without_encoded(text: str) -> str:
    """Return ``text`` without what is base64 in it; the lines, and what such a data URI says of itself, stay."""
    if "base64," in text:
        text = _URI.sub(r"\g<kept>", text)
    if not _may_have_bare(text):
        return text
    return _BARE.sub(_bare, text)


def _may_have_bare(text: str) -> bool:
    """Return whether the text has a run without blanks somewhere that is long enough; quick where it has none."""
    return any(
        not (stretch := text[at : at + _STEP]).count(" ") and len(stretch) == _STEP and _solid(stretch)
        for at in range(0, len(text), _STEP)
    )


def _solid(stretch: str) -> bool:
    return stretch.replace("\n", "").replace("+", "").replace("/", "").replace("=", "").replace("\r", "").isalnum()


def _bare(match: re.Match[str]) -> str:
    """Return nothing but line ends in place of base64: letters of both cases and digits, thoroughly mixed."""
    run = match[0]
    body = _LINE_ENDS.sub("", run)
    if len(body) < LEAST_ENCODED or not _is_mixed(body):
        return run
    return "".join(_LINE_ENDS.findall(run))


def _is_mixed(body: str) -> bool:
    lower, upper, digits = (sum(map(test, body)) for test in (str.islower, str.isupper, str.isdigit))
    return min(lower, upper) > len(body) // 10 and digits > len(body) // 30


def is_minified(kind: str, data: bytes, path: str) -> bool:
    """Return whether a file is a script or style without line ends; ``kind`` is the name of its parser."""
    if kind != "code" or len(data) < LEAST_MINIFIED or not path.lower().endswith(MINIFIED_ENDINGS):
        return False
    if data.count(b"\n") > 2 * len(data) // LONGEST_WRITTEN:
        return False
    return 2 * sum(len(line) for line in data.split(b"\n") if len(line) > LONGEST_WRITTEN) > len(data)
