"""Reading everything: checksums of all files, what must hold between the rows of a part, and what an index holds.

Of an index only pieces whose files have their checksums are opened: Tantivy and hnswlib may crash on others.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arms.kind import RECALL_AT, Flaw, Opening
from ..errors import DamagedError, EmbedctlError
from ..index.pieces import PAYLOADS, kind_of
from ..records import NORM_OFF
from ..store.files import iter_batches, read_columns
from ..store.ledger import read_ledger
from ..store.live_documents import LiveDocuments
from ..store.parts import as_vectors, chunk_columns, read_vectors
from .findings import REPAIR, DoctorReport, Finding, Kind, Steps
from .named import below
from .quick import damaged, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contracts import Progress, Vectors
    from ..store.layout import Layout
    from ..store.manifest import FilesRecord, IndexRecord, Manifest, Part
    from .named import IndexPiece, Named

SAME_VECTOR = 0.999
"""Least cosine of a vector to the one that the encoder makes now: runtimes and number formats differ by 0.0001."""
LOW_RECALL = 0.9
"""Below, a new graph or new bits are worth their time."""
_REBUILD = "embedctl index --no-refresh --rebuild"
_CHUNKS = ("chunk_id", "doc_id", "doc_row", "ordinal", "start", "end", "context", "text", "sha256", "tokens")


def check_checksums(files: Sequence[Named], broken: set[str], progress: Progress) -> Steps:
    """Every named file has the SHA-256 that the manifest says; ``broken``: pieces of the index with other damage."""
    for named in files:
        try:
            named.compare(always=True, alone=named.piece in broken)
        except DamagedError as error:
            broken |= {named.piece} - {""}
            yield damaged(named, told(error, named.path))
        progress.advance()
    return f"{len(files):,} files"


def check_parts(layout: Layout, parts: Sequence[Part], most_tokens: int | None, progress: Progress) -> Steps:
    """What must hold between documents, chunks and embeddings of a part, and between parts.

    Memory is bounded by the largest part, and 8 bytes for each chunk of the store. The files of ``parts`` have their
    checksums; ``most_tokens`` is what the encoder reads, ``None``: not known here.
    """
    live = 0
    seen = [np.empty(0, np.int64)]
    for part in parts:
        ids: list[str] = []
        for kind, path, problem in _problems(layout, part, most_tokens, ids):
            message = f"It was written wrongly: {problem}. Please report this."
            yield Finding(kind, "damage", message, below(layout, path), REPAIR, part=part.number)
        live += len(ids)
        seen.append(np.unique(np.fromiter(map(hash, ids), np.int64, len(ids))))
        progress.advance()
    every = np.concatenate(seen)
    if len(np.unique(every)) < len(every):
        yield Finding("chunks", "damage", "Chunks of two parts have one id. Please report this.", "chunks")
    return f"{len(parts):,} parts, {live:,} live chunks"


def _problems(layout: Layout, part: Part, most_tokens: int | None, ids: list[str]) -> Iterator[tuple[Kind, Path, str]]:
    """Yield kind, file and a clause for each rule that a part breaks; the ids of its live chunks go to ``ids``."""
    documents = read_columns(layout.documents(part.number), part.documents, ("source", "doc_id", "text"))
    texts = documents.column("text")
    names = list(zip(documents.column("source").to_pylist(), documents.column("doc_id").to_pylist(), strict=True))
    if part.chunks is None:
        return
    dead, row = frozenset(part.dead), 0
    broken: dict[str, int] = {}
    every: list[str] = []
    text, text_of = "", -1
    for batch in iter_batches(layout.chunks(part.number), part.chunks, _CHUNKS):
        for chunk in batch.to_pylist():
            at = chunk["doc_row"]
            every.append(chunk["chunk_id"])
            if not 0 <= at < len(names):
                broken.setdefault("chunk {} is of a document that is not there", row)
            else:
                if at != text_of:  # the chunks of a document are neighbours
                    text, text_of = texts[at].as_py(), at
                for problem in _chunk_problems(chunk, names[at], text):
                    broken.setdefault(problem, row)
                if at not in dead:
                    ids.append(chunk["chunk_id"])
            if most_tokens is not None and chunk["tokens"] > most_tokens:
                broken.setdefault(f"chunk {{}} is longer than the {most_tokens} tokens that the encoder reads", row)
            row += 1
    for problem, first in broken.items():
        yield "chunks", layout.chunks(part.number), problem.format(first)
    if len(set(ids)) < len(ids):
        yield "chunks", layout.chunks(part.number), "two of its chunks have one id"
    for record in part.vectors.values():
        path = layout.embeddings(record.made_with, part.number)
        table = read_columns(path, record, ("chunk_id", "vector"))
        if table.column("chunk_id").to_pylist() != every:
            yield "embeddings", path, "its rows are not those of the chunks"
        bad = np.flatnonzero(~good_vectors(as_vectors(table.column("vector"))))
        if len(bad):
            yield "embeddings", path, f"vector {bad[0]} is not of unit norm"


def _chunk_problems(chunk: dict[str, Any], document: tuple[str, str], text: str) -> Iterator[str]:
    source, doc_id = document
    if chunk["doc_id"] != doc_id:
        yield "chunk {} has the id of another document"
    elif chunk["chunk_id"] != f"{source}:{doc_id}#{chunk['ordinal']}":
        yield "chunk {} has an id that does not go with its document"
    if text[chunk["start"] : chunk["end"]] != chunk["text"]:
        yield "the text of chunk {} is not that of its document"
    if hashlib.sha256(f"{chunk['context']}{chunk['text']}".encode()).digest() != chunk["sha256"]:
        yield "the hash of chunk {} is not that of its text"


def good_vectors(vectors: Vectors) -> NDArray[np.bool_]:
    """Return which rows are finite and of unit norm, bool ``(n,)``."""
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
        good: NDArray[np.bool_] = np.abs(norms - 1.0) < NORM_OFF
    return good


def check_ledger_rows(layout: Layout, manifest: Manifest, files: FilesRecord) -> Steps:
    """The ledger counts for each file the documents that are there."""
    ledger, live = read_ledger(layout, manifest), LiveDocuments(layout, manifest.parts)
    known = 0
    message = ""
    for (source, path), state in ledger.items():
        found = len(live.of_file(source, path))
        known += found
        if found != state.documents:
            message = f'It counts {state.documents:,} documents of "{path}" ({source}); the parts have {found:,}.'
            break
    total = sum(part.live_documents for part in manifest.parts)
    if not message and known != total:
        message = f"It knows the files of {known:,} documents; the parts have {total:,}."
    if message:
        yield Finding("ledger", "warning", message, f"files/{files.number:06d}.parquet", REPAIR)
    return f"{len(ledger):,} files"


def check_encoded(
    layout: Layout, parts: Sequence[Part], field: str, encode: Callable[[list[str]], Vectors], sample: int, seed: int
) -> Steps:
    """So many chunks of a ``sample``, embedded again, give the vectors of a field that are stored.

    ``parts`` have vectors of that encoder, and files with their checksums; ``encode`` returns float32 ``(n, dim)``,
    unit norm.
    """
    rng = np.random.default_rng(seed)
    ends = np.cumsum([0, *(part.chunks.rows for part in parts if part.chunks)])
    rows = np.sort(rng.choice(ends[-1], min(sample, int(ends[-1])), replace=False)) if ends[-1] else np.empty(0, int)
    worst = 1.0
    for part, (start, end) in zip(parts, pairwise(ends.tolist()), strict=True):
        mine = rows[(rows >= start) & (rows < end)] - start
        if not len(mine):
            continue
        table = chunk_columns(layout, part, "context", "text").take(mine)
        texts = [f"{one['context']}{one['text']}" for one in table.to_pylist()]
        cosines = np.einsum("ij,ij->i", encode(texts), read_vectors(layout, part, field)[mine])
        worst = min(worst, float(cosines.min()))
        if cosines.min() < SAME_VECTOR:
            path = layout.embeddings(part.vectors[field].made_with, part.number)
            message = (
                f"Chunk {mine[cosines.argmin()]}, embedded again, has cosine {cosines.min():.4f} to its stored vector: "
                "the encoder does not work here as it did where the vector was made. Try another --runtime."
            )
            yield Finding("embeddings", "warning", message, below(layout, path))
    return f"{len(rows)} chunks embedded again, least cosine {worst:.5f}"


def check_rows(
    layout: Layout,
    index: IndexRecord,
    pieces: Sequence[IndexPiece],
    parts: Sequence[Part],
    progress: Progress,
    opened: list[tuple[IndexPiece, Any]],
) -> Steps:
    """Every piece holds each live chunk of ``parts`` once, with what the parts say of it.

    The files of ``pieces`` and ``parts`` have their checksums, and the kinds of the pieces are installed. Pieces that
    can be opened, and what their kinds opened, are added to ``opened``.
    """
    for one in pieces:
        yield from map(one.finding, _open(index, one, opened))
    for part in parts:
        for one, arm in opened:
            yield from map(one.finding, one.examiner.check_part(arm, layout, part))
            stored = getattr(arm, "stored", None) if index.payloads is None else None
            if stored is not None:  # up to format 3
                yield from map(one.finding, kind_of(PAYLOADS).examiner().check_part(stored, layout, part))
        progress.advance()
    return f"{index.rows:,} live chunks in {', '.join(one.name for one, _ in opened)}"


def _open(index: IndexRecord, one: IndexPiece, opened: list[tuple[IndexPiece, Any]]) -> Iterator[Flaw]:
    lost: list[Flaw] = []
    opening = Opening(index.settings, one.encoder, lose=lambda error, _instead: lost.append(Flaw(error.message)))
    try:
        arm = kind_of(one.piece.record.kind).open(one.piece, opening)
    except EmbedctlError as error:
        yield Flaw(error.message)
        return
    yield from lost
    rows = getattr(arm, "rows", index.rows)
    if rows != index.rows:
        yield Flaw(f"{one.title} has {rows:,} rows; the index has {index.rows:,}.")
    opened.append((one, arm))


def check_derived(opened: Sequence[tuple[IndexPiece, Any]]) -> Steps:
    """Bits and graphs are those of the vectors."""
    for one, arm in opened:
        yield from map(one.finding, one.examiner.check_derived(arm, one.piece))
    return f"{len(opened)} pieces"


def measure_recall(report: DoctorReport, opened: Sequence[tuple[IndexPiece, Any]], seed: int) -> Steps:
    """Measure recall@10 of the approximate plans of each arm against the exact scan; report that of the first."""
    told = []
    for one, arm in opened:
        measured = one.examiner.recall(arm, seed)
        if measured is None:
            continue
        shares, queries = measured
        if report.recall is None:
            report.recall = {"hnsw": shares.get("hnsw"), "binary": shares.get("binary"), "queries": queries}
        for plan, share in shares.items():
            told.append(f"{one.name} {plan} {share:.3f}")
            if share < LOW_RECALL:
                asked = f"{queries} stored vectors with noise"
                message = f"Recall@{RECALL_AT} of --dense {plan} is {share:.3f} on {asked}."
                yield Finding("index", "warning", message, one.folder, _REBUILD)
    return f"recall@{RECALL_AT}: {', '.join(told)}" if told else "every query is answered by an exact scan"
