"""recall@10 of the dense plans against the exact nearest neighbours, as configured and along their parameters."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from embedctl.config import DEFAULT_MODEL, RankingConfig, RuntimeConfig
from embedctl.encoders import open_encoder
from embedctl.retrievers.binary import BinaryRetriever
from embedctl.search.generation import Generation, require_index
from embedctl.store.handle import read_manifest
from embedctl.store.layout import GenerationLayout, Layout
from embedctl.store.parts import read_vectors

from .results import Row, latency_rows
from .stores import indexed_store, queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from embedctl.contracts import DenseRetriever

    from .bench import Bench

NAME = "recall"
K = 10
ASKED = 200
EFS = (10, 20, 40, 80, 160, 320, 640)
CANDIDATES = (20, 100, 500, 2_000, 8_000)


def measure(bench: Bench, size: int) -> Iterator[Row]:
    """Search a generated store by every plan that it has, with the vectors of queries by the real encoder."""
    store = indexed_store(bench, size)
    vectors = open_encoder(DEFAULT_MODEL, RuntimeConfig()).encode_queries(queries(bench, ASKED))
    bench.say(f"{size:,} chunks: the exact neighbours of {len(vectors)} queries")
    truth = exact(store, vectors)
    layout = Layout(store)
    record = require_index(layout, read_manifest(layout))
    generation = Generation(layout, record)
    plans: dict[str, Callable[[], DenseRetriever]] = {"flat": generation.flat}
    if generation.has_bits:
        plans["binary"] = generation.binary
    if generation.graph_bytes:
        plans["hnsw"] = generation.hnsw
    for plan, open_plan in plans.items():
        bench.say(f"{size:,} chunks: {plan}")
        retriever: DenseRetriever = open_plan()
        row = Row(NAME, f"{plan}, as queries use it", "embedctl", "", 0.0, "", size)
        yield from _searched(row, retriever, vectors, truth, RankingConfig().candidates)
        if plan == "flat":
            yield from _searched(replace(row, case=plan, x=0.0), retriever, vectors, truth, K)
    if "binary" in plans:
        centre = np.fromfile(GenerationLayout(layout.generation(record.generation)).centre, dtype="<f4")
        for candidates in CANDIDATES:
            bench.say(f"{size:,} chunks: binary, {candidates:,} candidates")
            binary = BinaryRetriever(generation.segments, centre.astype(np.float32), per_row=1, least=candidates)
            row = Row(NAME, "binary", "embedctl", "", 0.0, "", size, float(candidates))
            yield from _searched(row, binary, vectors, truth, K)
    if "hnsw" in plans:
        for ef in EFS:
            bench.say(f"{size:,} chunks: hnsw, ef {ef}")
            settings = replace(record.settings, hnsw=replace(record.settings.hnsw, ef=ef))
            row = Row(NAME, "hnsw", "embedctl", "", 0.0, "", size, float(ef))
            hnsw = Generation(layout, replace(record, settings=settings)).hnsw()
            yield from _searched(row, hnsw, vectors, truth, K)


def exact(store: Path, vectors: NDArray[np.float32], k: int = K) -> NDArray[np.uint64]:
    """Return the labels of each query's ``k`` nearest chunks by float32 scan of the Parquet parts, ``(queries, k)``."""
    layout = Layout(store)
    best = np.full((len(vectors), k), -np.inf, dtype=np.float32)
    labels = np.zeros((len(vectors), k), dtype=np.uint64)
    for part in read_manifest(layout).parts:
        scores = vectors @ read_vectors(layout, part).T
        own = (np.uint64(part.number) << np.uint64(32)) | np.arange(scores.shape[1], dtype=np.uint64)
        scores = np.concatenate([best, scores], axis=1)
        known = np.concatenate([labels, np.broadcast_to(own, (len(vectors), len(own)))], axis=1)
        order = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        best, labels = np.take_along_axis(scores, order, 1), np.take_along_axis(known, order, 1)
    return labels


def recall(truth: Sequence[Sequence[int]], found: Sequence[Sequence[int]]) -> float:
    """Return the mean share of each query's true neighbours that were found, in whatever order.

    Raises:
        ValueError: the lists are not of the same queries, or there are none.
    """
    if len(truth) != len(found) or not len(truth):
        raise ValueError("recall wants the same queries, and at least one, on both sides.")
    shares = [len(set(true) & set(own)) / len(set(true)) for true, own in zip(truth, found, strict=True)]
    return statistics.fmean(shares)


def _searched(
    row: Row, retriever: DenseRetriever, vectors: NDArray[np.float32], truth: NDArray[np.uint64], depth: int
) -> Iterator[Row]:
    """Yield recall@10 and latency of searches that ask for ``depth`` rows."""
    seconds: list[float] = []
    found: list[list[int]] = []
    for vector in (vectors[0], *vectors):  # the first one pays for opening
        start = time.perf_counter()
        ranking = retriever.search(vector, depth)
        seconds.append(time.perf_counter() - start)
        found.append(ranking.labels[:K].tolist())
    yield replace(row, metric="recall@10", value=recall(truth.tolist(), found[1:]))
    yield from latency_rows(row, seconds[1:])
