"""Checks that take about a second for a million chunks: names, lengths, footers, counts, and the machine."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..arms.kind import Flaw
from ..errors import DamagedError
from ..store.files import reading
from ..store.parts import dead_chunk_rows
from .findings import REPAIR, Finding, Steps
from .named import PARQUET, Named, below, index_pieces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .named import IndexPiece

_READERS = 8


def damaged(named: Named, problem: str) -> Finding:
    """Return the finding that a named file is damaged; ``problem`` is a clause about it."""
    means = named.means if named.current else "The index answers from it until a new one is made."
    return Finding(named.kind, "damage", f"{problem}. {means}", named.name, REPAIR, part=named.part)


def check_files(files: Sequence[Named]) -> Steps:
    """Every named file is there: a regular file, no link, as long as the manifest says.

    Those that queries map have their SHA-256, too, compared unless that was done on this machine since they were
    written; of Parquet files :func:`check_footers` does that.
    """
    broken: set[str] = set()
    for named in files:
        if problem := _problem(named, alone=named.piece in broken):
            broken |= {named.piece} - {""}
            yield damaged(named, problem)
    return f"{len(files):,} files, {sum(named.record.bytes for named in files):,} bytes"


def _problem(named: Named, *, alone: bool) -> str:
    try:
        state = named.path.lstat()
    except FileNotFoundError:
        return "It is missing"
    except OSError as error:
        return f"It cannot be looked at: {error.strerror}"
    if stat.S_ISLNK(state.st_mode):
        return "It is a symbolic link, not the file that was written"
    if not stat.S_ISREG(state.st_mode):
        return "It is no regular file"
    if state.st_size != named.record.bytes:
        return f"It has {state.st_size:,} bytes; the manifest says {named.record.bytes:,}"
    if named.kind not in PARQUET:
        try:
            named.compare(always=False, alone=alone)
        except DamagedError as error:
            return told(error, named.path)
    return ""


def check_footers(files: Sequence[Named]) -> Steps:
    """Every Parquet file opens, and has as many rows as the manifest says."""
    parquet = [named for named in files if named.kind in PARQUET]
    with ThreadPoolExecutor(_READERS) as pool:
        for named, problem in zip(parquet, pool.map(_footer, parquet), strict=True):
            if problem:
                yield damaged(named, problem)
    return f"{len(parquet):,} Parquet files"


def _footer(named: Named) -> str:
    try:
        with reading(named.path, named.record):
            return ""
    except DamagedError as error:
        return told(error, named.path)


def told(error: DamagedError, path: Path) -> str:
    """Return what an error says of a file as a clause without its path and its full stop."""
    text = error.message.removeprefix(f"{path} ").rstrip(".")
    return f"It {text}" if text != error.message.rstrip(".") else text


def check_index(layout: Layout, manifest: Manifest, unreadable: Iterable[int], damaged: Collection[str]) -> Steps:
    """Every piece has all its files, each as long as its rows need, and all pieces have the same rows.

    Only JSON, lengths and headers are looked at: no library opens the index. ``unreadable`` are parts whose chunks
    cannot be counted, ``damaged`` the names of files that are not to be opened.
    """
    record = manifest.index
    if record is None:
        return "no index yet"
    pieces = index_pieces(layout, record)
    for one in pieces:
        if one.unknown:
            yield Finding("index", "warning", f"{one.title}: {one.unknown.message}", one.folder, one.unknown.hint)
        if one.piece.record.rows != record.rows:
            message = f"{one.title} has {one.piece.record.rows:,} rows; the index has {record.rows:,}."
            yield one.finding(Flaw(message))

        def sound(name: str, one: IndexPiece = one) -> bool:
            return name in one.piece.record.files and one.file(name) not in damaged

        yield from map(one.finding, one.examiner.look(one.piece, one.encoder, sound))
    rows, blind = 0, frozenset(unreadable)
    for part in record.parts:
        try:
            rows += part.chunks.rows - len(dead_chunk_rows(layout, part)) if part.chunks else 0
        except DamagedError as error:
            if part.number not in blind:
                path = layout.chunks(part.number)
                message = f"{told(error, path)}."
                yield Finding("chunks", "damage", message, below(layout, path), REPAIR, part=part.number)
            blind |= {part.number}
    if not blind.intersection(part.number for part in record.parts) and rows != record.rows:
        message = f"The index has {record.rows:,} rows; its parts have {rows:,} live chunks."
        yield Finding("index", "damage", message, below(layout, layout.generation(record.generation)), REPAIR)
    names = ", ".join(one.name for one in pieces)
    return f"generation {record.generation}, {record.rows:,} chunks: {names}"


def check_ledger(manifest: Manifest) -> Steps:
    """The ledger counts as many documents as there are live ones in the parts that it covers."""
    files = manifest.files
    if files is None:
        if manifest.parts and manifest.snapshot:
            yield Finding("ledger", "note", "There is none: the last run was interrupted.", None, "embedctl index")
        return "none"
    if manifest.parts and not files.covers:
        message = "Files whose documents were damaged have not been read again yet."
        yield Finding("ledger", "warning", message, None, REPAIR)
        return "the sources are to be read again"
    if any(part.number > files.covers for part in manifest.parts):
        message = "It is older than the newest parts: the last run was interrupted. The next refresh catches up."
        yield Finding("ledger", "note", message, None, "embedctl index")
        return "behind the parts"
    live = sum(part.live_documents for part in manifest.parts)
    counted = sum(counts["documents"] for counts in (files.summary or {}).values())
    if files.summary is not None and counted != live:
        message = f"It counts {counted:,} documents; the parts have {live:,}. The next refresh may miss a change."
        yield Finding("ledger", "warning", message, f"files/{files.number:06d}.parquet", REPAIR)
    return f"{live:,} documents"
