"""Every file that a manifest names, what it holds, and how its damage changes answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..store.verified import FileCheck, verify
from .index_pieces import index_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..store.layout import Layout
    from ..store.manifest import FileRecord, IndexRecord, Manifest, Part

NamedKind = Literal["documents", "chunks", "embeddings", "ledger", "index", "samples", "student"]

PARQUET = frozenset({"documents", "chunks", "embeddings", "ledger", "samples"})

_MEANS = {
    "documents": "Queries without filters do not read it; filters, show and the next run do.",
    "chunks": "Queries do not read it; filters, show and the next run do.",
    "embeddings": "Queries do not read it; the next index that is made from it would.",
    "ledger": "Queries do not read it; the next refresh does.",
    "samples": "Answers are not concerned; it is what an encoder is distilled from.",
    "student": "Queries by the model are not concerned; those with --query-encoder student are.",
}


@dataclass(frozen=True, slots=True)
class Named:
    """One file that a manifest names."""

    path: Path
    name: str
    """Below the store's folder, POSIX style."""
    record: FileRecord
    kind: NamedKind
    part: int | None = None
    current: bool = True
    """``False``: only the index answers from this part; the store has another in its place."""
    group: Path | None = None
    """Folder under which queries remember that it was verified; ``None``: the one it is in."""
    piece: str = ""
    """Of an index: the name of the piece that it belongs to."""
    also: FileCheck | None = None
    """What must be right about it besides its bytes."""
    instead: str = ""
    """Of an index: how queries are answered while it is damaged."""

    def compare(self, *, always: bool, alone: bool = False) -> None:
        """Compare it with its record as a query does.

        Args:
            always: read it even if that was done on this machine.
            alone: look at its bytes only, not at what they say of its neighbours.

        Raises:
            DamagedError: it is not what was written.
        """
        verify(self.path, self.record, always=always, group=self.group, also=None if alone else self.also)

    @property
    def means(self) -> str:
        """How answers change while it is damaged, as a sentence."""
        return self.instead or _MEANS[self.kind]


def named_files(layout: Layout, manifest: Manifest) -> list[Named]:
    """Return every file that ``manifest`` names, each once: parts first, large files of a piece last."""
    return list({named.path: named for named in _named(layout, manifest)}.values())


def _named(layout: Layout, manifest: Manifest) -> Iterator[Named]:
    def name(path: Path) -> str:
        return path.relative_to(layout.root).as_posix()

    current = {part.number for part in manifest.parts}
    served = manifest.index.parts if manifest.index else ()
    for part in (*(one for one in served if one.number not in current), *manifest.parts):
        yield from _of_part(layout, part, part.number in current)
    for one in served:  # their embeddings may be those of an encoder that the store has left
        yield from _vectors(layout, one, current=False)
    for part in manifest.parts:
        yield from _vectors(layout, part, current=True)
    if manifest.files:
        path = layout.files(manifest.files.number)
        yield Named(path, name(path), manifest.files.file, "ledger")
    for sample in manifest.samples:
        path = layout.sample(sample.number)
        yield Named(path, name(path), sample.file, "samples")
    if manifest.student:
        folder = layout.student(manifest.student.fingerprint)
        for file, record in manifest.student.files.items():
            yield Named(folder / file, name(folder / file), record, "student", group=folder)
    if manifest.index:
        yield from _of_index(layout, manifest.index)


def _vectors(layout: Layout, part: Part, current: bool) -> Iterator[Named]:
    for record in part.vectors.values():
        path = layout.embeddings(record.made_with, part.number)
        name = path.relative_to(layout.root).as_posix()
        yield Named(path, name, record, "embeddings", part.number, current)


def _of_index(layout: Layout, index: IndexRecord) -> Iterator[Named]:
    for one in index_pieces(layout, index):
        for file, record in sorted(one.piece.record.files.items(), key=lambda item: item[1].bytes):
            path = one.piece.folder / file
            yield Named(
                path,
                one.file(file),
                record,
                "index",
                group=one.piece.group,
                piece=one.name,
                also=one.piece.check(path),
                instead=one.examiner.means(file),
            )


def _of_part(layout: Layout, part: Part, current: bool) -> Iterator[Named]:
    path = layout.documents(part.number)
    yield Named(path, path.relative_to(layout.root).as_posix(), part.documents, "documents", part.number, current)
    if part.chunks:
        path = layout.chunks(part.number)
        yield Named(path, path.relative_to(layout.root).as_posix(), part.chunks, "chunks", part.number, current)
