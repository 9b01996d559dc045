"""What the store knows of its input: a ledger of files, and where each live document lies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..records import Outcome, files_schema
from .files import read_columns, write_table
from .manifest import FilesRecord, Manifest, Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .layout import Layout

FileKey = tuple[str, str]
"""Source name and path below the source's root."""


@dataclass(frozen=True, slots=True)
class FileState:
    """One file as the last ingest left it."""

    size: int
    mtime_us: int
    """0 when the file was too young to trust its time: it is read again next time."""
    sha256: bytes | None
    outcome: Outcome
    """``INDEXED``, ``SKIPPED`` or ``FAILED``."""
    reason: str | None = None
    documents: int = 0


def read_ledger(layout: Layout, manifest: Manifest) -> dict[FileKey, FileState]:
    """Return the state of every file; parts that an interrupted run left newer than the ledger are laid over it."""
    ledger: dict[FileKey, FileState] = {}
    covered = 0
    if manifest.files:
        covered = manifest.files.covers
        table = read_columns(layout.files(manifest.files.number), manifest.files.file, files_schema().names)
        columns = [table.column(name).to_pylist() for name in table.column_names]
        for source, path, size, mtime_us, sha256, outcome, reason, documents in zip(*columns, strict=True):
            ledger[source, path] = FileState(size, mtime_us, sha256, Outcome(outcome), reason, documents)
    for part in manifest.parts:
        if part.number > covered:
            ledger.update(_files_of_part(layout, part))
    return ledger


def _files_of_part(layout: Layout, part: Part) -> dict[FileKey, FileState]:
    names = ("source", "path", "record", "size", "mtime_us", "sha256")
    table = read_columns(layout.documents(part.number), part.documents, names)
    dead = set(part.dead)
    return {
        (row["source"], row["path"]): FileState(row["size"], row["mtime_us"], row["sha256"], Outcome.INDEXED, None, 1)
        for number, row in enumerate(table.to_pylist())
        if row["record"] is None and number not in dead
    }


def write_ledger(layout: Layout, manifest: Manifest, ledger: dict[FileKey, FileState]) -> FilesRecord:
    """Write the ledger as a new file, sorted by source and path, and return its record."""
    import pyarrow as pa

    number = manifest.files.number + 1 if manifest.files else 1
    keys = sorted(ledger)
    states = [ledger[key] for key in keys]
    table = pa.Table.from_arrays(
        [
            pa.array([source for source, _ in keys], pa.string()),
            pa.array([path for _, path in keys], pa.string()),
            pa.array([state.size for state in states], pa.int64()),
            pa.array([state.mtime_us for state in states], pa.int64()),
            pa.array([state.sha256 for state in states], pa.binary(32)),
            pa.array([state.outcome.value for state in states], pa.string()),
            pa.array([state.reason for state in states], pa.string()),
            pa.array([state.documents for state in states], pa.int64()),
        ],
        schema=files_schema(),
    )
    record = write_table(layout.files(number), table)
    return FilesRecord(number, record, covers=manifest.next_part - 1)


def _hash64(*words: str) -> int:
    joined = "\0".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "little")


class LiveDocuments:
    """Where each live document lies, at 40 bytes a document: ``(source, doc_id)`` -> part and row.

    Documents are found by a 64-bit hash; among a million documents two share one with a chance of 3e-8.
    """

    def __init__(self, layout: Layout, parts: Iterable[Part]) -> None:
        keys: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        files: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        places: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        contents: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        for part in parts:
            columns = ("source", "doc_id", "path", "sha256")
            table = read_columns(layout.documents(part.number), part.documents, columns)
            sources, ids, paths, hashes = (table.column(name).to_pylist() for name in columns)
            live = np.ones(len(ids), dtype=bool)
            live[list(part.dead)] = False
            rows = np.flatnonzero(live)
            keys.append(np.array([_hash64(sources[row], ids[row]) for row in rows], np.uint64))
            files.append(np.array([_hash64(sources[row], paths[row]) for row in rows], np.uint64))
            contents.append(np.array([int.from_bytes(hashes[row][:8], "little") for row in rows], np.uint64))
            places.append((np.uint64(part.number) << np.uint64(32)) | rows.astype(np.uint64))
        key = np.concatenate(keys)
        order = np.argsort(key, kind="stable")
        self._keys = key[order]
        self._files = np.concatenate(files)[order]
        self._places = np.concatenate(places)[order]
        self._contents = np.concatenate(contents)[order]
        self._seen = np.zeros(len(order), dtype=bool)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, source: str, doc_id: str, sha256: bytes) -> tuple[tuple[int, int] | None, bool]:
        """Mark a document as seen; return its part and row (``None``: new), and whether its content is the same."""
        key = np.uint64(_hash64(source, doc_id))
        at = int(np.searchsorted(self._keys, key))
        if at == len(self._keys) or self._keys[at] != key:
            return None, False
        self._seen[at] = True
        place = int(self._places[at])
        same = int(self._contents[at]) == int.from_bytes(sha256[:8], "little")
        return (place >> 32, place & 0xFFFFFFFF), same

    def of_file(self, source: str, path: str, unseen_only: bool = False) -> list[tuple[int, int]]:
        """Return part and row of every live document that came from one file."""
        match = self._files == np.uint64(_hash64(source, path))
        if unseen_only:
            match &= ~self._seen
        return [(int(place) >> 32, int(place) & 0xFFFFFFFF) for place in self._places[match]]
