"""The same data and the same model in LanceDB and in txtai, turn by turn with embedctl.

The scripts in ``others/`` are run by an interpreter that has those engines; they share no code with embedctl.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import embedctl
from embedctl.config import DEFAULT_MODEL
from embedctl.encoders.model_folder import resolve

from . import building, latency
from .bench import SkipError
from .processes import embedctl as command
from .processes import watch
from .quality import DEPTH, mean_ndcg
from .results import Row, latency_rows
from .stores import collection_store, indexed_store, part_files, queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .bench import Bench
    from .processes import Watched

NAME = "comparison"
ASKED, TOGETHER = 100, 300
"""Queries of a session one after the other, and at once."""
OPENING = 10
"""First queries of a session, which open what is opened late, that are left out."""
COLD = 3
"""Cold runs of each engine at most: the others take seconds."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One of the others."""

    name: str
    module: str
    script: Path

    def build(self, database: Path, parts: Path) -> list[str]:
        """Return the arguments that make an index of Parquet parts."""
        model = [str(model_folder())] if self.module == "txtai" else []
        return [str(self.script), "build", str(database), *model, str(parts)]

    def ask(self, kind: str, database: Path, asked: str) -> list[str]:
        """Return the arguments that ask one question, or hold a session."""
        return [str(self.script), kind, str(database), str(model_folder()), asked]


_SCRIPTS = Path(__file__).parent / "others"
ENGINES = (
    Engine("LanceDB", "lancedb", _SCRIPTS / "lancedb_hybrid.py"),
    Engine("txtai", "txtai", _SCRIPTS / "txtai_hybrid.py"),
)


def measure(bench: Bench, size: int) -> Iterator[Row]:
    """Measure every engine on a generated store of ``size`` chunks.

    Raises:
        SkipError: no other engine can be imported, or the store is larger than asked for.
    """
    if size > bench.largest_other:
        raise SkipError(f"Other engines are measured up to {bench.largest_other:,} chunks; --largest-other says so.")
    engines = available(bench)
    row = Row(NAME, building.BUILD, "embedctl", "", 0.0, "", size)
    yield from building.built_rows(row, building.build(bench, size))
    store = indexed_store(bench, size)
    databases = {}
    for engine in engines:
        bench.say(f"{size:,} chunks: {engine.name} indexes")
        databases[engine] = bench.work / f"{engine.module}-{size}"
        built = build(bench, engine, store, databases[engine])
        yield from building.built_rows(replace(row, engine=engine.name), built)
    texts = queries(bench, bench.queries)
    yield from _cold(bench, store, databases, texts, size)
    yield from _sessions(bench, store, databases, texts, size)


def measure_quality(bench: Bench) -> Iterator[Row]:
    """Measure nDCG@10 of every engine on the collections that have judgements, documents by their best chunk."""
    judged = [collection for collection in bench.collections if collection.qrels()]
    engines = available(bench)
    if not judged:
        raise SkipError("No collection has judgements; name one in BEIR's form with --data.")
    for collection in judged:
        store = collection_store(bench, collection)
        qrels = collection.qrels()
        texts = {query: text for query, text in collection.queries().items() if query in qrels}
        row = Row("others-quality", f"{collection.name}, hybrid", "embedctl", "nDCG@10", 0.0, "")
        opened = embedctl.open(store)
        config = embedctl.QueryConfig(n=DEPTH, max_per_file=1)
        runs = {query: [hit.doc_id for hit in opened.query(text, config).hits] for query, text in texts.items()}
        yield replace(row, value=mean_ndcg(runs, qrels))
        for engine in engines:
            bench.say(f"{collection.name}: {engine.name}")
            database = bench.work / f"{engine.module}-{collection.name}"
            build(bench, engine, store, database)
            answered = hold_session(bench, engine, database, [], [], list(texts.values()))
            ranked = [best_documents(run) for run in answered["runs"]]
            runs = dict(zip(texts, ranked, strict=True))
            yield replace(row, engine=engine.name, value=mean_ndcg(runs, qrels))


def available(bench: Bench) -> list[Engine]:
    """Return the engines that the other interpreter has.

    Raises:
        SkipError: it has none.
    """
    found = [engine for engine in ENGINES if _imports(bench.others_python, engine.module)]
    for engine in ENGINES:
        if engine not in found:
            bench.say(f"{bench.others_python} has no {engine.name}, which is left out")
    if not found:
        raise SkipError(
            'The interpreter has neither LanceDB nor txtai; "make bench-others" makes one that does, '
            "and --others-python names another."
        )
    return found


