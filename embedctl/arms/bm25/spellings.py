"""Other spellings of a word: what stands beside it in the index, so that either spelling finds the other.

``openLedgerFile`` has the parts ``open Ledger File``, ``ledger_file`` and ``e-mail`` are joined to ``ledgerfile`` and
``email``, ``1,000,000`` is ``1000000``, ``10GB`` is ``10 GB``, and ``C++``, ``C#``, ``.NET`` are the words
``cplusplus``, ``csharp``, ``dotnet``: all that is no letter or digit would else be lost.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

_UPPER = "A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0410-\u042f"
_LOWER = "a-z\u00df-\u00f6\u00f8-\u00ff\u03b1-\u03c9\u0430-\u044f"
_LETTER = r"[^\W\d_]"

_LONGEST = 100
"""Longer runs without a blank (base64, minified code) have no other spellings."""
_MOST_PIECES = 8
_LEAST_PART = 2
"""Letters of a part, before digits."""

Kind = Literal["parts", "joined", "number", "symbol", "initials"]


class Spelling(NamedTuple):
    """Another spelling of a word: ``words`` are words by themselves, as they are written."""

    kind: Kind
    word: str
    words: tuple[str, ...]


_HINT = re.compile(
    rf"[{_UPPER}0-9_\-+#.,'&*](?:"
    rf"(?<=[{_LOWER}0-9][{_UPPER}])|(?<=[{_UPPER}][{_UPPER}])(?=[{_LOWER}])"
    rf"|(?<=[A-Za-z][A-Za-z][0-9])|(?<=[0-9])(?=[A-Za-z\u00b5\u03bc\u03a9])"
    rf"|(?<=\w[_\-&])(?=\w)|(?<=[A-Za-z][+#])|(?<=[A-Z]\*)(?![\w*])"
    rf"|(?<=[0-9][.,'])(?=[0-9]{{3}})|(?<=\w\.)(?={_LETTER})|(?<=\.)(?={_LETTER}{_LETTER}))"
)
"""Finds where a text may have a word with another spelling; quick to pass over plain prose."""
_TOKEN = re.compile(
    r"(?:(?<![\w.\\/:)\]}])\.(?=[^\W_]{2}))?[^\W_]+(?:(?:[-_&]|[.,'](?=[0-9]{2,3}(?![^\W_])))[^\W_]+)*"
    r"(?:\+\+|[+#](?![\w+#])|(?<=[A-Z])(?<!\w[A-Z])\*(?![\w*]))?"
)
"""A word with what makes it a name: ``snake_case``, ``1,000,000``, ``C++``, ``.NET``."""
_INITIALS = re.compile(
    rf"(?<![\w.])(?:(?:{_LETTER}\.){{2,}}(?!\w)|(?:{_LETTER}\.)+{_LETTER}(?![\w.])|{_LETTER}{{2}}\.{_LETTER}(?!\w|\.\w))"
)
_ABBREVIATED = re.compile(rf"\.(?:{_LETTER}(?!\w)|(?:js|ts|net|io|ai)(?!\w))|\b{_LETTER}\.", re.IGNORECASE)
"""What the next two, and nothing else, begin or end with."""
_DOTTED = re.compile(rf"(?<![\w.]){_LETTER}+\.(?:js|ts|net|io|ai)(?!\w|\.\w)", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,3}(?:(?:,[0-9]{2})*(?:,[0-9]{3})+|(?:\.[0-9]{3})+|(?:'[0-9]{3})+|(?:_[0-9]{3})+)")
_SPACED_NUMBER = re.compile(r"(?<![0-9.,] )(?<![\w.,])[0-9]{1,3}(?: [0-9]{3}){2,4}(?!\w)(?! [0-9])")
_SYMBOL = re.compile(r"(?P<name>[^\W_]+)(?P<sign>\+\+|[+#])|(?P<star>[A-Z])\*|\.(?P<dot>[^\W_]{2,})")
_NAME = re.compile(r"[^\W_]+(?:[-_&.,'][^\W_]+)*")
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(rf"[{_UPPER}]?[{_LOWER}]+|[{_UPPER}]+(?![{_LOWER}])|[0-9]+|{_LETTER}+")
_UNIT = re.compile("[0-9]+[A-Za-z\u00b5\u03bc\u03a9]+")
_NO_DIGIT = re.compile("[^0-9]")
_PLURAL = re.compile("[A-Z]{2,}s")
_SIGNS = {"+": "plus", "++": "plusplus", "#": "sharp"}


def spellings(text: str) -> list[Spelling]:
    """Return the other spellings of the words of a text, each once, in their order."""
    if len(_known) > _MOST_KNOWN:
        _known.clear()
    several = [found for run in dict.fromkeys(text.split()) if (found := _known[run])]
    if _GROUPS in several:
        several.append(tuple(Spelling("number", one, (one.replace(" ", ""),)) for one in spaced_numbers(text)))
    return [spelling for found in several for spelling in found if spelling.words]


def spaced_numbers(text: str) -> list[str]:
    """Return the numbers whose digits are grouped by blanks."""
    return _SPACED_NUMBER.findall(text)


_GROUP = 3
"""Digits."""
_GROUPS = (Spelling("number", "", ()),)
"""Of a run that may be a group of the digits of a number with blanks."""
_MOST_KNOWN = 200_000


class _Known(dict[str, tuple[Spelling, ...]]):
    """Other spellings by run of a text without blanks: of each that was met so far."""

    def __missing__(self, run: str) -> tuple[Spelling, ...]:
        if len(run) == _GROUP and run.isdecimal():
            found: tuple[Spelling, ...] = _GROUPS
        else:
            found = tuple(_of_run(run)) if len(run) <= _LONGEST and _HINT.search(run) else ()
        self[run] = found
        return found


_known = _Known()


def _of_run(run: str) -> list[Spelling]:
    found = []
    if "." in run and _ABBREVIATED.search(run):
        found += [Spelling("initials", hit[0], (hit[0].replace(".", ""),)) for hit in _INITIALS.finditer(run)]
        found += [Spelling("joined", hit[0], (hit[0].replace(".", ""),)) for hit in _DOTTED.finditer(run)]
    for token in _TOKEN.findall(run):
        if not (token.isalpha() and (token.islower() or token.isupper())):
            found += _of_token(token)
    return found


@lru_cache(_MOST_KNOWN)
def _of_token(token: str) -> tuple[Spelling, ...]:
    if _NUMBER.fullmatch(token):
        return (Spelling("number", token, (_NO_DIGIT.sub("", token),)),)
    found = []
    if symbol := _SYMBOL.fullmatch(token):
        found.append(_symbol(symbol))
    for hit in _NAME.finditer(token):
        pieces = _WORD.findall(hit[0])
        if 1 < len(pieces) <= _MOST_PIECES and not all(map(str.isdigit, pieces)):
            found.append(Spelling("joined", hit[0], ("".join(pieces),)))
        found += [Spelling("parts", piece, parts) for piece in pieces if (parts := _parts(piece))]
    return tuple(found)


def _symbol(hit: re.Match[str]) -> Spelling:
    if hit["dot"]:
        return Spelling("symbol", hit[0], ("dot" + hit["dot"],))
    if hit["star"]:
        return Spelling("symbol", hit[0], (hit["star"] + "star",))
    return Spelling("symbol", hit[0], (hit["name"] + _SIGNS[hit["sign"]],))


def _parts(word: str) -> tuple[str, ...]:
    """Return the parts of a word in camel case, and a number and its unit; none of a plain word."""
    if word.isdigit() or (word.isalpha() and (word.islower() or word.isupper() or word.istitle())):
        return ()
    if _UNIT.fullmatch(word):
        amount = word.rstrip(string.ascii_letters + "\u00b5\u03bc\u03a9")
        return (amount, word[len(amount) :])
    if _PLURAL.fullmatch(word):  # URLs, GPUs
        return (word[:-1],)
    pieces = _PIECE.findall(word)
    if not 2 <= len(pieces) <= _MOST_PIECES or "".join(pieces) != word:
        return ()
    changes = sum(first.isdigit() != second.isdigit() for first, second in pairwise(pieces))
    if changes > 2 or (changes > 1 and len(pieces) == 3 and word.isupper()):  # a serial number, a hash
        return ()
    if changes == 1 and len(pieces) == 2 and not pieces[0].isdigit() and len(pieces[0]) < _LEAST_PART:  # x42, Q4
        return ()
    return tuple(pieces)
