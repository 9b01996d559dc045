"""The pieces of an index generation: its arms, and what hits show, each of a kind that builds and opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..arms import ARMS
from ..store.files import describe_file
from ..store.piece import Piece

if TYPE_CHECKING:
    from pathlib import Path

    from ..arms.kind import ArmKind, ArmWork
    from ..store.layout import Layout
    from ..store.manifest import ArmRecord, FileRecord, IndexRecord

PAYLOADS = "rows"
"""Name of the piece that hits show; no arm can have it."""


def kind_of(name: str) -> ArmKind:
    """Return the kind called ``name``; the rows are one, too.

    Raises:
        UsageError: there is none.
    """
    if name == PAYLOADS:
        from .rows import ROWS

        return ROWS
    kind: ArmKind = ARMS.load(name)
    return kind


def pieces(index: IndexRecord) -> dict[str, ArmRecord]:
    """Return the records of all pieces by name; formats up to 3 have no rows of their own."""
    return {**index.arms, **({PAYLOADS: index.payloads} if index.payloads else {})}


def piece(layout: Layout, index: IndexRecord, record: ArmRecord) -> Piece:
    """Return the files of one piece."""
    encoder = index.encoders[record.field] if record.field else None
    kind = kind_of(record.kind)
    version = f"{record.kind} {encoder.dim if encoder else 0}"
    return Piece(layout.generation(index.generation), record, kind.checks(encoder), version)


def described(work: ArmWork) -> tuple[dict[str, FileRecord], list[Path]]:
    """Return the files of a piece that was built, and those that are new: a linked one is described already."""
    files: dict[str, FileRecord] = {}
    fresh: list[Path] = []
    before = work.previous
    for path in sorted(path for path in work.folder.rglob("*") if path.is_file()):
        name = path.relative_to(work.folder).as_posix()
        known = before.record.files.get(name) if before else None
        if before and known and (before.folder / name).exists() and (before.folder / name).samefile(path):
            files[name] = known
            continue
        files[name] = describe_file(path)
        fresh.append(path)
    return files, fresh
