"""From a filter to the chunks that it lets through, decided on documents and before any arm is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from ..registry import nearest
from ..sources.describe import path_from_base
from ..store.files import read_columns
from ..store.parts import chunk_columns
from .filters import LabelSet, path_matcher, type_matcher
from .where import parse_where

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..config import FilterConfig
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Manifest, Part

BUILT_IN = ("doc_id", "source", "path", "title", "media_type", "language", "size", "mtime", "record")
"""What ``--where`` knows of every document; its own metadata of the same name comes first."""

_COLUMNS = ("doc_id", "source", "path", "title", "media_type", "language", "size", "mtime_us", "record", "metadata")

Row = dict[str, Any]


def select(layout: Layout, manifest: Manifest, index: IndexRecord, config: FilterConfig) -> LabelSet | None:
    """Return the chunks of the documents that pass ``config``, or ``None`` when it restricts nothing.

    Raises:
        UsageError: the expression is malformed, or names a source that the store does not have.
    """
    tests = _tests(manifest, config)
    if not tests:
        return None
    first: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    last: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    for part in index.parts:
        passing = _passing_rows(layout, part, tests)
        if len(passing):
            owners = chunk_columns(layout, part, "doc_row").column("doc_row").to_numpy()
            begin, end = (np.searchsorted(owners, passing, side) for side in ("left", "right"))  # in document order
            base = np.uint64(part.number) << np.uint64(32)
            first.append(base + begin[begin < end].astype(np.uint64))
            last.append(base + end[begin < end].astype(np.uint64) - np.uint64(1))
    return LabelSet.from_ranges(np.concatenate(first), np.concatenate(last))


def _tests(manifest: Manifest, config: FilterConfig) -> list[Callable[[Row], bool]]:
    tests: list[Callable[[Row], bool]] = []
    if config.sources:
        names = [source.name for source in manifest.sources]
        for name in config.sources:
            if name not in names:
                raise UsageError(
                    f'The store has no source called "{name}".{nearest(name, names)}', f"It has: {', '.join(names)}."
                )
        wanted = frozenset(config.sources)
        tests.append(lambda row: row["source"] in wanted)
    if config.paths:
        roots = {source.name: source.root for source in manifest.sources}
        matches_path = path_matcher(config.paths)
        tests.append(
            lambda row: matches_path(row["path"]) or matches_path(path_from_base(roots[row["source"]], row["path"]))
        )
    if config.types:
        matches_type = type_matcher(config.types)
        tests.append(lambda row: matches_type(row["media_type"], row["path"], row["language"]))
    if config.where.strip():
        predicate = parse_where(config.where)
        tests.append(lambda row: predicate(_fields(row)))
    return tests


def _passing_rows(layout: Layout, part: Part, tests: list[Callable[[Row], bool]]) -> NDArray[np.int64]:
    table = read_columns(layout.documents(part.number), part.documents, _COLUMNS)
    dead = frozenset(part.dead)
    rows = [
        number
        for number, row in enumerate(table.to_pylist())
        if number not in dead and all(test(row) for test in tests)
    ]
    return np.asarray(rows, dtype=np.int64)


def _fields(row: Row) -> Row:
    modified = datetime.fromtimestamp(row["mtime_us"] / 1e6, UTC).isoformat(timespec="seconds")
    return {**{name: row.get(name) for name in BUILT_IN}, "mtime": modified, **json.loads(row["metadata"])}