@cache
def _imports(python: str, module: str) -> bool:
    tried = subprocess.run([python, "-c", f"import {module}"], check=False, capture_output=True)
    return tried.returncode == 0


def build(bench: Bench, engine: Engine, store: Path, database: Path) -> Watched:
    """Let an engine index the parts of a store."""
    shutil.rmtree(database, ignore_errors=True)
    parts = bench.work / "parts.json"
    parts.write_text(json.dumps([[str(chunks), str(vectors)] for chunks, vectors in part_files(store)]))
    return watch([bench.others_python, *engine.build(database, parts)])


def hold_session(
    bench: Bench, engine: Engine, database: Path, asked: Sequence[str], together: Sequence[str], judged: Sequence[str]
) -> dict[str, Any]:
    """Let an engine answer queries in one process; see its script for what comes back."""
    wanted, answered = bench.work / "asked.json", bench.work / "answered.json"
    wanted.write_text(
        json.dumps({"queries": list(asked), "batch": list(together), "judged": list(judged), "depth": DEPTH})
    )
    watch([bench.others_python, *engine.ask("session", database, str(wanted))], str(answered))
    lines = answered.read_text(encoding="utf-8").splitlines()
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def best_documents(chunk_ids: Sequence[str]) -> list[str]:
    """Return the documents of a ranking of chunks (``source:document#ordinal``), each at its best chunk's place."""
    documents = (chunk.rsplit("#", 1)[0].split(":", 1)[1] for chunk in chunk_ids)
    return list(dict.fromkeys(documents))


def model_folder() -> Path:
    """Return the folder of the model that every engine loads."""
    return resolve(DEFAULT_MODEL).path


def _cold(bench: Bench, store: Path, databases: dict[Engine, Path], texts: list[str], size: int) -> Iterator[Row]:
    """Ask one hybrid question in one process, engines taking turns; the first turn, which fills caches, is left out."""
    turns: dict[str, list[Watched]] = {"embedctl": [], **{engine.name: [] for engine in databases}}
    for text in (texts[0], *texts[: min(bench.repeat, COLD)]):
        bench.say(f'{size:,} chunks: "{text[:40]}" in a process of its own, by each engine')
        turns["embedctl"].append(watch(command("query", "--store", store, "--jsonl", "--", text)))
        for engine, database in databases.items():
            turns[engine.name].append(watch([bench.others_python, *engine.ask("query", database, text)]))
    median = {name: statistics.median(ran.seconds for ran in runs[1:]) for name, runs in turns.items()}
    for name, runs in turns.items():
        row = Row(NAME, latency.COLD.format("hybrid"), name, "", 0.0, "", size)
        yield from latency_rows(row, [ran.seconds for ran in runs[1:]])
        yield replace(row, metric="times embedctl", value=median[name] / median["embedctl"], unit="x")
        yield replace(row, metric="peak memory", value=max(ran.peak_bytes for ran in runs[1:]) / 1e6, unit="MB")


def _sessions(bench: Bench, store: Path, databases: dict[Engine, Path], texts: list[str], size: int) -> Iterator[Row]:
    """Ask many hybrid questions of an open index, one by one and all together."""
    asked, together, hybrid = texts[:ASKED], texts[:TOGETHER], latency.Way("hybrid")
    bench.say(f"{size:,} chunks: {len(asked)} queries by embedctl")
    own = latency.session(store, asked, together, hybrid, size, OPENING)
    yield from (replace(row, measurement=NAME) for row in own)
    for engine, database in databases.items():
        bench.say(f"{size:,} chunks: {len(asked)} queries by {engine.name}")
        answered = hold_session(bench, engine, database, asked, together, [])
        row = Row(NAME, latency.SESSION.format("hybrid"), engine.name, "", 0.0, "", size)
        seconds = answered["seconds"][OPENING:]
        yield from latency_rows(row, seconds)
        yield replace(row, metric="rate", value=len(seconds) / sum(seconds), unit="queries/s")
        rate = len(together) / answered["batch_seconds"]
        yield replace(row, case=latency.BATCH.format("hybrid"), metric="rate", value=rate, unit="queries/s")
