"""Words broken at line ends: put together, or with their hyphen where it belongs to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# PDFium marks a hyphen at the end of a line with one of these and drops the line break.
# A word is looked for where one begins only: else a page that is one long word would be read once for each letter.
_BROKEN = re.compile(
    "(?<![^\\W\\d_])([^\\W\\d_]++)(?:[\x02\ufffe](?:\r?\n)?|[-\u00ad\u2010]\r?\n(?=[^\\W\\d_]))([^\\W\\d_]+)"
)
_END = re.compile("[\x02\ufffe]|[-\u00ad\u2010]\r?\n")
_MARK_AND_LINE = re.compile("[\x02\ufffe](?:\r?\n)?")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPEN = _words("""
    and or und oder bzw et ou y e o of en och og eller till bis to
""")
"""Words behind a hyphen that waits for the rest of a later compound: ``short- and long-term``."""
_FIRST = _words("""
    self well ill non half all cross ex quasi pseudo high low long short mid full part wide broad deep hard soft
    open left right far near close same single double triple two three four five six seven eight nine ten twenty
    thirty forty fifty sixty seventy eighty ninety hundred first second third large small fine free heavy light
    fast slow real right state case time year user task data model world zero old new late early much most best
    better least less ever never so above below inner outer north south east west
""")
"""Words that often begin a compound with a hyphen."""
_LAST = _words("""
    made known based like free term time level scale fold sized shaped oriented driven aware specific dependent
    independent related wide style friendly proof side hand line end art date class rate rated ranking quality
    tuned trained defined designed written spread reaching sighted minded hearted handed sided ended headed
    tailed coloured colored grained established supervised employed contained explanatory esteem conscious
    sufficient respect control service interest defence defense assured taught built born bred dressed educated
    informed off up in out down over on away through law century year old day week month hour minute foot mile
    page part dimensional linear zero negative empty trivial existent profit smoking violent standard uniform
    existing performance resolution risk speed tech end pass frequency energy pressure temperature volume cost
    income range distance lasting lived standing running sleeved way step stage phase tier layer word class rank
    scale source access ended plan air water sea bound key value product section examination reference country
    domain language lingual validation entropy platform browser cutting edge one two three four five six seven
    eight nine eyed legged storey story thirds quarters fifths tenths
""")
"""Words that often end one."""
_ALWAYS = _words("""
    based driven oriented aware specific dependent related shaped sized friendly sided coloured colored handed
    minded headed legged eyed making being saving consuming up off
""")
"""Words behind a hyphen that nearly no other word ends with."""
_PREFIXES = _words("""
    be for in to un re de con pro an at on per dis mis im so me he as no is ab ad en ex com inter over under
""")
"""Words that more often begin a longer word."""
_SAME_VOWEL = {("re", "e"), ("pre", "e"), ("anti", "i"), ("semi", "i")}
"""Prefixes and first letters that a hyphen sets apart: ``re-enter``."""
_ENDINGS = _words("""
    er est ish ness ly less ware en ened ening ens age ful ing ed ity ment ance ence al ic y
""")


class Vocabulary:
    """The words of a document, as evidence of how it writes those that are broken."""

    def __init__(self, pages: Iterable[str]) -> None:
        """Take the words of pages where any word is broken at a line end; its halves are no evidence."""
        pages = list(pages)
        self._words: set[str] = set()
        if any(map(_END.search, pages)):
            whole = (_BROKEN.sub(" ", page) if _END.search(page) else page for page in pages)
            self._words.update(word.lower() for page in whole for word in _WORD.findall(page))

    def joined(self, page: str) -> str:
        """Return a page whose broken words are whole."""
        if not _END.search(page):
            return page

        def join(match: re.Match[str]) -> str:
            left, right = match.groups()
            if right.lower() in _OPEN:
                return f"{left}-\n{right}"
            chained = page[match.start() - 1 : match.start()] == "-"  # state-of-the-art
            return f"{left}-{right}" if chained or self._is_compound(left, right) else left + right

        return _MARK_AND_LINE.sub("-", _BROKEN.sub(join, page))

    def _is_compound(self, left: str, right: str) -> bool:
        """Return whether the hyphen belongs to the word: as the document writes it elsewhere, else as most do."""
        if len(left) == 1 or (right[0].isupper() and not left.isupper()):  # e-mail, Anglo-Saxon
            return True
        left, right = left.lower(), right.lower()
        if f"{left}-{right}" in self._words:
            return True
        if left + right in self._words or right in _ENDINGS:
            return False
        if left in ("self", "non") or (left, right[0]) in _SAME_VOWEL:
            return True
        if left in _PREFIXES:
            return False
        if right in _ALWAYS or (left in self._words and right in self._words):
            return True
        return left in _FIRST and (right in _LAST or right in self._words)
