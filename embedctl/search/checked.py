"""A query's configuration, looked at once before anything is asked: whatever passes gives finite scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

from ..config import DensePlan, Mode, QueryEncoder
from ..errors import UsageError
from ..registry import nearest

if TYPE_CHECKING:
    from ..config import QueryConfig

MOST = 2**31 - 1
"""Of every count; more than any store has rows."""
LEAST_WEIGHT, MOST_WEIGHT = 0.000001, 1_000_000
"""Beyond these, fused scores have no place in 32 bits; only the ratio of the weights matters."""
_HINT = "See docs/query.md."


def checked(config: QueryConfig) -> QueryConfig:
    """Return ``config``.

    Raises:
        UsageError: a number is out of range or not a number, a name is unknown, or both arms weigh nothing.
    """
    for told, name, known in (
        ("mode", config.mode, get_args(Mode)),
        ("dense plan", config.dense, get_args(DensePlan)),
        ("query encoder", config.encoder, get_args(QueryEncoder)),
    ):
        if name not in known:
            raise UsageError(
                f'There is no {told} "{name}".{nearest(name, known)}', f"Choose one of: {', '.join(known)}."
            )
    fusion = config.fusion
    for told, count, least in (
        ("the number of hits", config.n, 1),
        ("the number of candidates", config.candidates, 1),
        ("the number of hits of one document", config.max_per_file, 0),
        ("the constant of the fusion", fusion.rrf_k, 0),
    ):
        if not least <= count <= MOST:
            raise UsageError(f"{told[0].upper()}{told[1:]} must be from {least} to {MOST:,}.", _HINT)
    weights = (fusion.bm25_weight, fusion.dense_weight)
    if not all(weight == 0 or LEAST_WEIGHT <= weight <= MOST_WEIGHT for weight in weights):
        raise UsageError(f"A weight must be 0, or from {LEAST_WEIGHT:f} to {MOST_WEIGHT:,}.", _HINT)
    if config.mode == "hybrid" and not any(weights):
        raise UsageError("Both arms have the weight 0, so that nothing can be found.", "Give one of them a weight.")
    if not all(least is None or math.isfinite(least) for least in (config.min_cosine, config.min_bm25)):
        raise UsageError("A threshold is not a finite number.", "Give one, or leave it out.")
    return config
