"""Where each live document lies: what ingest needs to replace and remove documents, at some 20 bytes for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..labels import labels, part_of, row_of, split
from .files import read_columns
from .vectors import as_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from .layout import Layout
    from .manifest import Part

DocumentPlace = tuple[int, int]
"""Part and row."""

_READERS = 4
_MIX = 0x9E3779B97F4A7C15


class LiveDocuments:
    """The live documents of some parts, by the file they came from.

    Files and documents are found by 64-bit hashes (Python's own, which are keyed anew in every process); among a
    million documents two share one with a chance of 3e-8.
    """

    def __init__(self, layout: Layout, parts: Iterable[Part], made_with: str = "") -> None:
        """Read where they are; a record in a part that was made with another ``made_with`` is never the same."""
        self._layout = layout
        self._made_with = made_with
        self._parts = {part.number: part for part in parts}
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(self._files_of, self._parts.values()))
        files = np.concatenate([np.empty(0, np.uint64), *(files for files, _ in found)])
        places = np.concatenate([np.empty(0, np.uint64), *(places for _, places in found)])
        order = np.argsort(files, kind="stable")
        self._files, self._places = files[order], places[order]

    def __len__(self) -> int:
        return len(self._files)

    def of_file(self, source: str, path: str) -> list[DocumentPlace]:
        """Return part and row of every live document that came from one file."""
        return _places(self._slice(source, path))

    def records(self, source: str, path: str, prefix: str) -> LiveRecords:
        """Return the live documents of one record file; their ids are those of the records with ``prefix`` in front."""
        parts = {number: (part, part.documents.made_with == self._made_with) for number, part in self._parts.items()}
        return LiveRecords(self._layout, parts, self._slice(source, path), path, prefix)

    def _slice(self, source: str, path: str) -> NDArray[np.uint64]:
        wanted = _file_hash(source, path)
        first, last = np.searchsorted(self._files, wanted, "left"), np.searchsorted(self._files, wanted, "right")
        return self._places[first:last]

    def _files_of(self, part: Part) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        table = read_columns(self._layout.documents(part.number), part.documents, ("source", "path"))
        sources, source_of = _encoded(table.column("source"))
        paths, path_of = _encoded(table.column("path"))
        pairs = source_of * len(paths) + path_of
        distinct, pair_of = np.unique(pairs, return_inverse=True)
        hashes = [_file_hash(sources[pair // len(paths)], paths[pair % len(paths)]) for pair in distinct.tolist()]
        live = np.delete(np.arange(part.documents.rows, dtype=np.uint64), list(part.dead))
        return np.array(hashes, np.uint64)[pair_of][live], labels(part.number, live)


class LiveRecords:
    """The live documents of one record file, and in which of its rows each was met in this run.

    Serves as ``sources.records.KnownRecords``.
    """

    def __init__(
        self, layout: Layout, parts: dict[int, tuple[Part, bool]], places: NDArray[np.uint64], path: str, prefix: str
    ) -> None:
        """Read them; ``parts`` says of each whether its records count as the same where their content is."""
        self._prefix = prefix
        places = np.sort(places)
        numbers, rows = part_of(places), row_of(places)
        starts = np.flatnonzero(np.diff(numbers, prepend=np.uint64(0)))
        runs = zip(numbers[starts].tolist(), np.split(rows, starts)[1:], strict=True)

        def read(run: tuple[int, NDArray[np.int64]]) -> _Columns:
            part, comparable = parts[run[0]]
            names = ("doc_id", "sha256", "record", "row_hash")
            table = read_columns(layout.documents(part.number), part.documents, names)
            ids, contents, records, hashes = _columns(table, run[1], f"{path}#", bool(prefix))
            return (ids, contents, records, hashes) if comparable else (ids, contents * 0, records, hashes * 0)

        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(read, runs))
        ids, contents, records, hashes = (
            np.concatenate([np.empty(0, kind), *(columns[at] for columns in found)])
            for at, kind in enumerate((np.int64, np.uint64, np.int64, np.uint64))
        )
        order = np.argsort(ids, kind="stable")
        self._ids, self._contents, self._places = ids[order], contents[order], places[order]
        self._records, self._hashes = records[order], hashes[order]
        self._met = np.zeros(len(ids), np.int64)
        self._next = 0

    def __len__(self) -> int:
        return len(self._ids)

    def assume_met(self) -> None:
        """Take every record as met in the row that it had when it was read."""
        self._met = self._records

    @cached_property
    def _by_hash(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Row hashes, ascending, and the records that they belong to."""
        hashed = np.flatnonzero(self._hashes)
        order = hashed[np.argsort(self._hashes[hashed], kind="stable")]
        return self._hashes[order], order

    @cached_property
    def _by_row(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Row hashes and records in the order in which the records were in the file."""
        order = np.argsort(self._records, kind="stable")
        return self._hashes[order], order

    @cached_property
    def _rank(self) -> NDArray[np.int64]:
        """At which place of ``_by_row`` each record is."""
        rank = np.empty(len(self), np.int64)
        rank[self._by_row[1]] = np.arange(len(self))
        return rank

    def meet_next(self, hashes: NDArray[np.uint64], rows: Sequence[int]) -> bool:
        """Note that the records which followed the last match are in these rows; ``False``: they are not, or not all.

        Most rows of a file that changed are in the order that they were in: this spares looking each up.
        """
        known, order = self._by_row
        first, last = self._next, self._next + len(hashes)
        if last > len(order) or not np.array_equal(known[first:last], hashes) or self._met[order[first:last]].any():
            return False
        self._met[order[first:last]] = rows
        self._next = last
        return True

    def match(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return which record each row hash belongs to, -1: none; both ``(rows,)``."""
        known, order = self._by_hash
        if not len(known):
            return np.full(len(hashes), -1, np.int64)
        at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        matches = np.where(known[at] == hashes, order[at], -1)
        if len(found := matches[matches >= 0]):
            self._next = int(self._rank[found[-1]]) + 1
        return matches

    def meet(self, known: int, row: int) -> bool:
        """Note that a record is in this row; ``False``: it was in an earlier one already."""
        if self._met[known]:
            return False
        self._met[known] = row
        return True

    def row_of(self, record_id: str) -> int:
        """Return in which row a record of this id was met; 0: in none yet."""
        at = self._find(self._prefix + record_id)
        return 0 if at is None else int(self._met[at])

    def find(self, doc_id: str, sha256: bytes, row: int) -> tuple[DocumentPlace, bool] | None:
        """Note that a document is in this row; return where it is, and whether its content is ``sha256``.

        ``None``: it is new.
        """
        at = self._find(doc_id)
        if at is None:
            return None
        self._met[at] = row
        same = int(self._contents[at]) == int.from_bytes(sha256[:8], "little")
        return split(int(self._places[at])), same

    def unmet(self) -> list[DocumentPlace]:
        """Return part and row of every document that was in no row."""
        return _places(self._places[self._met == 0])

    def _find(self, doc_id: str) -> int | None:
        if not len(self._ids):
            return None
        wanted = hash(doc_id)
        at = int(self._ids.searchsorted(wanted))
        return at if at < len(self._ids) and self._ids[at] == wanted else None


_Columns = tuple["NDArray[np.int64]", "NDArray[np.uint64]", "NDArray[np.int64]", "NDArray[np.uint64]"]


def _columns(table: pa.Table, rows: NDArray[np.int64], prefix: str, prefixed: bool) -> _Columns:
    """Return hashes of ids, beginnings of contents, record numbers (0: none) and row hashes (0: none) of some rows.

    Rows whose ids do not have the prefix that they should (or have the one that they should not) have no row hash:
    they are to get other ids, although the file spells them as it did.
    """
    import pyarrow.compute as pc

    ids = table.column("doc_id").to_pylist()
    contents = as_hashes(table.column("sha256"))[:, 0]
    records = table.column("record").fill_null(0).to_numpy()
    hashes = np.zeros(len(ids), np.uint64)
    if "row_hash" in table.column_names:
        right = np.asarray(pc.starts_with(table.column("doc_id"), prefix)) == prefixed
        hashes = np.where(right, table.column("row_hash").fill_null(0).to_numpy(), np.uint64(0))
    return np.fromiter(map(hash, ids), np.int64, len(ids))[rows], contents[rows], records[rows], hashes[rows]


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)


def _file_hash(source: str, path: str) -> np.uint64:
    # A uint64, not an int: searching an array for the latter converts all of it to float64.
    return np.uint64((hash(source) * _MIX ^ hash(path)) & 0xFFFFFFFFFFFFFFFF)


def _places(places: NDArray[np.uint64] | Sequence[int]) -> list[DocumentPlace]:
    return [split(int(place)) for place in places]
