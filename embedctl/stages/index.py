"""``index``: what is embedded becomes a new generation of both indexes, made from the one before it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import IndexLimits
from ..errors import DamagedError, NoStoreError
from ..records import chunks_schema
from ..retrievers.bm25_writer import Bm25Document, Bm25Writer
from ..retrievers.flat import write_flat
from ..retrievers.hnsw_writer import HnswChange, write_hnsw
from ..store.files import describe_file, iter_batches, link_or_copy, read_columns, sha256_file
from ..store.layout import GenerationLayout, Layout
from ..store.manifest import EncoderRecord, FileRecord, IndexRecord, Manifest, Part
from ..store.parts import dead_chunk_rows, read_vectors
from .compact import compact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..config import StoreSettings
    from ..contracts import Labels, Progress, Reporter, Vectors
    from ..store.handle import Writer
    from .report import RunReport

_DOCUMENT_COLUMNS = ("doc_id", "source", "path", "record", "title", "media_type", "metadata")


def index(writer: Writer, reporter: Reporter, report: RunReport, rebuild: bool = False) -> None:
    """Publish an index of every embedded part; the cost follows what changed since the last one.

    ``rebuild`` makes both indexes from nothing, so that no deleted text is left in any file of theirs.

    Raises:
        NoStoreError: nothing is embedded.
    """
    if not writer.manifest.parts and writer.manifest.encoder is None:
        return  # sources without a single document: there is nothing to index, and nothing is wrong
    with report.timing("index"):
        compact(writer, report)
        change = Change(writer.manifest, rebuild)
        if change.nothing:
            return
        with reporter.stage("index", change.rows, "chunks") as progress:
            record, new_files = _Build(writer, change, reporter, progress).run()
        manifest = replace(writer.manifest, index=record, next_generation=record.generation + 1)
        writer.commit(manifest, new_files)
        report.add("indexed", change.rows)


def labels_of(part: Part, rows: NDArray[Any]) -> Labels:
    """Return the labels of chunk rows of a part: its number in the upper 32 bits."""
    return (np.uint64(part.number) << np.uint64(32)) | rows.astype(np.uint64)


def made_alike(record: IndexRecord, settings: StoreSettings, encoder: EncoderRecord) -> bool:
    """Say whether a generation can be extended: same analysis, same graph parameters, same encoder."""
    old, new = record.settings, settings
    return (old.language, old.hnsw.m, old.hnsw.ef_construction, record.encoder.fingerprint) == (
        new.language,
        new.hnsw.m,
        new.hnsw.ef_construction,
        encoder.fingerprint,
    )


class Change:
    """What an index generation lacks and has too much of, against the parts that are embedded now."""

    def __init__(self, manifest: Manifest, rebuild: bool = False) -> None:
        encoder = manifest.encoder
        if encoder is None:
            raise NoStoreError("Nothing is embedded yet.", 'Run "embedctl embed" first.')
        self.parts = tuple(
            part for part in manifest.parts if part.embeddings and part.embeddings.made_with == encoder.fingerprint
        )
        old = manifest.index
        usable = old is not None and made_alike(old, manifest.settings, encoder) and not rebuild
        self.previous = old if usable else None
        before = {part.number: part for part in old.parts} if old and usable else {}
        now = {part.number for part in self.parts}
        self.added = [part for part in self.parts if part.number not in before]
        self.removed = [part for number, part in before.items() if number not in now]
        self.buried = [
            (part, sorted(set(part.dead) - set(before[part.number].dead)))
            for part in self.parts
            if part.number in before and part.dead != before[part.number].dead
        ]
        self.nothing = usable and not (self.added or self.removed or self.buried)

        self.rows = sum(part.chunks.rows for part in self.added if part.chunks)
        """Chunks to be added."""


class _Build:
    """One generation in the making, in a folder that no manifest names yet."""

    def __init__(self, writer: Writer, change: Change, reporter: Reporter, progress: Progress) -> None:
        self.store: Layout = writer.layout
        self.manifest = writer.manifest
        assert self.manifest.encoder is not None
        self.encoder = self.manifest.encoder
        self.change = change
        self.reporter = reporter
        self.progress = progress
        self.limits = IndexLimits()
        self.generation = self.manifest.next_generation
        self.files = GenerationLayout(self.store.generation(self.generation))
        previous = change.previous
        self.before = GenerationLayout(self.store.generation(previous.generation)) if previous else None
        self.dead = {part.number: dead_chunk_rows(self.store, part) for part in change.parts}

    def run(self) -> tuple[IndexRecord, list[Path]]:
        """Write the generation; return its record and the files to be made durable."""
        shutil.rmtree(self.files.root, ignore_errors=True)  # of a run that was killed here
        self.files.flat(0).parent.mkdir(parents=True)
        rows = sum(part.chunks.rows - len(self.dead[part.number]) for part in self.change.parts if part.chunks)
        self._flat()
        self._hnsw(rows)
        self._bm25(rows)
        written = sorted(path for path in self.files.root.rglob("*") if path.is_file())
        folders = {path.parent for path in written} | {self.files.root}
        record = IndexRecord(
            generation=self.generation,
            settings=self.manifest.settings,
            encoder=self.encoder,
            parts=self.change.parts,
            files={path.relative_to(self.files.root).as_posix(): self._describe(path) for path in written},
            rows=rows,
        )
        return record, [*written, *folders]

    def _describe(self, path: Path) -> FileRecord:
        """Describe a file; one that is linked from the previous generation has been described before."""
        name = path.relative_to(self.files.root).as_posix()
        previous = self.change.previous
        if previous and self.before and name in previous.files:
            old = self.before.root / name
            if old.exists() and old.samefile(path):
                return previous.files[name]
        return describe_file(path)

    def _intact(self, name: str) -> bool:
        """Say whether a file of the previous generation is what was written: hnswlib may crash on one that is not."""
        assert self.before is not None
        assert self.change.previous is not None
        path = self.before.root / name
        return path.exists() and sha256_file(path) == self.change.previous.files[name].sha256

    def _flat(self) -> None:
        old = {part.number for part in self.change.parts} - {part.number for part in self.change.added}
        for part in self.change.parts:
            if self.before and part.number in old:
                link_or_copy(self.before.flat(part.number), self.files.flat(part.number))
            else:
                write_flat(self.files.flat(part.number), read_vectors(self.store, part))
        dead = [labels_of(part, self.dead[part.number]) for part in self.change.parts]
        labels = np.concatenate([np.empty(0, dtype=np.uint64), *dead])
        np.sort(labels).astype("<u8").tofile(self.files.dead)

    def _hnsw(self, rows: int) -> None:
        change = HnswChange(
            dim=self.encoder.dim,
            removed=self._removed_labels(),
            added=lambda: self._vectors(self.change.added),
            added_rows=sum(part.chunks.rows - len(self.dead[part.number]) for part in self.change.added if part.chunks),
            live=lambda: self._vectors(self.change.parts),
            live_rows=rows,
        )
        previous = self.before.hnsw if self.before and self._intact("hnsw.bin") else None
        outcome = write_hnsw(self.files.hnsw, change, self.manifest.settings.hnsw, previous, self.limits.dead_share)
        if outcome.rebuilt and self.before:
            self.reporter.message("detail", f"The HNSW graph was built anew: {outcome.rebuilt}.")

    def _removed_labels(self) -> Labels:
        """Return the labels that the previous generation has alive and this one has not."""
        removed = [np.empty(0, dtype=np.uint64)]
        for part in self.change.removed:
            live = np.ones(part.chunks.rows if part.chunks else 0, dtype=bool)
            live[dead_chunk_rows(self.store, part)] = False
            removed.append(labels_of(part, np.flatnonzero(live)))
        for part, rows in self.change.buried:
            newly = dead_chunk_rows(self.store, replace(part, dead=tuple(rows)))
            removed.append(labels_of(part, newly))
        return np.concatenate(removed)

    def _vectors(self, parts: Sequence[Part]) -> Iterator[tuple[Labels, Vectors]]:
        for part in sorted(parts, key=lambda part: part.number):
            vectors = read_vectors(self.store, part)
            live = np.ones(len(vectors), dtype=bool)
            live[self.dead[part.number]] = False
            rows = np.flatnonzero(live)
            yield labels_of(part, rows), vectors[rows]

    def _bm25(self, rows: int) -> None:
        previous = self.before.bm25 if self.before else None
        language = self.manifest.settings.language
        with Bm25Writer(self.files.bm25, language, self.limits.bm25_heap_bytes, previous) as bm25:
            for part in self.change.removed:
                bm25.delete_part(part.number)
            for part, buried in self.change.buried:
                for row in buried:
                    bm25.delete_document((part.number << 32) | row)
            for part in self.change.added:
                for document in bm25_documents(self.store, part):
                    bm25.add(document)
                    self.progress.advance()
            counted = bm25.commit()
        if counted.live != rows:
            raise DamagedError(
                f"The BM25 index has {counted.live} rows instead of {rows}.",
                'Make both indexes anew with "embedctl index --no-refresh --rebuild".',
            )


def bm25_documents(layout: Layout, part: Part) -> Iterator[Bm25Document]:
    """Yield the live chunks of a part as BM25 sees them, in order."""
    assert part.chunks is not None
    table = read_columns(layout.documents(part.number), part.documents, _DOCUMENT_COLUMNS)
    documents = table.to_pylist()
    dead = frozenset(part.dead)
    label = part.number << 32
    for batch in iter_batches(layout.chunks(part.number), part.chunks, chunks_schema().names):
        for chunk in batch.to_pylist():
            if chunk["doc_row"] not in dead:
                document = documents[chunk["doc_row"]]
                yield Bm25Document(
                    label=label,
                    doc_key=(part.number << 32) | chunk["doc_row"],
                    part=part.number,
                    body=chunk["text"],
                    title=document["title"] or "",
                    headings=tuple(chunk["heading"]),
                    path=document["path"],
                    payload=_payload(document, chunk),
                )
            label += 1


def _payload(document: dict[str, Any], chunk: dict[str, Any]) -> str:
    """Return what a hit shows, named as :class:`~embedctl.records.Hit` names it."""
    shown = {name: chunk[name] for name in ("start_line", "end_line", "page", "heading", "text")}
    shown |= {name: document[name] for name in ("doc_id", "source", "path", "record", "title", "media_type")}
    shown |= {"id": chunk["chunk_id"], "metadata": json.loads(document["metadata"])}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
