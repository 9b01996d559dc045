"""Compounds: words that German, Dutch and the Nordic languages write in one, split into the words that they consist of.

A word is split where all its parts are words of a kept list (the forms of simplemma's lemmatization lists), with a
linking element between them, into as few parts as may be.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from .compound_grammar import GRAMMARS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from .compound_grammar import Grammar

COMPOUNDING = frozenset(GRAMMARS)
"""Languages of the analysis whose compounds are split."""
LEAST = 6
"""Letters of the shortest word that is split."""
_LONGEST = 60
_LEAST_PART = 4
_LONGEST_PART = 20
_LONG_WORD = re.compile(rf"[^\W\d_]{{{LEAST},{_LONGEST}}}")
_MOST_KNOWN = 100_000
_PART = 10
"""Cost of a part; a linking element costs 1."""
_FILE = "words.u32"


class Splitter:
    """Splits the compounds of one language."""

    def __init__(self, grammar: Grammar, is_word: Callable[[str], bool]) -> None:
        """Split into words of ``is_word``, which is asked for words in lower case of four letters or more."""
        self._grammar = grammar
        self._listed = is_word
        self._known: dict[str, tuple[str, ...]] = {}

    def split(self, text: str) -> list[str]:
        """Return the parts of all compounds of a text, in lower case, and the parts of those that are compounds."""
        found: list[str] = []
        for word in _LONG_WORD.findall(text):
            parts = self._known.get(word)
            if parts is None:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                parts = self._known[word] = tuple(self._deep(word.lower()))
            found += parts
        return found

    def _deep(self, word: str) -> Iterator[str]:
        for part in self.parts(word):
            yield part
            if len(part) >= LEAST:
                yield from self._deep(part)

    def parts(self, word: str) -> tuple[str, ...]:
        """Return the fewest parts of one word in lower case, no linking elements; none where it is no compound."""
        best: dict[int, tuple[int, tuple[str, ...]]] = {len(word): (0, ())}
        for start in range(len(word) - 2, -1, -1):
            choices = []
            for end in range(min(len(word), start + _LONGEST_PART), start + 1, -1):
                if end not in best or (start == 0 and end == len(word)):
                    continue
                part = self._part(word[start:end], last=end == len(word))
                if part:
                    cost, rest = best[end]
                    choices.append((cost + _PART + (part != word[start:end]), (part, *rest)))
            if choices:
                best[start] = min(choices, key=lambda choice: choice[0])
        parts = best.get(0, (0, ()))[1]
        return parts if len(parts) > 1 else ()

    def _part(self, text: str, *, last: bool) -> str:
        """Return the word that ``text`` is, without a linking element; empty if it is none."""
        if not last and text.endswith("s") and self._is_word(text[:-1]):  # "schnee-sturm", not "schnees-turm"
            return text[:-1]
        if self._is_word(text):
            return text
        for link in () if last else self._grammar.links:
            if text.endswith(link) and self._is_word(text[: -len(link)]):
                return text[: -len(link)]
        return ""

    def _is_word(self, text: str) -> bool:
        if text in self._grammar.affixes:
            return False
        return self._listed(text) if len(text) >= _LEAST_PART else text in self._grammar.short


@cache
def splitter(language: str) -> Splitter | None:
    """Return what splits the compounds of a language by the kept list; ``None``: its compounds are not split."""
    if language not in GRAMMARS:
        return None
    hashes = _hashes(language)

    def is_listed(word: str) -> bool:
        value = crc32(word.encode())
        at = bisect_left(hashes, value)
        return at < len(hashes) and hashes[at] == value

    return Splitter(GRAMMARS[language], is_listed)


def splitter_by(language: str, is_word: Callable[[str], bool]) -> Splitter | None:
    """Return what splits the compounds of a language into words that are known elsewhere."""
    return Splitter(GRAMMARS[language], is_word) if language in GRAMMARS else None


def _hashes(language: str) -> memoryview:
    """Return CRC-32 of each word of a language's lists, ascending: of random letters one in 4,000 is taken for a word.

    Making them takes 2 s for German; they are kept in the machine's cache.
    """
    from importlib.metadata import version

    import numpy as np

    from ...encoders.machine_cache import find, publish
    from ...system.cache_folder import cache_folder

    def fill(made: Path) -> dict[str, int]:
        hashes = _read_lists(GRAMMARS[language].lists)
        (made / _FILE).write_bytes(hashes.astype("<u4").tobytes())
        return {"words": len(hashes)}

    folder = cache_folder() / "compounds" / f"{language}-{version('simplemma')}"
    try:
        if find(folder) is None:
            publish(folder, fill)
        hashes = np.fromfile(folder / _FILE, dtype="<u4")
    except OSError:  # a cache that cannot be written is made again by the next process
        hashes = _read_lists(GRAMMARS[language].lists)
    return hashes.data


def _read_lists(lists: Sequence[str]) -> NDArray[np.uint32]:
    import numpy as np
    from simplemma.strategies.dictionaries.stream_dictionary_factory import StreamDictionaryFactory

    factory = StreamDictionaryFactory()
    words = (form.lower() for name in lists for form in factory.get_dictionary(name))
    fit = (crc32(word.encode()) for word in words if _LEAST_PART <= len(word) <= _LONGEST_PART)
    return np.unique(np.fromiter(fit, dtype=np.uint32))
