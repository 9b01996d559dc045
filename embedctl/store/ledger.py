"""What the store knows of its input: one row for each file that its sources met."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from ..records import Outcome
from .files import read_columns, write_table
from .manifest import FilesRecord, Manifest, Part
from .parts import live_documents
from .schemas import files_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..records import FileEntry
    from .layout import Layout

FileKey = tuple[str, str]
"""Source name and path below the source's root."""
Summary = dict[str, dict[str, int]]
"""Source -> how many of its files are ``indexed``, ``skipped`` and ``failed``, how many ``documents`` they gave, and
how many rows of record files are ``rows_skipped`` and ``rows_failed``; older stores lack the last two."""

ROW_GROUP_ROWS = 1 << 16
_SUMMED = {"documents": "documents", "rows_skipped": "skipped_rows", "rows_failed": "bad_rows"}
_FEW = 256
"""So many states are read one by one; when more are asked for, all are read at once."""


@dataclass(frozen=True, slots=True)
class FileState:
    """One file as the last ingest left it."""

    size: int
    mtime_us: int
    """0 when the file was too young to trust its time: it is read again next time."""
    sha256: bytes | None
    """Of its first ``size`` bytes; ``None`` where they were not read, or what was made of them is not certain."""
    outcome: Outcome
    """``INDEXED``, ``SKIPPED`` or ``FAILED``."""
    reason: str | None = None
    """Of a file that is indexed: what of it is not."""
    documents: int = 0
    rows: int | None = None
    """Number of the last row that was read of a record file; ``None`` for other files, and where it is not certain."""
    bad_rows: int = 0
    """Rows of a record file that failed."""
    skipped_rows: int = 0
    row_problems: str | None = None
    """Why, as :class:`RowProblems` writes it."""
    read_by: str | None = None
    """Name and version of the parser; ``None``: an older embedctl did not note it, or nothing has read the file."""
    ctime_us: int | None = None
    """As in ``FileEntry``; ``None``: an older embedctl did not note it."""

    @property
    def noted(self) -> bool:
        """Whether the file is indexed, but not all of it."""
        return self.outcome is Outcome.INDEXED and self.reason is not None


class Ledger:
    """The state of every file.

    Kept as columns, because a store may have a million files of which one has changed.
    """

    def __init__(self, table: pa.Table, covers_all: bool = True) -> None:
        self._table = table
        self._asked = 0
        self.covers_all = covers_all
        """``False``: an interrupted run left parts behind that are newer than the ledger on disk."""

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @staticmethod
    def of(states: Mapping[FileKey, FileState]) -> Ledger:
        """Return a ledger of these files."""
        return Ledger(_table(states))

    @cached_property
    def _rows(self) -> dict[str, dict[str, int]]:
        paths = self._table.column("path").to_pylist()
        column = self._table.column("source").combine_chunks().dictionary_encode()
        codes = column.indices.to_numpy()
        rows: dict[str, dict[str, int]] = {}
        for code, name in enumerate(column.dictionary.to_pylist()):
            of_source = np.flatnonzero(codes == code).tolist()
            rows[name] = dict(zip((paths[row] for row in of_source), of_source, strict=True))
        return rows

    @cached_property
    def stamps(self) -> list[tuple[int, int, int | None]]:
        """Size, time and time of change (``None``: not known) of each file, by row."""
        changed: list[int | None] = [None] * len(self)
        if "ctime_us" in self._table.column_names:
            column = self._table.column("ctime_us")
            changed = column.to_pylist() if column.null_count else column.to_numpy().tolist()
        return list(zip(self._column("size"), self._column("mtime_us"), changed, strict=True))

    def is_same(self, row: int, entry: FileEntry) -> bool:
        """Return whether a file has not changed since it was noted in a row, by what shows without reading it."""
        size, mtime_us, ctime_us = self.stamps[row]
        return size == entry.size and mtime_us == entry.mtime_us and ctime_us in (entry.ctime_us, None)

    def paths(self, source: str) -> Mapping[str, int]:
        """Return the files of one source: path -> row."""
        return self._rows.get(source, {})

    def row(self, key: FileKey) -> int | None:
        """Return the row of a file, or ``None``."""
        return self.paths(key[0]).get(key[1])

    def key(self, row: int) -> FileKey:
        """Return which file a row is about."""
        return self._table.column("source")[row].as_py(), self._table.column("path")[row].as_py()

    def state(self, row: int) -> FileState:
        """Return the state of the file in one row."""
        self._asked += 1
        if self._asked < _FEW:
            return next(_states(self._table.slice(row, 1)))
        return self._states[row]

    @cached_property
    def _states(self) -> list[FileState]:
        return list(_states(self._table))

    def get(self, key: FileKey) -> FileState | None:
        """Return the state of a file, or ``None`` when the store never met it."""
        row = self.row(key)
        return None if row is None else self.state(row)

    def items(self) -> Iterator[tuple[FileKey, FileState]]:
        """Yield every file, sorted by source and path."""
        keys = zip(self._table.column("source").to_pylist(), self._table.column("path").to_pylist(), strict=True)
        yield from zip(keys, _states(self._table), strict=True)

    @cached_property
    def quiet(self) -> list[bool]:
        """Which files are indexed with all their rows: there is nothing to report of them."""
        outcomes = self._table.column("outcome").to_numpy(zero_copy_only=False)
        sound = np.asarray(self._table.column("reason").is_null())
        if "bad_rows" in self._table.column_names:
            sound = sound | (self._table.column("bad_rows").fill_null(1).to_numpy() == 0)
        if "row_problems" in self._table.column_names:
            sound = sound & np.asarray(self._table.column("row_problems").is_null())
        quiet: list[bool] = ((outcomes == Outcome.INDEXED.value) & sound).tolist()
        return quiet

    @cached_property
    def read_by(self) -> dict[str | None, list[int]]:
        """Which rows have been read by each parser and version."""
        if "read_by" not in self._table.column_names:
            return {None: list(range(len(self)))}
        column = self._table.column("read_by").combine_chunks().dictionary_encode(null_encoding="encode")
        codes = column.indices.to_numpy()
        return {name: np.flatnonzero(codes == at).tolist() for at, name in enumerate(column.dictionary.to_pylist())}

    def _counts(self, name: str) -> NDArray[np.int64]:
        """Return a column of counts, int64 ``(len(self),)``; 0 where it is not known."""
        if name not in self._table.column_names:
            return np.zeros(len(self), np.int64)
        counts: NDArray[np.int64] = self._table.column(name).fill_null(0).to_numpy()
        return counts

    @cached_property
    def documents(self) -> list[int]:
        """How many documents each file gave."""
        return self._column("documents")

    def updated(self, kept: NDArray[np.bool_], changes: Mapping[FileKey, FileState]) -> Ledger:
        """Return a ledger of the rows in ``kept``, bool ``(len(self),)``, and of ``changes``."""
        import pyarrow as pa

        if not changes and kept.all():
            return self
        for key in changes:
            if (row := self.row(key)) is not None:
                kept[row] = False
        table = pa.concat_tables([self._table.filter(pa.array(kept)), _table(changes)], promote_options="default")
        return Ledger(table.select(files_schema().names).sort_by([("source", "ascending"), ("path", "ascending")]))

    def summary(self) -> Summary:
        """Return counts for each source."""
        outcomes = self._table.column("outcome").to_numpy(zero_copy_only=False)
        kinds = [kind.value for kind in (Outcome.INDEXED, Outcome.SKIPPED, Outcome.FAILED)]
        result: Summary = {}
        for source, paths in self._rows.items():
            rows = np.fromiter(paths.values(), np.int64, len(paths))
            counts = {kind: int(np.count_nonzero(outcomes[rows] == kind)) for kind in kinds}
            sums = {name: int(self._counts(column)[rows].sum()) for name, column in _SUMMED.items()}
            result[source] = counts | sums
        return result

    def write(self, layout: Layout, manifest: Manifest) -> FilesRecord:
        """Write the ledger as a new file, sorted by source and path, and return its record."""
        number = manifest.files.number + 1 if manifest.files else 1
        record = write_table(layout.files(number), self._table, row_group_rows=ROW_GROUP_ROWS)
        return FilesRecord(number, record, covers=manifest.next_part - 1, summary=self.summary())

    def _column(self, name: str) -> list[int]:
        values: list[int] = self._table.column(name).to_numpy().tolist()
        return values


