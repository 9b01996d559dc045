"""A query after analysis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .analysis import Term

if TYPE_CHECKING:
    from collections.abc import Mapping

Phrase = tuple[Term, ...]
Alternatives = tuple[Phrase, ...]
"""One phrase as each language of the index has it."""


@dataclass(frozen=True, slots=True)
class LexicalTerms:
    """A query after analysis."""

    words: tuple[str, ...]
    """Distinct, in order of appearance; stop words only where there are no others, and no phrases."""
    identifiers: tuple[Alternatives, ...]
    phrases: tuple[Alternatives, ...]
    exclusions: tuple[Alternatives, ...]
    stop_words: tuple[str, ...] = ()
    """Distinct; those that ``words`` leaves out."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Further terms by weight, where a word weighs 1: other spellings of words, and parts of them."""
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Terms that other languages of the index have for the same word, by the term that stands in ``words``."""
    shortened: bool = False
    """Whether the query has more than is looked at."""

    @property
    def positive(self) -> bool:
        """Whether anything is asked for, rather than only excluded."""
        return bool(self.words or self.phrases)

    @property
    def every(self) -> set[str]:
        """All terms that are looked up, but for stop words that are left out and exclusions."""
        found = {*self.words, *self.parts, *(other for others in self.variants.values() for other in others)}
        phrased = {term.text for phrase in self.phrases for one in phrase for term in one}
        return found.difference(self.stop_words) | phrased
