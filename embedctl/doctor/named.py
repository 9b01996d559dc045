"""Every file that a manifest names, what it holds, and what it means for answers when it is damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..index.files import check_of
from ..store.verified import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..store.layout import Layout
    from ..store.manifest import FileRecord, Manifest, Part

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
_GRAPH = "Answers do without it: bits or vectors are scanned, which is slower."
_BITS = "Answers do without it: the vectors are scanned, which is slower."
_BM25 = "Answers come from the parts instead: right, but much slower."
_VECTORS = "Answers come from the parts instead: right, but slower."


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
    dim: int = 0
    """Of an index: of its vectors."""

    def compare(self, *, always: bool, alone: bool = False) -> None:
        """Compare it with its record as a query does.

        Args:
            always: read it even if that was done on this machine.
            alone: look at its bytes only, not at what they say of its neighbours.

        Raises:
            DamagedError: it is not what was written.
        """
        also = check_of(self.path, self.dim) if self.kind == "index" and not alone else None
        verify(self.path, self.record, always=always, group=self.group, also=also)

    @property
    def means(self) -> str:
        """What damage to it means for answers, as a sentence."""
        if self.kind != "index":
            return _MEANS[self.kind]
        name = self.path.name
        if name.startswith("hnsw"):
            return _GRAPH
        if name in ("bits.u64", "centre.f32"):
            return _BITS
        return _BM25 if self.path.parent.name == "bm25" else _VECTORS


def named_files(layout: Layout, manifest: Manifest) -> list[Named]:
    """Return every file that ``manifest`` names, each once, parts first, the graph last."""
    found = {named.path: named for named in _named(layout, manifest)}
    return sorted(found.values(), key=lambda named: named.kind == "index" and named.path.name == "hnsw.bin")


def _named(layout: Layout, manifest: Manifest) -> Iterator[Named]:
    def name(path: Path) -> str:
        return path.relative_to(layout.root).as_posix()

    current = {part.number for part in manifest.parts}
    served = manifest.index.parts if manifest.index else ()
    for part in (*(one for one in served if one.number not in current), *manifest.parts):
        yield from _of_part(layout, part, part.number in current)
    for one in served:  # their embeddings may be those of an encoder that the store has left
        if one.embeddings:
            path = layout.embeddings(one.embeddings.made_with, one.number)
            yield Named(path, name(path), one.embeddings, "embeddings", one.number, current=False)
    for part in manifest.parts:
        if part.embeddings:
            path = layout.embeddings(part.embeddings.made_with, part.number)
            yield Named(path, name(path), part.embeddings, "embeddings", part.number)
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
        folder, dim = layout.generation(manifest.index.generation), manifest.index.encoder.dim
        for file, record in manifest.index.files.items():
            yield Named(folder / file, name(folder / file), record, "index", group=folder, dim=dim)


def _of_part(layout: Layout, part: Part, current: bool) -> Iterator[Named]:
    path = layout.documents(part.number)
    yield Named(path, path.relative_to(layout.root).as_posix(), part.documents, "documents", part.number, current)
    if part.chunks:
        path = layout.chunks(part.number)
        yield Named(path, path.relative_to(layout.root).as_posix(), part.chunks, "chunks", part.number, current)
