"""Reading everything: checksums of all files, and what must hold between the rows of a part."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DamagedError
from ..records import NORM_OFF
from ..store.files import iter_batches, read_columns
from ..store.parts import as_vectors, chunk_columns, read_vectors
from .findings import REPAIR, Finding, Kind
from .named import below
from .quick import damaged, told

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from ..contracts import Progress, Vectors
    from ..store.layout import Layout
    from ..store.ledger import Ledger
    from ..store.manifest import FilesRecord, Manifest, Part
    from .named import Named

    Steps = Generator[Finding, None, str]

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

    Memory is bounded by the largest part, and 8 bytes for each chunk of the store.

    Args:
        layout: of the store.
        parts: whose files have their checksums.
        most_tokens: that the encoder reads; ``None``: not known here.
        progress: told of each part.
    """
    seen: list[NDArray[np.int64]] = []
    for part in parts:
        ids: list[str] = []
        for kind, file, problem in _problems(layout, part, most_tokens, ids):
            message = f"It was written wrongly: {problem}. Please report this."
            yield Finding(kind, "damage", message, file, REPAIR, part=part.number)
        hashes = np.sort(np.fromiter(map(hash, ids), np.int64, len(ids)))
        if (hashes[1:] == hashes[:-1]).any():
            message = "It was written wrongly: two of its chunks have one id. Please report this."
            yield Finding(
                "chunks", "damage", message, below(layout, layout.chunks(part.number)), REPAIR, part=part.number
            )
        seen.append(hashes)
        progress.advance()
    every = np.sort(np.concatenate([np.empty(0, np.int64), *seen]))
    if (every[1:] == every[:-1]).any() and not any((one[1:] == one[:-1]).any() for one in seen):
        yield Finding("chunks", "damage", "Chunks of two parts have one id. Please report this.", "chunks")
    return f"{len(parts):,} parts, {len(every):,} live chunks"


def _problems(layout: Layout, part: Part, most_tokens: int | None, ids: list[str]) -> Iterator[tuple[Kind, str, str]]:
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
        yield "chunks", below(layout, layout.chunks(part.number)), problem.format(first)
    for record in part.vectors.values():
        path = layout.embeddings(record.made_with, part.number)
        table = read_columns(path, record, ("chunk_id", "vector"))
        for problem in _vector_problems(
            table.column("chunk_id").to_pylist(), every, as_vectors(table.column("vector"))
        ):
            yield "embeddings", below(layout, path), problem


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


def _vector_problems(ids: list[str], chunk_ids: list[str], vectors: Vectors) -> Iterator[str]:
    if ids != chunk_ids:
        yield "its rows are not those of the chunks"
    if (bad := first_bad(vectors)) is not None:
        yield f"vector {bad} is not of unit norm"


def good_vectors(vectors: Vectors) -> NDArray[np.bool_]:
    """Return which rows are finite and of unit norm, bool ``(n,)``."""
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
        good: NDArray[np.bool_] = np.abs(norms - 1.0) < NORM_OFF
    return good


def first_bad(vectors: Vectors) -> int | None:
    """Return the first row that is not finite, or not of unit norm."""
    bad = np.flatnonzero(~good_vectors(vectors))
    return int(bad[0]) if len(bad) else None


def check_ledger_rows(manifest: Manifest, files: FilesRecord, ledger: Ledger, live: Callable[[str, str], int]) -> Steps:
    """The ledger counts for each file the documents that are there; ``live`` counts those of a file."""
    known = 0
    message = ""
    for (source, path), state in ledger.items():
        found = live(source, path)
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
    """A few chunks, embedded again, give the vectors that are stored.

    Args:
        layout: of the store.
        parts: with vectors of that encoder, whose files have their checksums.
        field: whose vectors.
        encode: returns float32 ``(n, dim)``, unit norm.
        sample: how many chunks.
        seed: of the sample.
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


SAME_VECTOR = 0.999
"""Least cosine of a vector to the one that the encoder makes now: runtimes and number formats differ by 0.0001."""
