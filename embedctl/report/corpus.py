"""The corpus of a store, counted from the manifest, the ledger and some columns of the parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arms.dense.segments import DenseFiles
from ..index.open import require_index
from ..plural import counted
from ..records import Outcome
from ..sources.describe import path_from_base
from ..stages.status import pending
from ..store.files import read_columns
from ..store.ledger import read_ledger
from ..store.parts import chunk_columns, live_chunk_rows
from ..store.row_problems import RowProblems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..store.layout import Layout
    from ..store.manifest import ArmRecord, FileRecord, IndexRecord, Manifest, Part

COUNTED = ("documents", "chunks", "tokens")


class SourceRow(NamedTuple):
    """Contents of one source."""

    name: str
    root: str
    files: int
    failed: int
    skipped: int
    documents: int
    chunks: int
    tokens: int


class KindRow(NamedTuple):
    """Contents of one media type."""

    media_type: str
    documents: int
    chunks: int
    tokens: int


class ProblemRow(NamedTuple):
    """Inputs (files, and rows of record files) that failed, were skipped, or have a note, for one reason."""

    outcome: str
    """``failed``, ``skipped`` or ``indexed``."""
    reason: str
    inputs: int
    example: str
    """Path of the first of them, and its row."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sources of the store, outcomes of their files, and settings."""

    name: str
    """Of the folder in which the store is."""
    snapshot: int
    sources: tuple[SourceRow, ...]
    kinds: tuple[KindRow, ...]
    """Most chunks first."""
    problems: tuple[ProblemRow, ...]
    """Failures first, then by number of inputs, descending."""
    rows: dict[str, int]
    """Rows of record files that ``failed`` and were ``skipped``."""
    pending: dict[str, int]
    """Documents that wait for each stage."""
    facts: tuple[tuple[str, str], ...]
    """Settings of the store, its index and each arm, as name and value."""
    tokens: NDArray[np.int64]
    """Of each live chunk, int64 ``(chunks,)``, in the order of the parts."""

    @property
    def documents(self) -> int:
        """Live documents in the index."""
        return sum(row.documents for row in self.sources)

    @property
    def chunks(self) -> int:
        """Live chunks in the index."""
        return len(self.tokens)


def read_corpus(layout: Layout, manifest: Manifest) -> Corpus:
    """Return what the index of a snapshot answers from, and the outcome of every input file.

    Raises:
        NoStoreError: there is no index yet.
        DamagedError: a part or the ledger is not what was written.
    """
    index = require_index(layout, manifest)
    by_source: Counter[tuple[str, str]] = Counter()
    by_kind: Counter[tuple[str, str]] = Counter()
    tokens = [_count_part(layout, part, {"source": by_source, "media_type": by_kind}) for part in index.parts]
    files, rows, problems = _outcomes(layout, manifest)
    return Corpus(
        name=layout.base.name or str(layout.base),
        snapshot=manifest.snapshot,
        sources=tuple(
            SourceRow(
                source.name,
                source.root,
                *(files[source.name, outcome] for outcome in ("indexed", "failed", "skipped")),
                *(by_source[source.name, what] for what in COUNTED),
            )
            for source in manifest.sources
        ),
        kinds=_kinds(by_kind),
        problems=problems,
        rows=rows,
        pending=pending(manifest),
        facts=_facts(index),
        tokens=np.concatenate([np.empty(0, np.int64), *tokens]),
    )


