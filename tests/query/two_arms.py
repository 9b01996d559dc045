"""Rankings of BM25 and of the dense arm, as the pipeline hands them to a fusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from embedctl.config import FusionConfig, FusionName, StoreSettings
from embedctl.contracts import Ranking
from embedctl.query.document_fusion import Candidates, Proposal
from embedctl.query.document_fusion import gather as gather_proposals

ARMS = StoreSettings().arms
LEAST = (0.0, -1.0)

Scores = Callable[[np.ndarray], np.ndarray]


def gather(
    rankings: Sequence[Ranking],
    documents_of: Callable[[np.ndarray], np.ndarray],
    scores_of: Sequence[Scores] | None = None,
    most: Sequence[float] = (np.inf, np.inf),
) -> Candidates:
    lookups = scores_of or (None, None)
    parts = zip(ARMS, rankings, LEAST, lookups, most, strict=True)
    return gather_proposals([Proposal(*part) for part in parts], documents_of)


def weighted(name: FusionName, bm25: float, dense: float, rrf_k: int = 60) -> FusionConfig:
    return FusionConfig(name, rrf_k, (("bm25", bm25), ("dense", dense)))
