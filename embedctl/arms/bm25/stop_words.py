"""Stop words: articles, prepositions and the like, by language, in the lists that Tantivy comes with.

They stay in the index, so phrases match them and lengths count them. Only queries leave them out, and only beside other
words. English has the 33 of Lucene, the other languages those of Snowball; a language without a list has none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import tantivy

from .analysis import MAX_TERM_BYTES, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .analysis import Term


def without_stop_words(text: str, found: Sequence[Term], language: str) -> list[Term]:
    """Return those of ``found`` that are no stop words.

    ``found`` is what ``analysis.terms`` makes of ``text``, without ``singles``.
    """
    analyzer = _analyzer(language)
    if analyzer is None:
        return list(found)
    prepared = prepare(text, singles=False)
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
