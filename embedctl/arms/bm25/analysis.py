"""Analysis: how text becomes the terms that BM25 counts, the same way for documents and for queries.

Three steps. ``prepare`` folds characters (:mod:`.folding`) and writes scripts that put no spaces between words
(Chinese, Japanese, Thai ...; Korean too) as overlapping one- and two-character words; hardly any of it depends on the
language, so one Japanese page in an English store is still found. ``analyzer`` then splits at everything that is not a
letter or digit, lowercases, folds accents and stems, inside Tantivy. Behind the text of a document, ``indexed`` writes
the other spellings of its words (:mod:`.spellings`) and the parts of its compounds (:mod:`.compounds`): there they
change no phrase.

``検索語`` is indexed as ``検 検索 索 索語 語``: the terms of any substring are a contiguous run of the terms of the
whole, so phrases match exactly, and a query of one character finds something.

``auto`` is no language but the setting that each document is analysed in its own (:mod:`.document_language`). Tantivy
is then given terms instead of text, and splits them at blanks.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import tantivy

from ...errors import UsageError
from ...registry import nearest
from .compounds import splitter
from .folding import fold
from .spellings import spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 2
"""Raised when the same text gives other terms than before; part of the tokenizer's name in the index."""

AUTO = "auto"
"""The setting that each document is analysed in its own language."""

MAX_TERM_BYTES = 100
"""Longer tokens (base64, minified code) are not indexed."""

# True: accents are folded after stemming. The stemmer needs them, and readers often do not type them. Where å, ö or
# ı are letters of their own, folding would merge unrelated words.
_STEMMERS = {
    "arabic": True,
    "danish": False,
    "dutch": True,
    "english": True,
    "finnish": False,
    "french": True,
    "german": True,
    "greek": True,
    "hungarian": False,
    "italian": True,
    "norwegian": False,
    "portuguese": True,
    "romanian": True,
    "russian": True,
    "spanish": True,
    "swedish": False,
    "tamil": True,
    "turkish": False,
}
_UNSTEMMED = ("none", "chinese", "japanese", "korean", "cjk")

SPACELESS = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0edf\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Myanmar, Khmer
    "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"  # Hangul
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31f0-\u31ff"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Scripts without spaces between words, as the inside of a regular expression's character class."""

_RUN = re.compile(f"[{SPACELESS}]+")


class Term(NamedTuple):
    """One analysed token and its place in the token sequence."""

    position: int
    text: str


def languages() -> list[str]:
    """Return every setting: the languages that ``analyzer`` knows, and ``AUTO``."""
    return [*_STEMMERS, *_UNSTEMMED, AUTO]


def tokenizer_name(language: str) -> str:
    """Return the name that an index's schema keeps for this language and this version of the analysis."""
    return f"embedctl-{language}-{VERSION}"


def can_read(name: str, language: str) -> bool:
    """Return whether ``name`` is of this language, in this version of the analysis or an earlier one."""
    return name in (f"embedctl-{language}-{version}" for version in range(1, VERSION + 1))


def is_current(name: str) -> bool:
    """Return whether ``name`` is of this version of the analysis."""
    return name.endswith(f"-{VERSION}")


@cache
def analyzer(language: str) -> tantivy.TextAnalyzer:
    """Return Tantivy's analyzer for ``language``; feed it only what ``prepare`` or ``indexed`` returned.

    Raises:
        UsageError: no such language; the hint lists them.
    """
    if language not in languages():
        raise UsageError(
            f'There is no analysis for language "{language}".{nearest(language, languages())}',
            f"Choose one of: {', '.join(languages())}.",
        )
    if language == AUTO:
        return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    fold = tantivy.Filter.ascii_fold()
    filters = [tantivy.Filter.remove_long(MAX_TERM_BYTES), tantivy.Filter.lowercase()]
    if language == "english" or language in _UNSTEMMED:
        filters.append(fold)  # first, so that the stemmer sees "resume" in "résumé"
    if language in _STEMMERS:
        filters.append(tantivy.Filter.stemmer(language))
    if language != "english" and _STEMMERS.get(language):
        filters.append(fold)
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for token_filter in filters:
        builder = builder.filter(token_filter)
    return builder.build()


def prepare(text: str, language: str, *, singles: bool = True) -> str:
    """Return ``text`` as the analyzer wants it: folded, and spaceless scripts as n-grams.

    Args:
        text: anything.
        language: that it is to be analysed in.
        singles: also write the single characters of a run of two or more; queries leave them out, since they
            match everywhere.
    """
    return _spaced(fold(text, language), singles)


def _spaced(text: str, singles: bool) -> str:
    return text if text.isascii() else _RUN.sub(lambda run: f" {_grams(run[0], singles)} ", text)


def indexed(text: str, language: str, *, as_terms: bool = False) -> str:
    """Return what the index is given of a document's ``text``; ``as_terms``: analysed, for ``AUTO``."""
    folded = fold(text, language)
    more = [word for spelling in spellings(folded) for word in spelling.words]
    split = splitter(language)
    if split is not None:
        more += split.split(folded)
    whole = _spaced(folded, singles=True)
    if more:
        whole = f"{whole} {' '.join(more)}"
    return " ".join(analyzer(language).analyze(whole)) if as_terms else whole


def terms(text: str, language: str, *, singles: bool = True) -> list[Term]:
    """Return the terms of ``text`` in order, with the positions that the index gives them."""
    tokens = analyzer(language).pre_tokenize(prepare(text, language, singles=singles)).tokens
    return [Term(token.position, token.text) for token in tokens]


def _grams(run: str, singles: bool) -> str:
    if len(run) == 1:
        return run
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    if not singles:
        return " ".join(pairs)
    return " ".join(f"{pair[0]} {pair}" for pair in pairs) + f" {run[-1]}"


def without_stop_words(text: str, found: Sequence[Term], language: str) -> list[Term]:
    """Return those of ``found`` that are no stop words.

    ``found`` is what ``analysis.terms`` makes of ``text``, without ``singles``.
    """
    analyzer = _analyzer(language)
    if analyzer is None:
        return list(found)
    prepared = prepare(text, language, singles=False)
    if len(found) == 1:  # nearly every word of a query, and much faster so
        return list(found) if analyzer.analyze(prepared) else []
    telling = {token.position for token in analyzer.pre_tokenize(prepared).tokens}
    return [term for term in found if term.position in telling]


@cache
def _analyzer(language: str) -> tantivy.TextAnalyzer | None:
    """Return what leaves stop words out; Tantivy's lists have words as they are written, before any stemming.

    ``None``: Tantivy has no list for the language.
    """
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(MAX_TERM_BYTES)).filter(tantivy.Filter.lowercase())
    try:
        return builder.filter(tantivy.Filter.stopword(language)).build()
    except ValueError:
        return None
