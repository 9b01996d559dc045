"""Many queries: encoded in batches, answered by threads, in the order in which they came.

One batch is encoded and scanned while the one before it is fused and hydrated. Tantivy, the encoder and the kernels of
the dense arm work outside of Python's lock, so threads pay. What is held at any time: two batches.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .question import DensePart, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..config import QueryConfig
    from ..contracts import Ranking
    from .answer import Answer
    from .queryfile import NamedQuery, QuerySource
    from .question import Asked
    from .searcher import Searcher

MOST_QUERIES = 256
MOST_ROWS = 25_600
"""Rows proposed by one arm for one batch; fewer queries are taken at once where each wants many."""


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Ready(NamedTuple):
    """A query whose dense arm has answered."""

    question: Question
    part: DensePart | None


def search_many(searcher: Searcher, source: QuerySource, config: QueryConfig) -> Iterator[Answer]:
    """Yield the answer to each query of ``source``, in their order.

    Raises:
        UsageError: the filter is malformed, or the source says that it holds no queries.
    """
    asked = searcher.asked(config, searcher.allowed(config))
    batches = source.batches(max(1, min(MOST_QUERIES, MOST_ROWS // asked.depth)))
    preparing = _Preparing(searcher, asked, source.count)
    ahead = ThreadPoolExecutor(1, thread_name_prefix="encode")
    pool = ThreadPoolExecutor(processors(), thread_name_prefix="answer")
    try:
        coming = ahead.submit(preparing.next, batches)
        while ready := coming.result():
            coming = ahead.submit(preparing.next, batches)
            yield from pool.map(lambda one: _answered(one, asked), ready)
    finally:  # without waiting: a thread may be reading from a pipe that stays open
        ahead.shutdown(wait=False, cancel_futures=True)
        pool.shutdown(wait=False, cancel_futures=True)


def _answered(ready: _Ready, asked: Asked) -> Answer:
    answer = ready.question.answer(asked, ready.part)
    answer.timings["total"] = sum(answer.timings.values())
    return answer


class _Preparing:
    """Takes batches one by one and asks the dense arm for all of a batch at once."""

    def __init__(self, searcher: Searcher, asked: Asked, expected: int | None) -> None:
        self._searcher = searcher
        self._asked = asked
        self._expected = expected

    def next(self, batches: Iterator[Sequence[NamedQuery]]) -> list[_Ready]:
        """Return the next batch, encoded and scanned; an empty list at the end."""
        batch = next(batches, None)
        if batch is None:
            return []
        questions = [Question(query.text, query.id) for query in batch]
        parts: dict[int, DensePart] = {}
        if self._asked.config.mode != "bm25":
            told = [at for at, question in enumerate(questions) if question.dense_text]
            if told:
                parts = dict(zip(told, self._dense([questions[at] for at in told]), strict=True))
        return [_Ready(question, parts.get(at)) for at, question in enumerate(questions)]

    def _dense(self, questions: list[Question]) -> list[DensePart]:
        searcher, asked = self._searcher, self._asked
        encoder = searcher.encoder
        start = time.perf_counter()
        vectors = encoder.encode_queries([question.dense_text for question in questions])
        encoded = time.perf_counter()
        plan = asked.dense.plan(asked.config.dense, asked.allowed, self._expected or len(questions))
        rankings: list[Ranking] = asked.dense.search_batch(plan, vectors, asked.depth, asked.allowed)
        asked.dense.answered(len(questions))
        scanned = time.perf_counter()
        for question in questions:  # each its share
            question.clock.add("encode", 1e3 * (encoded - start) / len(questions))
            question.clock.add("dense", 1e3 * (scanned - encoded) / len(questions))
        return [
            DensePart(plan, partial(np.asarray, vector), searcher.encoded_by, ranking)
            for vector, ranking in zip(vectors, rankings, strict=True)
        ]
