"""Definitions of the figures, and thresholds of their verdicts, each with its reason; they are written nowhere else.

Most of these numbers have no threshold in the literature; where they have, it is named. The others are drawn so that
three judged collections (Cranfield, NPL, the sample corpus), which are searched as well as their model can, are good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .inspection import Figure

if TYPE_CHECKING:
    from .inspection import Unit, Verdict


@dataclass(frozen=True, slots=True)
class Threshold:
    """Values from which a figure is worth a look, and from which it is bad."""

    look: float | None
    bad: float | None
    falling: bool = False
    """Small values are the bad ones."""

    def verdict(self, value: float) -> Verdict:
        """Return the verdict on ``value``; a value on a threshold is beyond it."""

        def beyond(limit: float | None) -> bool:
            return limit is not None and (value <= limit if self.falling else value >= limit)

        return "bad" if beyond(self.bad) else "look" if beyond(self.look) else "good"


ANY = 1e-12
"""More than none, for a share or a count."""

THRESHOLDS: dict[str, Threshold] = {
    # A vector that is not finite, or not of length one, gives wrong cosines: one is too many.
    "not_finite": Threshold(None, ANY),
    "zero": Threshold(None, ANY),
    "off_unit": Threshold(None, ANY),
    # Only chunks with vectors are found by the dense arm.
    "uncut": Threshold(ANY, None),
    "waiting": Threshold(ANY, None),
    # Rudman et al. measure 0.00 to 0.18 for token vectors of BERT and its like; MiniLM has 0.11 to 0.14 on the three
    # collections. At 0.01 about one dimension in a hundred carries everything.
    "isoscore": Threshold(0.05, 0.01, falling=True),
    # Order is what a ranking needs, and a common direction leaves it alone: worth knowing, never bad. The three
    # collections have 0.13 to 0.29.
    "mean_cosine": Threshold(0.5, None),
    # The three collections have 0.07 to 0.10; at a half one direction decides most cosines.
    "first_component": Threshold(0.2, 0.5),
    # Share of the dimensions that carry 99 % of the variance. Jing et al. (ICLR 2022) call it dimensional collapse
    # when vectors fill only a part of the space. The two larger collections need 0.69 and 0.77 of them.
    "share_99": Threshold(0.25, 0.05, falling=True),
    # Evenly spread unit vectors have 0.3 in any dimension; the same in 384 dimensions with a common direction (mean
    # cosine 0.26) have 4.0, and 15 % anti-hubs. The three collections have 1.4 to 2.0, and 2 to 3 %.
    "skewness": Threshold(2.5, 5.0),
    "anti_hubs": Threshold(0.1, 0.3),
    # Copies take the places of other hits.
    "copies": Threshold(0.05, 0.3),
    "near_99": Threshold(0.05, 0.3),
    "near_95": Threshold(0.2, None),
    # A chunk of less than 16 tokens is a heading or half a sentence; where they are many, the hits say little.
    "tiny": Threshold(0.1, 0.5),
    # Chunks that are full were cut where there was no room left, not where a section ended.
    "at_limit": Threshold(0.5, None),
    # MiniLM reads English as 1.1 to 1.2 tokens a word, technical and program texts included; French, which it was not
    # made for, as 1.7, German as 2.2, Turkish as 3.2, Russian letter by letter as 6.3.
    "fertility": Threshold(1.6, 2.5),
    "unknown": Threshold(0.005, 0.05),
    # Words in four pieces and more: the model saw them rarely or never.
    "split": Threshold(0.05, 0.15),
    # Chunks in another language than the model, or than BM25's stemmer, was made for.
    "foreign": Threshold(0.05, 0.5),
    "other_stemmer": Threshold(0.2, None),
}

DEFINITIONS = {
    "uncut": "Documents that wait for chunk.",
    "waiting": "Chunks that wait for embed.",
    "zero": "Vectors of length 0, which are near to nothing.",
    "not_finite": "Vectors with NaN or infinity.",
    "off_unit": "Vectors whose length is more than {tolerance:g} from 1; all are written with length 1.",
    "largest_deviation": "The most that a length is away from 1.",
    "student_cosine": "Mean cosine of its vectors to the model's, on {held_out:,} chunks kept from the fit.",
    "isoscore": "How evenly the variance is spread over the dimensions: 1 all alike, 0 one direction only.",
    "mean_cosine": "Mean cosine of two different chunks, over all pairs of the store.",
    "first_component": "Share of the variance that lies along the first principal component.",
    "participation_ratio": (
        "Dimensions that an even variance would fill: squared sum of the variances over the sum of their squares."
    ),
    "skewness": "Standardized third moment of the number of lists of {k} nearest chunks that a chunk is on; 0: even.",
    "anti_hubs": "Share of the chunks that are on no list of {k} nearest chunks.",
    "largest_hub": "Share of the lists of {k} nearest chunks that the most frequent chunk is on.",
    "copies": "Share of the chunks whose title, headings and text are those of another one: what could be left out.",
    "near_99": "Share of the distinct texts that have another one at a cosine of 0.99 or more.",
    "near_95": "Share of the distinct texts that have another one at a cosine of 0.95 or more.",
    "within": "Share of those at 0.95 or more whose nearest other text is in the same document.",
    "limit": "Most tokens that a chunk may have.",
    "tiny": "Share of the chunks with less than {tiny} tokens, title, headings and special tokens included.",
    "at_limit": "Share of the chunks with at least {full} of the limit: these were cut for want of room.",
    "fertility": "Tokens that a word is read as, on the average; a word is a run of letters, in scripts with spaces.",
    "split": "Share of the words that are split into {pieces} tokens or more, or have an unknown one.",
    "unknown": "Share of the tokens that stand for something that is not in the vocabulary.",
    "main": "Share of the most frequent language among the texts with a detected one; programs have none.",
    "foreign": "Share of the same in other languages than the model's own: {languages}.",
    "other_stemmer": "Share of the same in other languages than BM25 stems: {stemmer}.",
}
"""One sentence for each figure, with names in braces for its parameters."""


def figure(
    name: str, label: str, value: float, unit: Unit, source: str, fair: bool = True, **parameters: object
) -> Figure:
    """Return a figure with its definition, and judged where it has a threshold.

    ``name`` is a key of ``DEFINITIONS``, and ``parameters`` are those of that; ``fair``: there is enough to judge by.
    """
    verdict = THRESHOLDS[name].verdict(value) if fair and name in THRESHOLDS else None
    return Figure(name, label, value, unit, DEFINITIONS[name].format(**parameters), source, verdict)
