"""Distilled encoders beside their model: nDCG@10 by share of the chunks, each side of the search, and speed."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import embedctl
from embedctl.config import DEFAULT_MODEL, DistillConfig, Mode, QueryEncoder, RuntimeConfig
from embedctl.encoders import card, student_card

from .bench import SkipError
from .quality import DEPTH, mean_ndcg
from .results import Row
from .stores import collection_store, store_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from embedctl.contracts import Vectors

    from .bench import Bench
    from .collection import Collection

NAME = "distilled"
SHARES = (0.1, 0.3, 1.0)
TEACHER_TEXTS = 256
"""The model is timed on so many texts, drawn evenly; the student on all."""
ARMS: tuple[Mode, ...] = tuple(mode for mode in get_args(Mode) if mode != "bm25")
NEARLY_ALL = 0.99
"""Makes a store that embeds with its student, whatever that learnt from."""


def measure(bench: Bench) -> Iterator[Row]:
    """Distil on every judged collection that is large enough, and answer its queries in each way.

    Raises:
        SkipError: there is no such collection.
    """
    judged = [collection for collection in bench.collections if collection.qrels()]
    large = [
        one for one in judged if len(store_rows(collection_store(bench, one)).texts) >= DistillConfig().least_chunks
    ]
    if not large:
        raise SkipError("No judged collection is large enough to distil from; name one in BEIR's form with --data.")
    for collection in large:
        yield from run(bench, collection)


def run(bench: Bench, collection: Collection) -> Iterator[Row]:
    """Yield the figures of one collection."""
    original = collection_store(bench, collection)
    yield from _answers(collection, original, "documents and queries by the model", "teacher")
    for share in SHARES:
        bench.say(f"{collection.name}: distilling from {share:.0%} of the chunks")
        copy = bench.work / NAME / ".embedctl"
        shutil.rmtree(copy.parent, ignore_errors=True)
        shutil.copytree(original, copy)
        store = embedctl.open(copy)
        report = store.distill(share)
        case = f"student of {share:.0%}"
        assert report.student is not None
        row = Row(NAME, f"{collection.name}, {case}", "embedctl", "cosine held out", report.student["cosine"], "")
        if report.student["held_out"]:
            yield row
        yield replace(row, metric="fit", value=report.seconds["distill"], unit="s")
        yield from _answers(collection, copy, f"{case} for queries, documents by the model", "student")
        settings = embedctl.SettingsRequest(teacher_share=min(share, NEARLY_ALL))
        store.index(settings=settings, rebuild=True, refresh=False)
        yield from _answers(collection, copy, f"{case} for documents, queries by the model", "teacher")
        yield from _answers(collection, copy, f"{case} for both", "student")
        if share == DistillConfig().share:
            yield from _speed(bench, collection, store.student(), store_rows(copy).texts)
    shutil.rmtree(bench.work / NAME, ignore_errors=True)


def _answers(collection: Collection, path: Path, case: str, encoder: QueryEncoder) -> Iterator[Row]:
    store = embedctl.open(path)
    qrels = collection.qrels()
    queries = [(query, text) for query, text in collection.queries().items() if query in qrels]
    for mode in ARMS:
        config = embedctl.QueryConfig(mode=mode, n=DEPTH, max_per_file=1, encoder=encoder)
        runs = {
            query: [hit.doc_id for hit in answer.hits]
            for (query, _), answer in zip(queries, store.query_many(queries, config), strict=True)
        }
        yield Row(NAME, f"{collection.name}, {case}, {mode}", "embedctl", "nDCG@10", mean_ndcg(runs, qrels), "")


def _speed(bench: Bench, collection: Collection, student: Path, texts: list[str]) -> Iterator[Row]:
    """Time the same kind of texts in turns: the model on some, the student on all, from text and from ready tokens."""
    teacher, static = card(DEFAULT_MODEL).open(RuntimeConfig()), student_card(student).open()
    some = texts[:: max(1, len(texts) // TEACHER_TEXTS)]
    tokens = card(DEFAULT_MODEL).tokenizer().token_ids(texts)
    ways: dict[str, tuple[Callable[[], Vectors], int]] = {
        "the model, from text": (lambda: teacher.encode_documents(some), len(some)),
        "the student, from text": (lambda: static.encode_documents(texts), len(texts)),
        "the student, from kept tokens": (lambda: static.encode_tokens(tokens), len(texts)),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(bench.repeat):
        for name, (work, _count) in ways.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    rates = {name: count / best[name] for name, (_, count) in ways.items()}
    for name, rate in rates.items():
        row = Row(NAME, f"{collection.name}, {name}", "embedctl", "rate", rate, "chunks/s", len(texts))
        yield row
        yield replace(row, metric="times the model", value=rate / rates["the model, from text"], unit="")
