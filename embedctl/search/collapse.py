"""Ranking documents instead of chunks: each arm ranks a document by its best chunk, and documents are fused.

Fused chunk by chunk, a document whose best chunk for BM25 is not its best chunk for the encoder gets half the credit
twice. When one hit per document is wanted, the document is what both arms should agree on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contracts import Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..contracts import Labels


def best_chunks(ranking: Ranking, documents: NDArray[np.uint64]) -> tuple[Ranking, Ranking]:
    """Keep the first chunk of each document.

    Args:
        ranking: chunks, best first.
        documents: document key of each of them, uint64 ``(n,)``.

    Returns:
        The kept chunks, and the same ranking with document keys in place of labels.
    """
    _, first = np.unique(documents, return_index=True)
    first.sort()
    scores = ranking.scores[first]
    return Ranking(ranking.labels[first], scores), Ranking(documents[first], scores)


def fuse_documents(
    rankings: Sequence[Ranking],
    documents_of: Callable[[Labels], NDArray[np.uint64]],
    fuse: Callable[[Sequence[Ranking]], Ranking],
) -> tuple[list[Ranking], Ranking]:
    """Fuse the arms document by document.

    A document is shown by the chunk that stands highest in any arm; the earlier arm wins a tie.

    Returns:
        The arms with one chunk a document, that of the fused ranking; and the fused ranking of those chunks.
    """
    kept = [best_chunks(ranking, documents_of(ranking.labels)) for ranking in rankings]
    shown: dict[int, tuple[int, int]] = {}
    for chunks, documents in kept:
        for rank, (label, document) in enumerate(zip(chunks.labels.tolist(), documents.labels.tolist(), strict=True)):
            if document not in shown or rank < shown[document][0]:
                shown[document] = (rank, label)

    def as_chunks(ranking: Ranking) -> Ranking:
        labels = [shown[document][1] for document in ranking.labels.tolist()]
        return Ranking(np.array(labels, dtype=np.uint64), ranking.scores)

    by_document = [documents for _, documents in kept]
    return [as_chunks(ranking) for ranking in by_document], as_chunks(fuse(by_document))
