"""How closely a store is inspected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InspectConfig:
    """How many chunks are looked at; what is cheap is counted over all of them."""

    sample: int = 20_000
    """Chunks whose vectors are compared with each other; the time grows with its square (measured: 6 s)."""
    texts: int = 3_000
    """Of the sample: chunks whose texts are tokenized and told a language."""
    queries: int = 1_000
    """Of the sample: chunks that are compared with every chunk of a store that is larger than the sample."""
    neighbours: int = 10
    """Length of a list of nearest chunks; the k of Radovanović et al., who report k = 10."""
    seed: int = 0
    examples: int = 3
    """Hubs, duplicates and words that are named, each; languages twice as many."""
