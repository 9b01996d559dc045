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

from .answering import DensePart, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..contracts import Encoder, Ranking
    from .answer import Answer
    from .answering import Asked
    from .query_file import NamedQuery, QuerySource
    from .searcher import Ready

MOST_QUERIES = 256
MOST_ROWS = 25_600
"""Rows proposed by one arm for one batch; fewer queries are taken at once where each wants many."""


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Told(NamedTuple):
    """A query whose dense arm has answered."""

    question: Question
    part: DensePart | None
    asked: Asked


def search_many(ready: Ready, source: QuerySource) -> Iterator[Answer]:
    """Yield the answer to each query of ``source``, in their order.

    Raises:
        UsageError: the source says that it holds no queries.
    """
    batches = source.batches(max(1, min(MOST_QUERIES, MOST_ROWS // ready.asked.depth)))
    preparing = _Preparing(ready, source.count)
    ahead = ThreadPoolExecutor(1, thread_name_prefix="encode")
    pool = ThreadPoolExecutor(processors(), thread_name_prefix="answer")
    try:
        coming = ahead.submit(preparing.next, batches)
        while told := coming.result():
            coming = ahead.submit(preparing.next, batches)
            yield from pool.map(_answered, told)
    finally:  # without waiting: a thread may be reading from a pipe that stays open
        ahead.shutdown(wait=False, cancel_futures=True)
        pool.shutdown(wait=False, cancel_futures=True)


def _answered(told: _Told) -> Answer:
    answer = told.question.answer(told.asked, told.part)
    answer.timings["total"] = sum(answer.timings.values())
    return answer


class _Preparing:
    """Takes batches one by one and asks the dense arm for all of a batch at once."""

    def __init__(self, ready: Ready, expected: int | None) -> None:
        self._ready = ready
        self._expected = expected

    def next(self, batches: Iterator[Sequence[NamedQuery]]) -> list[_Told]:
        """Return the next batch, encoded and scanned; an empty list at the end."""
        batch = next(batches, None)
        if batch is None:
            return []
        questions = [Question(query.text, query.id) for query in batch]
        asked = [self._asked(query) for query in batch]
        parts: dict[int, DensePart] = {}
        if self._ready.encoder is not None:
            dense = [at for at, question in enumerate(questions) if question.dense_text]
            if dense:
                given = [questions[at] for at in dense], [asked[at] for at in dense]
                parts = dict(zip(dense, self._dense(self._ready.encoder, *given), strict=True))
        return [_Told(question, parts.get(at), asked[at]) for at, question in enumerate(questions)]

    def _asked(self, query: NamedQuery) -> Asked:
        ready = self._ready
        return ready.asked if ready.allowed_for is None else ready.asked._replace(allowed=ready.allowed_for(query.id))

    def _dense(self, encoder: Encoder, questions: list[Question], each: list[Asked]) -> list[DensePart]:
        start = time.perf_counter()
        vectors = encoder.encode_queries([question.dense_text for question in questions])
        encoded = time.perf_counter()
        if self._ready.allowed_for is not None:  # nothing that a scan could have in common
            return [
                DensePart(
                    asked.dense.plan(asked.config.dense, asked.allowed, ef=asked.config.ef),
                    partial(np.asarray, vector),
                    self._ready.encoded_by,
                )
                for vector, asked in zip(vectors, each, strict=True)
            ]
        asked = self._ready.asked
        plan = asked.dense.plan(asked.config.dense, asked.allowed, self._expected or len(questions), asked.config.ef)
        rankings: list[Ranking] = asked.dense.search_batch(plan, vectors, asked.depth, asked.allowed)
        asked.dense.answered(len(questions))
        scanned = time.perf_counter()
        for question in questions:  # each its share
            question.clock.add("encode", 1e3 * (encoded - start) / len(questions))
            question.clock.add("dense", 1e3 * (scanned - encoded) / len(questions))
        return [
            DensePart(plan, partial(np.asarray, vector), self._ready.encoded_by, ranking)
            for vector, ranking in zip(vectors, rankings, strict=True)
        ]
