"""Fusing chunks without losing their documents.

Fused chunk by chunk, a document whose best chunk for BM25 is not its best chunk for the encoder gets credit from one
arm only, twice. So the first chunk of each document stands where its document stands: it is scored by the ranks of the
document, which each arm ranks by its best chunk. Every further chunk of the document is scored by its own ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import Ranking
from .fuse import reciprocal_rank_fusion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..contracts import Labels


@dataclass(frozen=True, slots=True)
class Fused:
    """Chunks of all arms, best first, and the ranks that their scores were made of."""

    ranking: Ranking
    ranks: list[dict[int, int]]
    """For each arm: label -> rank from 1; a label that an arm gives nothing is not there."""


def fuse_chunks(
    arms: Sequence[Ranking],
    documents_of: Callable[[Labels], NDArray[np.uint64]],
    weights: Sequence[float],
    k: int,
) -> Fused:
    """Fuse the arms by reciprocal rank fusion, each document's first chunk by the ranks of the document.

    ``score(chunk) = sum over arms of weight / (k + rank)`` holds for every chunk with the returned ranks.

    Args:
        arms: chunks, best first.
        documents_of: labels to document keys, uint64 ``(n,)`` to uint64 ``(n,)``.
        weights: one per arm; an arm of weight 0 is left out.
        k: see ``fuse``.
    """
    chunks = reciprocal_rank_fusion(arms, weights, k)
    labels = chunks.labels.tolist()
    owners = dict(zip(labels, documents_of(chunks.labels).tolist(), strict=True))
    first: dict[int, int] = {}
    for label, document in owners.items():  # in fused order
        first.setdefault(document, label)
    ranks = [_ranks(arm, owners, first) if weight > 0 else {} for arm, weight in zip(arms, weights, strict=True)]
    scores = np.zeros(len(labels), dtype=np.float64)
    for weight, of_arm in zip(weights, ranks, strict=True):
        found = np.fromiter((of_arm.get(label, 0) for label in labels), dtype=np.float64, count=len(labels))
        scores += np.divide(weight, k + found, out=np.zeros_like(found), where=found > 0)
    rounded = scores.astype(np.float32)
    order = np.lexsort((chunks.labels, -rounded))
    return Fused(Ranking(chunks.labels[order], rounded[order]), ranks)


def _ranks(arm: Ranking, owners: dict[int, int], first: dict[int, int]) -> dict[int, int]:
    """Return the ranks that count in one arm: of the chunk, or of its document where it is the first of it."""
    documents: dict[int, int] = {}
    counting: dict[int, int] = {}
    for rank, label in enumerate(arm.labels.tolist(), start=1):
        documents.setdefault(owners[label], len(documents) + 1)
        counting[label] = rank
    return counting | {first[document]: rank for document, rank in documents.items()}
