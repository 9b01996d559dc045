"""Many queries: encoded in batches, answered by threads, in the order in which they came.

One batch is encoded and scanned while the one before it is fused and hydrated. Tantivy, the encoder and the kernels of
the dense arm work outside of Python's lock, so threads pay. Two batches are held at any time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..system.resources import processors
from .answer import answer_of
from .draft import Draft
from .pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..contracts import Allowed
    from .answer import Answer
    from .query_file import NamedQuery, QuerySource
    from .setup import Setup

MOST_QUERIES = 256
MOST_ROWS = 25_600
"""Rows proposed by one arm for one batch; fewer queries are taken at once where each wants many."""


def search_many(
    setup: Setup, source: QuerySource, allowed_for: Callable[[str], Allowed] | None = None
) -> Iterator[Answer]:
    """Yield the answer to each query of ``source``, in their order.

    Everything of ``setup`` is open; ``allowed_for``: chunks that may answer a query, by its id, where each has its own.

    Raises:
        UsageError: the source says that it holds no queries.
    """
    pipeline = Pipeline(setup)
    batches = source.batches(max(1, min(MOST_QUERIES, MOST_ROWS // setup.depth)))
    ahead = ThreadPoolExecutor(1, thread_name_prefix="encode")
    pool = ThreadPoolExecutor(processors(), thread_name_prefix="answer")

    def allowed(query: NamedQuery) -> Allowed | None:
        return setup.allowed if allowed_for is None else allowed_for(query.id)

    def prepared() -> list[Draft]:
        batch: Sequence[NamedQuery] = next(batches, ())
        return pipeline.prepare([Draft(query.text, query.id, allowed(query)) for query in batch])

    def answered(draft: Draft) -> Answer:
        answer = answer_of(pipeline, pipeline.hydrate(pipeline.search(draft)))
        answer.timings["total"] = sum(answer.timings.values())
        return answer

    try:
        coming = ahead.submit(prepared)
        while drafts := coming.result():
            coming = ahead.submit(prepared)
            yield from pool.map(answered, drafts)
    finally:  # without waiting: a thread may be reading from a pipe that stays open
        ahead.shutdown(wait=False, cancel_futures=True)
        pool.shutdown(wait=False, cancel_futures=True)
