"""The last line, sentence, word or character boundary of a window of running text.

Offsets only, and only inside the window: nothing here looks at a whole document.

Sentences end at ``. ! ? …`` before white space and anything but a lower-case letter, and at the full stops of CJK,
Arabic, Urdu and Indic scripts. Common abbreviations, initials and short numbers before a full stop do not end one.
Known limits: an abbreviation that ends a sentence hides that end, rarer abbreviations pass for one, and a sentence
that begins with a lower-case letter is not seen. All of them cost only a less pleasant place to cut.
"""

from __future__ import annotations

import re
import unicodedata

# The marks come first, in one class: the pattern engine skips to them without trying anything else.
_SENTENCE = re.compile(
    r"[.!?…。！？｡؟۔।॥](?:(?<=[.!?…])(?<![.!?…]{2})[.!?…]*+[\"'”’»)\]*_]*+\s+"
    r"|(?<=[。！？｡؟۔।॥])[。！？｡؟۔।॥]*[」』”’）】»\"')]*\s*)"
)
_MARK = re.compile("[.!?…。！？｡؟۔।॥]")
_LAST_WORD = re.compile(r"[\w.]+$")
_OPENING = "\"'“‘«([¿¡*_"
_NO_SENTENCE_END = re.compile(
    r"mr|mrs|ms|dr|prof|st|sr|jr|rev|hon|gen|col|lt|sgt|capt|no|nos|nr|figs?|eqs?|secs?|ch|vols?|pp|pt|refs?|tab|eds?|al|"
    r"cf|vs|viz|etc|e\.g|i\.e|eg|ie|ca|approx|resp|inc|ltd|co|corp|dept|est|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|"
    r"z\.b|u\.a|d\.h|bzw|usw|abb|kap|vgl|evtl|ggf|str|hr|fr|mme|mlle|p\.ex|s\.a|sra|uds?|a\.m|p\.m|u\.s|u\.k|ph\.d|b\.a|m\.a|"
    r"[^\W\d_]|\d{1,2}",
    re.IGNORECASE,
)
"""Abbreviations, initials and short numbers before a full stop."""
_LONGEST_MARK = 8
_STRETCH = 256
_HARD_END = ".!?:;…。！？"
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•‣◦|>#]|\d{1,9}[.)]|[A-Za-z][.)])[ \t]|\s")
_FIRST_WORD = re.compile(r"\S*")
WRAPPED_WIDTH = 120
"""Longer lines are paragraphs."""
_EAST_ASIAN = 0x2E80
_JOINER = "\u200d"


def last_boundary(text: str, start: int, limit: int, floor: int, *, prose: bool = True) -> int:
    """Return the best place to cut ``text[start:limit]``, in ``(floor, limit]``.

    Lines that end on purpose come first, then sentences, then words, each where it keeps at least half of the
    window; then any word past a sixteenth; then a character that begins a grapheme.
    """
    half = max(floor, start + (limit - start) // 2)
    if prose:
        cut = _last_line(text, start, half, limit) or _last_sentence(text, half, limit)
        if cut:
            return cut
    cut = _last_word(text, half, limit)
    if cut:
        return cut
    if limit >= len(text) or max(ord(text[limit]), ord(text[limit - 1])) < _EAST_ASIAN:
        cut = _last_word(text, max(floor, start + (limit - start) // 16), limit)
    return cut or _whole_character(text, max(start, floor), limit)


def first_boundary(text: str, start: int, end: int) -> int:
    """Return where a chunk that repeats ``text[start:end]`` begins: at a sentence, else at a word, else ``start``."""
    for match in _SENTENCE.finditer(text, start, end):
        if match.end() < end and _ends_sentence(text, match):
            return match.end()
    if start == 0 or text[start - 1].isspace():
        return start
    word = re.compile(r"\s+").search(text, start, end)
    return word.end() if word and word.end() < end else start


def _last_line(text: str, start: int, low: int, limit: int) -> int:
    """Return the last line start in ``(low, limit]`` that is not merely a wrapped line of a paragraph, or 0."""
    if limit == len(text) or text.rfind("\n", low, limit) < 0:
        return 0
    lengths = sorted(map(len, text[start:limit].split("\n")))
    width = lengths[-2] if len(lengths) > 2 else lengths[-1]
    newline = text.rfind("\n", low, limit)
    while newline >= 0:
        line_start = text.rfind("\n", start, newline) + 1 or start
        line = text[line_start:newline].rstrip()
        word = _FIRST_WORD.match(text, newline + 1)
        room = len(line) + 1 + (len(word[0]) if word else 0)
        if (
            room <= width
            or len(line) > WRAPPED_WIDTH
            or line.endswith(tuple(_HARD_END))
            or _LIST_ITEM.match(text, newline + 1)
        ):
            return newline + 1
        newline = text.rfind("\n", low, newline)
    return 0


def _last_sentence(text: str, low: int, limit: int) -> int:
    """Return the last sentence start in ``(low, limit]``, or 0."""
    first, end = max(0, low - _LONGEST_MARK), limit
    while end > first:
        # From behind, a stretch at a time: the last sentence begins near the limit nearly always.
        start = max(first, end - _STRETCH)
        for match in reversed(_sentence_ends(text, start, end, limit)):
            if match.end() > low and _ends_sentence(text, match):
                return match.end()
        end = start
    return 0


def _sentence_ends(text: str, start: int, end: int, limit: int) -> list[re.Match[str]]:
    """Return what may end a sentence and begins in ``text[start:end]``; it may reach up to ``limit``."""
    found: list[re.Match[str]] = []
    # Marks first: looking for whole sentences would go on to the limit where there are none, however far that is.
    mark = _MARK.search(text, start, end)
    while mark:
        match = _SENTENCE.match(text, mark.start(), limit)
        if match:
            found.append(match)
        mark = _MARK.search(text, (match or mark).end(), end)
    return found


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    mark = match[0][0]
    if mark not in ".!?…":
        return True
    following = text[match.end() : match.end() + 4].lstrip(_OPENING)
    if following[:1].islower():
        return False
    if match[0][:2] == ".." or mark != ".":
        return True
    before = _LAST_WORD.search(text, max(0, match.start() - 24), match.start())
    if before is None:
        return True
    return _NO_SENTENCE_END.fullmatch(before[0].lstrip(".")) is None


def _last_word(text: str, low: int, limit: int) -> int:
    """Return the last word start in ``(low, limit]``, or 0."""
    if text[limit - 1].isspace():
        return limit
    head = text[low:limit].rsplit(None, 1)
    cut = limit - len(head[-1])
    return cut if len(head) == 2 or cut > low else 0


def _whole_character(text: str, floor: int, limit: int) -> int:
    """Return ``limit``, moved back from the inside of a grapheme where that leaves anything."""
    cut = limit
    while cut > floor + 1 and cut < len(text) and _continues(text, cut):
        cut -= 1
    return cut if cut > floor + 1 else limit


def _continues(text: str, position: int) -> bool:
    character = text[position]
    return (
        character == _JOINER
        or text[position - 1] == _JOINER
        or unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
