"""Every file that a manifest names, what it holds, and how its damage changes answers; pieces with their examiners."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..arms.kind import Examiner
from ..errors import UsageError
from ..index.pieces import PAYLOADS, kind_of, piece, pieces
from ..store.piece import Piece
from ..store.verified import FileCheck, verify
from .findings import REPAIR, Finding, NamedKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..arms.kind import Flaw
    from ..store.layout import Layout
    from ..store.manifest import EncoderRecord, FileRecord, IndexRecord, Manifest

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

    root: Path
    """The store's folder."""
    path: Path
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
        """Compare it with its record as a query does: ``always``, or unless that was done on this machine.

        ``alone``: look at its bytes only, not at what they say of its neighbours.

        Raises:
            DamagedError: it is not what was written.
        """
        verify(self.path, self.record, always=always, group=self.group, also=None if alone else self.also)

    @property
    def name(self) -> str:
        """Below the store's folder, POSIX style."""
        return self.path.relative_to(self.root).as_posix()

    @property
    def means(self) -> str:
        """How answers change while it is damaged, as a sentence."""
        return self.instead or _MEANS[self.kind]


def named_files(layout: Layout, manifest: Manifest) -> list[Named]:
    """Return every file that ``manifest`` names, each once: parts first, large files of a piece last."""
    return list({named.path: named for named in _named(layout, manifest)}.values())


def _named(layout: Layout, manifest: Manifest) -> Iterator[Named]:
    current = {part.number for part in manifest.parts}
    served = manifest.index.parts if manifest.index else ()
    named = partial(Named, layout.root)
    for part in (*(one for one in served if one.number not in current), *manifest.parts):
        live = part.number in current
        yield named(layout.documents(part.number), part.documents, "documents", part.number, live)
        if part.chunks:
            yield named(layout.chunks(part.number), part.chunks, "chunks", part.number, live)
    # The index's embeddings may be those of an encoder that the store has left.
    for part, live in (*((one, False) for one in served), *((one, True) for one in manifest.parts)):
        for record in part.vectors.values():
            yield named(layout.embeddings(record.made_with, part.number), record, "embeddings", part.number, live)
    if manifest.files:
        yield named(layout.files(manifest.files.number), manifest.files.file, "ledger")
    for sample in manifest.samples:
        yield named(layout.sample(sample.number), sample.file, "samples")
    if manifest.student:
        folder = layout.student(manifest.student.fingerprint)
        for file, record in manifest.student.files.items():
            yield named(folder / file, record, "student", group=folder)
    if manifest.index:
        yield from _of_index(layout, manifest.index)


def _of_index(layout: Layout, index: IndexRecord) -> Iterator[Named]:
    for one in index_pieces(layout, index):
        for file, record in sorted(one.piece.record.files.items(), key=lambda item: item[1].bytes):
            path = one.piece.folder / file
            also, instead = one.piece.check(path), one.examiner.means(file)
            yield Named(
                layout.root, path, record, "index", group=one.piece.group, piece=one.name, also=also, instead=instead
            )


class IndexPiece(NamedTuple):
    """An arm, or the rows."""

    name: str
    piece: Piece
    encoder: EncoderRecord | None
    examiner: Examiner
    folder: str
    """Below the store's folder, POSIX style."""
    unknown: UsageError | None = None
    """Why its kind cannot be loaded; only its files are checked then."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return "The rows" if self.name == PAYLOADS else f'The arm "{self.name}"'

    def file(self, name: str = "") -> str:
        """Return where one of its files lies below the store's folder, or its folder."""
        return f"{self.folder}/{name}" if name else self.folder

    def finding(self, flaw: Flaw) -> Finding:
        """Return a flaw as damage."""
        return Finding("index", "damage", flaw.message, self.file(flaw.file), REPAIR)


def index_pieces(layout: Layout, index: IndexRecord) -> list[IndexPiece]:
    """Return all pieces of an index, the rows last."""
    generation = layout.generation(index.generation)
    found = []
    for name, record in pieces(index).items():
        encoder = index.encoders[record.field] if record.field else None
        folder = (generation / record.folder).relative_to(layout.root).as_posix()
        try:
            one = IndexPiece(name, piece(layout, index, record), encoder, kind_of(record.kind).examiner(), folder)
        except UsageError as error:
            one = IndexPiece(name, Piece(generation, record, {}, ""), encoder, Examiner(), folder, error)
        found.append(one)
    return found


def below(layout: Layout, path: Path) -> str:
    """Return a path below the store's folder, POSIX style; ``.`` for the folder itself."""
    return path.relative_to(layout.root).as_posix()
