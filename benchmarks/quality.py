"""nDCG@10 of both arms and their fusion on judged collections, documents ranked by their best chunk."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import embedctl
from embedctl.config import Mode
from embedctl.evaluation.metrics import Metric, run_values

from .bench import SkipError
from .results import Row, latency_rows
from .stores import collection_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .bench import Bench
    from .collection import Collection

NAME = "quality"
DEPTH = 100
METRIC = Metric("ndcg", 10)
MODES: tuple[Mode, ...] = get_args(Mode)


def measure(bench: Bench) -> Iterator[Row]:
    """Index every judged collection with every setting at its default and run its queries in each mode.

    Raises:
        SkipError: no collection has judgements.
    """
    judged = [collection for collection in bench.collections if collection.qrels()]
    if not judged:
        raise SkipError("No collection has judgements; name one in BEIR's form with --data.")
    for collection in judged:
        yield from _index(bench, collection)
        yield from _answer(bench, collection)


def _index(bench: Bench, collection: Collection) -> Iterator[Row]:
    folder = bench.work / "quality"
    shutil.rmtree(folder, ignore_errors=True)
    bench.say(f"{collection.name}: indexing, every setting at its default")
    store = embedctl.create(folder / ".embedctl")
    start = time.perf_counter()
    report = store.index([collection.texts])
    seconds = time.perf_counter() - start
    shutil.rmtree(folder)
    chunks = report.counts["chunks"]
    row = Row(NAME, f"{collection.name}, index", "embedctl", "time", seconds, "s", chunks)
    yield row
    yield replace(row, metric="rate", value=chunks / seconds, unit="chunks/s")


def _answer(bench: Bench, collection: Collection) -> Iterator[Row]:
    store = embedctl.open(collection_store(bench, collection))
    qrels = collection.qrels()
    texts = {query: text for query, text in collection.queries().items() if query in qrels}
    for mode in MODES:
        bench.say(f"{collection.name}: {len(texts)} queries, {mode}")
        config = embedctl.QueryConfig(mode=mode, n=DEPTH, max_per_file=1)
        runs: dict[str, list[str]] = {}
        seconds: list[float] = []
        for query, text in texts.items():
            start = time.perf_counter()
            runs[query] = [hit.doc_id for hit in store.query(text, config).hits]
            seconds.append(time.perf_counter() - start)
        row = Row(NAME, f"{collection.name}, {mode}", "embedctl", "nDCG@10", mean_ndcg(runs, qrels), "")
        yield row
        yield from latency_rows(row, seconds[1:])


def mean_ndcg(runs: Mapping[str, Sequence[str]], qrels: Mapping[str, Mapping[str, int]]) -> float:
    """Return the mean nDCG@10 of rankings of documents, by query."""
    return float(run_values([METRIC], runs, {query: qrels[query] for query in runs}).mean())