def read_ledger(layout: Layout, manifest: Manifest) -> Ledger:
    """Return the state of every file.

    Parts that an interrupted run left newer than the ledger are laid over it. What such a run did to record files,
    and what it removed, is not known: what was known of their content no longer counts.
    """
    ledger = Ledger.of({})
    covered = 0
    if manifest.files:
        covered = manifest.files.covers
        ledger = Ledger(read_columns(layout.files(manifest.files.number), manifest.files.file, files_schema().names))
    newer = [part for part in manifest.parts if part.number > covered]
    if not newer:
        return ledger
    laid_over = {
        key: replace(state, mtime_us=0, sha256=None, rows=None)
        for key, state in ledger.items()
        if state.sha256 is None or state.rows is not None or state.documents != 1
    }
    for part in newer:
        laid_over.update(_files_of_part(layout, part))
    merged = ledger.updated(np.ones(len(ledger), dtype=bool), laid_over)
    merged.covers_all = False
    return merged


def _files_of_part(layout: Layout, part: Part) -> dict[FileKey, FileState]:
    names = ("source", "path", "record", "size", "mtime_us", "sha256")
    rows = [row for _, row in live_documents(layout, part, names)]
    documents = Counter((row["source"], row["path"]) for row in rows)
    return {
        key: FileState(row["size"], row["mtime_us"], row["sha256"], Outcome.INDEXED, documents=documents[key])
        for row in rows
        if row["record"] is None and (key := (row["source"], row["path"]))
    }


def _states(table: pa.Table) -> Iterator[FileState]:
    """Yield the state in each row; columns that an older embedctl did not write are at their defaults."""
    names = [field.name for field in fields(FileState) if field.name in table.column_names]
    for values in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        known = dict(zip(names, values, strict=True))
        counts = {name: known.get(name) or 0 for name in ("bad_rows", "skipped_rows")}
        yield FileState(**{**known, **counts, "outcome": Outcome(known["outcome"])})


def _table(states: Mapping[FileKey, FileState]) -> pa.Table:
    import pyarrow as pa

    keys = sorted(states)
    known = [states[key] for key in keys]
    columns: dict[str, list[object]] = {
        "source": [source for source, _ in keys],
        "path": [path for _, path in keys],
        **{field.name: list(map(attrgetter(field.name), known)) for field in fields(FileState)},
    }
    schema = files_schema()
    return pa.Table.from_arrays([pa.array(columns[column.name], column.type) for column in schema], schema=schema)
