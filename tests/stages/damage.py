"""Damaging files of a store, in known places, and asking whether its answers are what they were."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq

import embedctl
from embedctl import QueryConfig
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest, Part
from embedctl.store.writer import read_manifest

QUERIES = ("how often are keys rotated?", "bird number 17 of the meadow", "when do backups run", "lighthouse storm")


def flip(path: Path, offset: int | None = None) -> None:
    """Flip one bit; ``None``: in the middle. The modification time stays, as with a rotten disk."""
    data, before = bytearray(path.read_bytes()), path.stat()
    data[len(data) // 2 if offset is None else offset] ^= 0x10
    rewrite(path, bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip_column(path: Path, column: str, group: int = 0) -> None:
    """Flip a bit in the pages of one column of one row group."""
    metadata = pq.ParquetFile(path).metadata.row_group(group)
    for at in range(metadata.num_columns):
        chunk = metadata.column(at)
        if chunk.path_in_schema.split(".")[0] == column:
            flip(path, chunk.data_page_offset + chunk.total_compressed_size - 3)
            return
    raise AssertionError(f"{path} has no column {column}")


def rewrite(path: Path, data: bytes) -> None:
    """Replace a file's bytes in place: other names of it see them, too."""
    with path.open("r+b") as stream:
        stream.truncate(0)
        stream.write(data)


def garbage(path: Path) -> None:
    """Fill a file with noise, its length unchanged."""
    rewrite(path, b"\xa5\x5a\xff\x00\x7f" * (path.stat().st_size // 5) + b"\xee" * (path.stat().st_size % 5))


def zero_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = len(data) // 3
    data[start : start + 4096] = bytes(len(data[start : start + 4096]))
    rewrite(path, bytes(data))


def truncate(path: Path) -> None:
    rewrite(path, path.read_bytes()[:-7])


def remove(path: Path) -> None:
    path.unlink()


def link(path: Path) -> None:
    target = path.with_name(path.name + ".elsewhere")
    path.rename(target)
    path.symlink_to(target)


def manifest_of(store: embedctl.Store) -> Manifest:
    return read_manifest(Layout(store.path))


def part_with(store: embedctl.Store, documents: int) -> Part:
    """Return the part that has so many documents."""
    return next(part for part in manifest_of(store).parts if part.documents.rows == documents)


def answers(store: embedctl.Store) -> list[list[tuple[str, str, float]]]:
    """Return id, text and cosine of the hits of some queries, by every mode; those of one score by their ids."""
    fresh = embedctl.open(store.path)
    configs = (QueryConfig(n=5), QueryConfig(n=5, mode="bm25"), QueryConfig(n=5, mode="dense"))
    found = [fresh.query(query, config).hits for query in QUERIES for config in configs]
    return [
        [
            (hit.id, hit.text, round(hit.scores["cosine"] or 0, 3))
            for hit in sorted(hits, key=lambda hit: (-hit.score, hit.id))
        ]
        for hits in found
    ]
