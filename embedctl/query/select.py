"""From a filter to the chunks that it lets through, decided on documents and before any arm is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import UsageError
from ..labels import labels
from ..registry import nearest
from ..sources.describe import path_from_base
from ..spelling import composed
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

_Test: TypeAlias = "tuple[tuple[str, ...], Callable[..., bool]]"
"""A test of a document, and the columns of its row that it takes."""
BUILT_IN = ("doc_id", "source", "path", "title", "media_type", "language", "size", "mtime", "record")
"""What ``--where`` knows of every document; its own metadata of the same name comes first."""


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
            first.append(labels(part.number, begin[begin < end]))
            last.append(labels(part.number, end[begin < end] - 1))
    return LabelSet(np.concatenate(first), np.concatenate(last))


def _tests(manifest: Manifest, config: FilterConfig) -> list[_Test]:
    tests: list[_Test] = []
    roots = {source.name: source.root for source in manifest.sources}
    spelled = {composed(name): name for name in roots}
    for name in config.sources:
        if composed(name) not in spelled:
            raise UsageError(
                f'The store has no source called "{name}".{nearest(name, roots)}', f"It has: {', '.join(roots)}."
            )
    if config.sources:
        tests.append((("source",), frozenset(spelled[composed(name)] for name in config.sources).__contains__))
    if config.paths:
        matches = path_matcher(config.paths)

        @lru_cache(maxsize=10_000)  # the records of one file have one path
        def covered(source: str, path: str) -> bool:
            return matches(path) or matches(path_from_base(roots.get(source, ""), path))

        tests.append((("source", "path"), covered))
    if config.types:
        tests.append((("media_type", "path", "language"), type_matcher(config.types)))
    if config.where.strip():
        tests.append(_where(config.where))
    return tests


def _where(expression: str) -> _Test:
    fulfils, names = parse_where(expression)
    asked = {name.split(".")[0] for name in names}
    built_in = tuple(name for name in BUILT_IN if name in asked)
    columns = tuple("mtime_us" if name == "mtime" else name for name in built_in)
    parsed = lru_cache(maxsize=10_000)(json.loads)  # documents often have their metadata in common

    def passes(metadata: str, *values: Any) -> bool:
        fields = dict(zip(built_in, values, strict=True))
        if "mtime" in fields:
            fields["mtime"] = _iso(fields["mtime"])
        return fulfils({**fields, **parsed(metadata)})

    return ("metadata", *columns), passes


def _iso(mtime_us: int) -> str | None:
    """Return a time as ``--where`` compares it; ``None``, which is unknown, where no calendar has it."""
    try:
        return datetime.fromtimestamp(mtime_us / 1e6, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


def _passing_rows(layout: Layout, part: Part, tests: list[_Test]) -> NDArray[np.int64]:
    names = list(dict.fromkeys(name for columns, _ in tests for name in columns))
    table = read_columns(layout.documents(part.number), part.documents, names)
    values = {name: table.column(name).to_pylist() for name in names}
    dead = frozenset(part.dead)
    rows = [row for row in range(part.documents.rows) if row not in dead]
    for columns, passes in tests:
        tested = [values[name] for name in columns]
        rows = [row for row in rows if passes(*(column[row] for column in tested))]
    return np.asarray(rows, dtype=np.int64)
