"""Lengths of the chunks, in tokens of the encoder and in characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..plural import percent
from .glossary import THRESHOLDS, figure
from .inspection import Figure, Histogram, Topic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .inspection import Unit
    from .survey import EmbeddedChunks

TINY = 16
"""Tokens; fewer say little by themselves."""
_FULL = 0.95
"""Of the limit: chunks are cut between sentences and lines, so that few have just as many tokens as may be."""
_BINS = 32
_MOST = 0.5
_COUNTED = "counted over all chunks of the store"
_QUANTILES = ((0.0, "shortest"), (0.05, "5 %"), (0.5, "median"), (0.95, "95 %"), (1.0, "longest"))


def lengths(chunks: EmbeddedChunks, limit: int) -> Topic:
    """Return the figures of chunk lengths; ``limit``: maximum number of tokens in a chunk."""
    tiny = float((chunks.tokens < TINY).mean())
    full = float((chunks.tokens >= _FULL * limit).mean())
    figures = (
        *_quantiles("tokens", chunks.tokens),
        figure("limit", "limit", limit, "tokens", "settings of the store"),
        figure("tiny", f"under {TINY} tokens", tiny, "share", _COUNTED, tiny=TINY),
        figure("at_limit", "full", full, "share", _COUNTED, full=percent(_FULL)),
        *_quantiles("characters", chunks.characters),
    )
    histograms = tuple(
        _histogram(name, f"{name} in a chunk", values)
        for name, values in (("tokens", chunks.tokens), ("characters", chunks.characters))
    )
    return Topic("lengths", figures, _advice(chunks, tiny, full, limit), histograms)


def _quantiles(unit: Unit, values: NDArray[Any]) -> list[Figure]:
    found = np.quantile(values, [at for at, _ in _QUANTILES], method="inverted_cdf").tolist()
    return [
        Figure(
            f"{unit}_{round(100 * at):02d}",
            label,
            int(value),
            unit,
            f"{percent(at)} of the chunks have at most so many {unit}."
            if 0 < at < 1
            else f"{unit.capitalize()} of the {label} chunk.",
            _COUNTED,
        )
        for (at, label), value in zip(_QUANTILES, found, strict=True)
    ]


def _histogram(name: str, label: str, values: NDArray[Any]) -> Histogram:
    """Return at most ``_BINS`` bins of whole numbers, from 0."""
    most = int(values.max(initial=0))
    width = most // _BINS + 1
    edges = np.arange(0, most + 2 * width, width)
    return Histogram.of(name, label, edges.tolist(), values)


def _advice(chunks: EmbeddedChunks, tiny: float, full: float, limit: int) -> str:
    if THRESHOLDS["tiny"].verdict(tiny) != "good":
        if _whole(chunks) > _MOST:
            return (
                f"{percent(tiny)} of the chunks are whole documents of a line or two: if there should be more in them, "
                'look at one with "embedctl show ID", and name the right column with --text-field.'
            )
        return (
            f"{percent(tiny)} of the chunks are little more than a heading: cut so that small sections stay together, "
            'with "embedctl index --strategy auto --rebuild", or a larger --chunk-size.'
        )
    if THRESHOLDS["at_limit"].verdict(full) != "good":
        return (
            f"{percent(full)} of the chunks end because {limit} tokens were full: try "
            f'"embedctl index --overlap {max(limit // 8, 1)} --rebuild" in a copy, and compare with "embedctl eval".'
        )
    return "Most chunks end where a section or text ends: nothing to do."


def _whole(chunks: EmbeddedChunks) -> float:
    """Return the share of the tiny chunks that are all of their document."""
    _, document, counts = np.unique(chunks.documents, return_inverse=True, return_counts=True)
    return float((counts[document[chunks.tokens < TINY]] == 1).mean())
