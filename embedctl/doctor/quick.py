"""Checks that take about a second for a million chunks: names, lengths, footers, counts, and the machine.

Each check is a generator: it yields findings and returns, in a few words, what it looked at.
"""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..arms.bm25.tantivy_files import DEAD, row_counts
from ..arms.dense.hnsw_file import checked_facts, read_labels
from ..arms.dense.kernels import words
from ..arms.dense.segments import BITS, LABELS, VECTORS
from ..errors import DamagedError
from ..store.files import reading
from ..store.layout import GenerationLayout
from ..store.parts import dead_chunk_rows
from .findings import REPAIR, Finding
from .named import PARQUET, Named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Sequence
    from pathlib import Path

    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Manifest

    Steps = Generator[Finding, None, str]
    _Make = Callable[..., Finding]

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
    index_sound = True
    for named in files:
        if problem := _problem(named, alone=not index_sound):
            index_sound = index_sound and named.kind != "index"
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
    """The generation has all its files, each as long as its rows need, and both arms have the same rows.

    Only JSON, lengths and headers are looked at: no library opens the index. ``unreadable`` are parts whose chunks
    cannot be counted, ``damaged`` the names of files that are not to be opened.
    """
    record = manifest.index
    if record is None:
        return "no index yet"
    folder = layout.generation(record.generation)

    def finding(message: str, file: str = "") -> Finding:
        return Finding("index", "damage", message, _name(layout, folder / file), REPAIR)

    for file, expected in sorted(_expected(record).items()):
        known = record.files.get(file)
        if known is None:
            yield finding("The manifest does not name it, but the index needs it.", file)
        elif expected >= 0 and known.bytes != expected:
            yield finding(f"It has {known.bytes:,} bytes where its rows take {expected:,}.", file)
    yield from _arms(layout, record, finding, damaged)
    rows, blind = 0, frozenset(unreadable)
    for part in record.parts:
        try:
            rows += part.chunks.rows - len(dead_chunk_rows(layout, part)) if part.chunks else 0
        except DamagedError as error:
            if part.number not in blind:
                path = layout.chunks(part.number)
                yield Finding(
                    "chunks", "damage", f"{told(error, path)}.", _name(layout, path), REPAIR, part=part.number
                )
            blind |= {part.number}
    if not blind.intersection(part.number for part in record.parts) and rows != record.rows:
        yield finding(f"The index has {record.rows:,} rows; its parts have {rows:,} live chunks.")
    return f"generation {record.generation}, {record.rows:,} chunks, {len(record.segments)} segments"


def _expected(record: IndexRecord) -> dict[str, int]:
    """Return the files that a generation needs, and how many bytes each must have; -1: any number."""
    dim = record.encoder.dim
    bits = "centre.f32" in record.files
    expected = {"dead.u64": -1, "bm25/meta.json": -1}
    for segment in record.segments:
        folder = f"vectors/{segment.number:06d}"
        expected[f"{folder}/{VECTORS}"] = 2 * dim * segment.rows
        expected[f"{folder}/{LABELS}"] = 8 * segment.rows
        if bits:
            expected[f"{folder}/{BITS}"] = 8 * words(dim) * segment.rows
    if bits:
        expected["centre.f32"] = 4 * dim
    if "hnsw.bin" in record.files:
        expected |= {"hnsw.bin.json": -1, "hnsw.u64": -1}
    return expected


def _arms(
    layout: Layout, record: IndexRecord, finding: _Make, damaged: Collection[str]
) -> Generator[Finding, None, None]:
    files = GenerationLayout(layout.generation(record.generation))

    def sound(*names: str) -> bool:
        return all(name in record.files and _name(layout, files.root / name) not in damaged for name in names)

    dead = record.files["dead.u64"].bytes // 8 if "dead.u64" in record.files else 0
    rows = sum(segment.rows for segment in record.segments) - dead
    if rows != record.rows:
        yield finding(f"The segments have {rows:,} live vectors; the manifest says {record.rows:,}.", "dead.u64")
    try:
        counted = ["bm25/meta.json", *({f"bm25/{DEAD}"} & record.files.keys())]
        live = row_counts(files.bm25)[0] if sound(*counted) else record.rows
        if live != record.rows:
            yield finding(f"BM25 has {live:,} rows; the manifest says {record.rows:,}.", "bm25/meta.json")
    except DamagedError as error:
        yield finding(error.message, "bm25/meta.json")
    except (KeyError, TypeError) as error:
        yield finding(f"It is not what Tantivy writes: {error!r}.", "bm25/meta.json")
    if sound("hnsw.bin", "hnsw.bin.json", "hnsw.u64"):
        try:
            read_labels(files.hnsw, checked_facts(files.hnsw, record.encoder.dim))
        except DamagedError as error:
            yield finding(error.message, files.hnsw.name)


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


def _name(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.root).as_posix()
