"""One kind of secret: the words that wake its patterns, and the patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret."""

    id: str
    """As in the documents' column ``secrets``."""
    title: str
    """With its article: ``an AWS access key``."""
    keywords: str
    """Lowercase ASCII, separated by spaces. A pattern is matched where one of them begins."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """Matched at the keyword. A group called ``secret`` is what is masked; without one, the whole match."""
    detector: str = ""
    """``module:class`` of bc-detect-secrets, whose patterns are used."""
    guard: re.Pattern[str] | None = None
    """Matched at the keyword before the library is imported: spares most texts that import."""
    back: int = 0
    """The match begins so many characters in front of the keyword."""
    reach: int = 0
    """Not at the keyword, but anywhere so many characters around it."""
    find: Callable[[str, int], tuple[int, int] | None] | None = None
    """Replaces patterns: returns start and end of a secret, given a text and where a keyword begins in it."""
