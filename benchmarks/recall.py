"""recall@10 of the dense plans against the exact nearest neighbours, as configured and along their parameters."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from embedctl.arms.dense.arm import DenseArm
from embedctl.arms.dense.binary import BinaryRetriever
from embedctl.arms.dense.recall import exact_scores
from embedctl.config import DEFAULT_MODEL, RankingConfig, RuntimeConfig
from embedctl.encoders import card
from embedctl.index.open import Index, require_index
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

from .results import Row, latency_rows
from .stores import indexed_store, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from embedctl.arms.dense.structures import Structures
    from embedctl.contracts import DenseRetriever, Labels

    from .bench import Bench

NAME = "recall"
K = 10
ASKED = 200
EFS = (10, 20, 40, 80, 160, 320, 640)
CANDIDATES = (20, 100, 500, 2_000, 8_000)


class _Searched(NamedTuple):
    row: Row
    seconds: list[float]
    found: list[Labels]


def measure(bench: Bench, size: int) -> Iterator[Row]:
    """Search a generated store by every plan that it has, with the vectors of queries by the real encoder."""
    store = indexed_store(bench, size)
    vectors = card(DEFAULT_MODEL).open(RuntimeConfig()).encode_queries(queries(bench, ASKED))
    layout = Layout(store)
    record = require_index(layout, read_manifest(layout))
    arm = Index(layout, record).arm("dense")
    assert isinstance(arm, DenseArm)
    searched = list(_plans(bench, arm.structures, vectors, size))
    bench.say(f"{size:,} chunks: the exact neighbours of {len(vectors)} queries")
    asked = [np.concatenate([one.found[row] for one in searched]) for row in range(len(vectors))]
    exact = exact_scores(layout, record.parts, vectors, asked, K)
    for one in searched:
        yield replace(one.row, metric="recall@10", value=float(np.mean(exact.shares(one.found, K))))
        yield from latency_rows(one.row, one.seconds)


def _plans(bench: Bench, own: Structures, vectors: NDArray[np.float32], size: int) -> Iterator[_Searched]:
    plans: dict[str, DenseRetriever] = {"flat": own.flat}
    if own.has_bits:
        plans["binary"] = own.binary
    if own.graph_bytes:
        plans["hnsw"] = own.hnsw
    for plan, retriever in plans.items():
        bench.say(f"{size:,} chunks: {plan}")
        row = Row(NAME, f"{plan}, as queries use it", "embedctl", "", 0.0, "", size)
        yield _searched(row, retriever, vectors, RankingConfig().candidates)
        if plan == "flat":
            yield _searched(replace(row, case=plan, x=0.0), retriever, vectors, K)
    if "binary" in plans:
        for candidates in CANDIDATES:
            bench.say(f"{size:,} chunks: binary, {candidates:,} candidates")
            binary = BinaryRetriever(own.segments, own.centre, per_row=1, least=candidates)
            row = Row(NAME, "binary", "embedctl", "", 0.0, "", size, float(candidates))
            yield _searched(row, binary, vectors, K)
    if "hnsw" in plans:
        for ef in EFS:
            bench.say(f"{size:,} chunks: hnsw, ef {ef}")
            row = Row(NAME, "hnsw", "embedctl", "", 0.0, "", size, float(ef))
            yield _searched(row, own.hnsw.with_ef(ef), vectors, K)


def _searched(row: Row, retriever: DenseRetriever, vectors: NDArray[np.float32], depth: int) -> _Searched:
    """Return what searches that ask for ``depth`` rows find, and how long each takes."""
    seconds: list[float] = []
    found: list[Labels] = []
    for vector in (vectors[0], *vectors):  # the first one pays for opening
        start = time.perf_counter()
        ranking = retriever.search(vector, depth)
        seconds.append(time.perf_counter() - start)
        found.append(ranking.labels[:K])
    return _Searched(row, seconds[1:], found[1:])
