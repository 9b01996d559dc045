"""Documents to make queries from: sampled evenly over sources and folders, with their chunks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from ...labels import label, labels, split
from ...records import Markup
from ...store.files import read_columns
from ...store.parts import chunk_columns, live_documents
from ...store.vectors import as_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from ...store.layout import Layout
    from ...store.manifest import Part

Number = TypeVar("Number", np.int64, np.uint64)

_COLUMNS = (np.uint64, np.int64, np.uint64, np.int64, np.int64, np.uint64)
"""Types of the columns of :func:`_look`."""
_DOCUMENT = ("doc_id", "source", "path", "record", "title", "markup")


@dataclass(frozen=True, slots=True)
class SampledChunk:
    """One chunk of a sampled document."""

    label: int
    """Part number in the upper 32 bits, chunk row in the lower."""
    text: str
    heading: tuple[str, ...]
    context: str
    """Empty, or one line with its line break; the encoder reads it before the text."""
    copied: bool
    """Another chunk of the corpus is the same."""


@dataclass(frozen=True, slots=True)
class SampledDocument:
    """One document and its chunks, in order."""

    doc_id: str
    source: str
    path: str
    title: str
    prose: bool
    """No code."""
    chunks: tuple[SampledChunk, ...]


class DocumentSurvey(NamedTuple):
    """Figures of all live documents."""

    keys: NDArray[np.uint64]
    """Of the documents, spread evenly over folders: the first of each folder, then the second of each, and so on."""
    titles: NDArray[np.int64]
    """Hashes of the titles that several documents have, ascending."""
    headings: NDArray[np.int64]
    """Hashes of the headings that several documents have, ascending."""
    copies: NDArray[np.uint64]
    """First bytes of the SHA-256 of chunks that there are several of, ascending."""


def survey(layout: Layout, parts: Sequence[Part], seed: int) -> DocumentSurvey:
    """Look once at every live document: 8 bytes are kept of each, and 8 of each chunk and heading."""
    found: list[tuple[Any, ...]] = [((),) * len(_COLUMNS), *(_look(layout, part, seed) for part in parts)]
    keys, folders, order, titles, headings, copies = (
        np.concatenate([np.array(batch, kind) for batch in column])
        for column, kind in zip(zip(*found, strict=True), _COLUMNS, strict=True)
    )
    return DocumentSurvey(_evenly(keys, folders, order), *map(_several, (titles, headings, copies)))


def _look(layout: Layout, part: Part, seed: int) -> tuple[Any, ...]:
    """Return keys, folders, places in a shuffled order and titles of live documents; headings and texts of chunks."""
    documents = dict(live_documents(layout, part, _DOCUMENT))
    chunks = chunk_columns(layout, part, "doc_row", "heading", "sha256")
    owners = chunks.column("doc_row").to_numpy()
    live = np.flatnonzero(~np.isin(owners, np.asarray(part.dead, dtype=owners.dtype)))
    return (
        labels(part.number, np.array(list(documents), np.uint64)),
        [hash((one["source"], _folder(one["path"], one["record"]))) for one in documents.values()],
        [number_of(seed, one["source"], one["doc_id"]) for one in documents.values()],
        [folded(one["title"]) for one in documents.values() if one["title"]],
        [folded(heading) for heading in _headings(chunks, set(live.tolist()))],
        as_hashes(chunks.column("sha256"))[live, 0],
    )


def read_documents(layout: Layout, parts: Sequence[Part], known: DocumentSurvey, most: int) -> list[SampledDocument]:
    """Return the first ``most`` documents of a survey with their chunks, in its order."""
    wanted = known.keys[:most].tolist()
    by_part: dict[int, list[int]] = {}
    for number, row in map(split, wanted):
        by_part.setdefault(number, []).append(row)
    found: dict[int, SampledDocument] = {}
    for part in parts:
        if rows := by_part.get(part.number):
            found |= _read(layout, part, rows, known.copies)
    return [found[key] for key in wanted]


def folded(name: str) -> int:
    """Return a hash of a title or heading, the same for names that differ in case and blanks only."""
    return hash(" ".join(name.split()).casefold())


def number_of(*names: object) -> int:
    """Return 64 bits that depend on nothing but the names, the same on every machine."""
    told = "\0".join(map(str, names)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "little")


def is_among(number: int, numbers: NDArray[np.int64]) -> bool:
    """Return whether a hash is one of those."""
    at = int(np.searchsorted(numbers, number))
    return at < len(numbers) and int(numbers[at]) == number


def _read(
    layout: Layout, part: Part, rows: list[int], copies: NDArray[np.uint64]
) -> Iterator[tuple[int, SampledDocument]]:
    """Yield part and row as one number, and the document."""
    table = read_columns(layout.documents(part.number), part.documents, _DOCUMENT).take(rows).to_pylist()
    chunks = chunk_columns(layout, part, "doc_row", "text", "heading", "context", "sha256")
    owners = chunks.column("doc_row").to_numpy()
    mine = np.flatnonzero(np.isin(owners, np.asarray(rows, dtype=owners.dtype)))
    chosen = chunks.take(mine)
    copied = np.isin(as_hashes(chosen.column("sha256"))[:, 0], copies).tolist()
    of_document: dict[int, list[SampledChunk]] = {row: [] for row in rows}
    for row, chunk, is_copy in zip(mine.tolist(), chosen.to_pylist(), copied, strict=True):
        sampled = SampledChunk(
            label(part.number, row), chunk["text"], tuple(chunk["heading"]), chunk["context"], is_copy
        )
        of_document[chunk["doc_row"]].append(sampled)
    for row, fields in zip(rows, table, strict=True):
        source, path, prose = fields["source"], fields["path"], fields["markup"] != Markup.CODE
        chunks_of = tuple(of_document[row])
        document = SampledDocument(fields["doc_id"], source, path, fields["title"] or "", prose, chunks_of)
        yield label(part.number, row), document


def _folder(path: str, record: int | None) -> str:
    return path if record is not None else PurePosixPath(path).parent.as_posix()


def _evenly(keys: NDArray[np.uint64], folders: NDArray[np.int64], order: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the keys by their place in their folder, then by ``order``; in a folder, too, they stand by ``order``."""
    if not len(keys):
        return keys
    by_folder = np.lexsort((keys, order, folders))
    ordered = folders[by_folder]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    places = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    return keys[by_folder[np.lexsort((keys[by_folder], order[by_folder], places))]]


def _headings(chunks: pa.Table, live: set[int]) -> list[str]:
    """Return each heading of each live document once, as often as there are documents."""
    owners, paths = chunks.column("doc_row").to_pylist(), chunks.column("heading").to_pylist()
    pairs = {(owners[row], heading) for row in live for heading in paths[row]}
    return [heading for _, heading in pairs]


def _several(numbers: NDArray[Number]) -> NDArray[Number]:
    values, counts = np.unique(numbers, return_counts=True)
    return values[counts > 1]