def _count_part(layout: Layout, part: Part, counts: dict[str, Counter[tuple[str, str]]]) -> NDArray[np.int64]:
    """Add the live rows of a part to the counts by each column, and return the tokens of its live chunks."""
    documents = read_columns(layout.documents(part.number), part.documents, list(counts))
    chunks = chunk_columns(layout, part, "doc_row", "tokens")
    live = live_chunk_rows(layout, part)
    owners = chunks.column("doc_row").to_numpy()[live]
    tokens: NDArray[np.int64] = chunks.column("tokens").to_numpy()[live].astype(np.int64)
    rows = documents.num_rows
    amounts = {
        "documents": ~np.isin(np.arange(rows), list(part.dead)),
        "chunks": np.bincount(owners, minlength=rows),
        "tokens": np.bincount(owners, weights=tokens, minlength=rows),
    }
    for what, amount in amounts.items():
        documents = documents.append_column(what, [amount.astype(np.int64)])
    for column, counter in counts.items():
        sums = documents.group_by(column).aggregate([(what, "sum") for what in amounts])
        for row in sums.to_pylist():
            counter.update({(row[column], what): row[f"{what}_sum"] for what in amounts})
    return tokens


def _kinds(counts: Counter[tuple[str, str]]) -> tuple[KindRow, ...]:
    names = {name for name, _ in counts}
    rows = [KindRow(name, *(counts[name, what] for what in COUNTED)) for name in names]
    return tuple(sorted((row for row in rows if row.documents), key=lambda row: (-row.chunks, row.media_type)))


def _outcomes(
    layout: Layout, manifest: Manifest
) -> tuple[Counter[tuple[str, str]], dict[str, int], tuple[ProblemRow, ...]]:
    """Return files by source and outcome, rows by outcome, and what failed or was skipped by reason."""
    roots = {source.name: source.root for source in manifest.sources}
    files: Counter[tuple[str, str]] = Counter()
    rows = {Outcome.FAILED.value: 0, Outcome.SKIPPED.value: 0}
    inputs: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for (source, path), state in read_ledger(layout, manifest).items():
        place = path_from_base(roots.get(source, ""), path)
        files[source, state.outcome.value] += 1
        problems = list(RowProblems(state.row_problems))
        if state.reason is not None and not (problems and state.bad_rows):
            inputs[key := (state.outcome.value, state.reason)] += 1
            examples.setdefault(key, place)
        for problem in problems:
            rows[problem.outcome.value] += problem.rows
            inputs[key := (problem.outcome.value, problem.reason)] += problem.rows
            examples.setdefault(key, problem.place(place))
    found = [ProblemRow(*key, count, examples[key]) for key, count in inputs.items()]
    return (
        files,
        rows,
        tuple(sorted(found, key=lambda row: (row.outcome != "failed", row.outcome, -row.inputs, row.reason))),
    )


def _arm(record: ArmRecord) -> str:
    """Return the structures of an arm and its size, as a clause."""
    size = _size(record.files.values())
    if record.kind != "dense":
        return f"{record.kind}, {size}"
    files = DenseFiles(Path())
    there = ((files.centre.name, "sign bits"), (files.hnsw.name, "an HNSW graph"))
    beside = [structure for name, structure in there if name in record.files]
    plans = f"exact vectors, {' and '.join(beside)}" if beside else "exact vectors; too few for sign bits or a graph"
    return f"{plans}, {size}"


def _size(files: Iterable[FileRecord]) -> str:
    return f"{sum(file.bytes for file in files) / 1e6:,.1f} MB"


def _facts(index: IndexRecord) -> tuple[tuple[str, str], ...]:
    settings, encoder = index.settings, index.encoder
    chunk = settings.chunk
    vectors = "an encoder distilled from the model" if encoder.teacher else "the model"
    return (
        ("Model", encoder.model),
        ("Vectors", f"{encoder.dim} dimensions, made by {vectors}"),
        ("Fingerprint of the encoder", encoder.fingerprint),
        ("Chunking", chunk.strategy),
        ("Longest chunk", f"{chunk.size} tokens" if chunk.size else "as long as the encoder reads"),
        ("Overlap", f"{chunk.overlap} tokens"),
        ("Title and headings with each chunk", "yes" if chunk.context else "no"),
        ("Language of BM25", settings.language),
        ("Secrets in texts", settings.secrets),
        ("Index", f"generation {index.generation:,}, {counted(index.rows, 'chunk')}, {_size(index.files.values())}"),
        *((f"Arm {name}", _arm(record)) for name, record in index.arms.items()),
    )
