"""Parts that go on under a new number, with what is good of their files, and without what is damaged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .. import encoders
from ..records import Outcome
from ..stages.chunk import cut_part
from ..stages.compact import with_live_rows
from ..store.files import link_or_copy, write_table
from ..store.ledger import FileKey, FileState, read_ledger
from ..store.live_documents import LiveDocuments
from ..store.manifest import Part
from ..store.parts import chunk_columns, write_chunks
from ..store.vectors import with_sample
from . import salvage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..contracts import Reporter
    from ..store.manifest import FileRecord, FilesRecord, Manifest, SampleRecord
    from ..store.writer import Writer
    from .findings import DoctorReport, RepairPlan

UNREAD = 0
"""Part up to which a ledger knows what there is, until the sources have been read again: none."""
LOST_REASON = "its part of the store was damaged; it is read again as soon as it is there"
"""What the ledger says of a file until it is read again."""


@dataclass
class PartRepair:
    """Replaces the damaged parts of a store; what is lost of them is left to the stages of the pipeline.

    Vectors of damaged parts are kept as sampled vectors, where ``embed`` finds them, until the end of the repair.
    """

    writer: Writer
    plan: RepairPlan
    report: DoctorReport
    reporter: Reporter
    lost_names: set[str] = field(default_factory=set)
    """``source:doc_id`` of the documents in damaged parts, as far as anything told."""
    expected: dict[FileKey, int] = field(default_factory=dict)
    """File that lost documents -> documents that it had."""
    all_files: bool = False
    """Whether all files of the sources are to be looked at: it is not known which ones lost documents."""
    _donated: list[SampleRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layout = self.writer.layout

    def embeddings(self, part: Part) -> None:
        """Let a part go on without a damaged file of vectors, and keep those that can be read."""
        number = self.writer.manifest.next_part
        files = [self._link(self.layout.chunks, part, number)]
        kept = self._go_on(part, part.chunks, salvage.texts_of(self.layout, part), files)
        rows = sum(record.rows for record in self._vector_files(part, damaged=True))
        self.report.done.append(f"Part {part.number} goes on as part {number}: {kept:,} of {rows:,} vectors were kept.")

    def chunks(self, part: Part) -> None:
        """Cut a part again.

        Where that gives the same file, byte for byte, the vectors are still those of its rows; else those vectors are
        kept of whose text the hash can still be read.
        """
        number = self.writer.manifest.next_part
        again = self._cut_alike(part, number)
        if again is None:
            texts, files = salvage.saved_texts(self.layout, part), []
        else:
            texts = salvage.texts_of(self.layout, Part(number, part.documents, again))
            files = [self.layout.chunks(number)]
        self._go_on(part, again, texts, files)
        how = "its chunks are the same as they were" if again else "it is cut again"
        self.report.done.append(f"Part {part.number} goes on as part {number}: {how}.")

    def _go_on(self, part: Part, chunks: FileRecord | None, texts: salvage.Saved, files: list[Path]) -> int:
        """Commit a part of the same documents and ``chunks`` under the next number; return how many vectors are kept.

        With the same chunks, it has the sound files of vectors, too.
        """
        manifest = self.writer.manifest
        fresh = Part(manifest.next_part, part.documents, chunks, dead=part.dead)
        files.append(self._link(self.layout.documents, part, fresh.number))
        if chunks:
            fresh = replace(fresh, vectors=self._sound_vectors(part))
            places = [partial(self.layout.embeddings, made_with) for made_with in salvage.vector_files(fresh)]
            files += [self._link(place, part, fresh.number) for place in places]
        manifest, donated, kept = self._donate(manifest, part, texts, self._vector_files(part, damaged=bool(chunks)))
        self.writer.commit(manifest.with_successor(fresh, [part.number]), [*files, *donated])
        return kept

    def _cut_alike(self, part: Part, number: int) -> FileRecord | None:
        """Write the chunks of a part again under a new number; ``None`` where they are not what they were."""
        assert part.chunks is not None
        settings = self.writer.manifest.settings
        tokenizer = encoders.card(settings.model).tokenizer()
        made_with = settings.chunk_fingerprint(tokenizer.fingerprint)
        if part.chunks.made_with != made_with:
            return None  # it was to be cut again anyway
        # When it was cut, documents were alive that have died since; whether all were is not known.
        for dead in dict.fromkeys(((), part.dead)):
            alive = replace(part, dead=dead)
            with self.reporter.stage("chunk", alive.live_documents, "documents") as progress:
                cut = cut_part(self.writer, alive, tokenizer, progress, keep_tokens=settings.fast)
            record = write_chunks(self.layout, number, cut.chunks, made_with)
            if record == part.chunks:
                return record
        self.layout.chunks(number).unlink()
        return None

    def _is_damaged(self, part: Part, record: FileRecord) -> bool:
        """Return whether a file of a part's vectors is damaged."""
        return record.made_with in self.plan.vectors.get(part.number, ())

    def _vector_files(self, part: Part, *, damaged: bool = False) -> list[FileRecord]:
        """Return the files of a part's vectors; ``damaged``: only those that are."""
        files = salvage.vector_files(part).values()
        return [record for record in files if not damaged or self._is_damaged(part, record)]

    def _sound_vectors(self, part: Part) -> dict[str, FileRecord]:
        """Return the records of a part's vectors by field, without the damaged ones."""
        return {name: record for name, record in part.vectors.items() if not self._is_damaged(part, record)}

    def _donate(
        self, manifest: Manifest, part: Part, texts: salvage.Saved, records: Sequence[FileRecord]
    ) -> tuple[Manifest, list[Path], int]:
        """Keep the vectors in ``records`` of chunks that are known, both of which can be read; count them, too."""
        files: list[Path] = []
        kept = 0
        for record in records:
            read = salvage.saved_vectors if self._is_damaged(part, record) else salvage.vectors_of
            saved = read(self.layout, part, record)
            _, mine, theirs = np.intersect1d(texts.rows, saved.rows, assume_unique=True, return_indices=True)
            same = texts.ids[mine] == saved.ids[theirs]
            mine, theirs = mine[same], theirs[same]
            kept += len(mine)
            if len(mine):
                hashes, vectors = texts.values[mine], saved.values[theirs]
                manifest = with_sample(self.layout, manifest, hashes, vectors, record.made_with)
                self._donated.append(manifest.samples[-1])
                files.append(self.layout.sample(manifest.samples[-1].number))
        self._add("salvaged", kept)
        return manifest, files, kept

    def drop_donated(self) -> None:
        """Take the kept vectors away; in a store without a student, also those that an interrupted repair has left."""
        manifest = self.writer.manifest
        stale = manifest.student is None and not manifest.settings.fast
        kept = () if stale else tuple(one for one in manifest.samples if one not in self._donated)
        if kept != manifest.samples:
            self.writer.commit(replace(manifest, samples=kept))

    def documents(self) -> None:
        """Let parts go on with the documents that can be read, and have the files of the others read again.

        In one commit with the ledger, which is what makes a refresh read them.
        """
        if not self.plan.documents:
            return
        manifest = self.writer.manifest
        damaged = [manifest.part(number) for number in self.plan.documents]
        self.lost_names = set().union(*(salvage.saved_names(self.layout, part) for part in damaged))
        files: list[Path] = []
        for part in damaged:
            manifest = replace(manifest, parts=tuple(one for one in manifest.parts if one.number != part.number))
            manifest, made = self._rescued(manifest, part)
            files += made
        record = self._ledger_without(manifest)
        if record:
            manifest = replace(manifest, files=record)
            files.append(self.layout.files(record.number))
        covered = self.writer.manifest.files.covers if record and self.writer.manifest.files else 0
        self.all_files = any(part.number > covered for part in damaged)
        self.writer.commit(manifest, files)

    def _rescued(self, manifest: Manifest, part: Part) -> tuple[Manifest, list[Path]]:
        """Add a part of the documents that can be read, and vectors of the others; return its new files, too."""
        import pyarrow as pa

        kinds = self.plan.parts[part.number]
        known = np.zeros(part.documents.rows, dtype=bool)
        if saved := salvage.saved_documents(self.layout, part):
            known[self._as_cut(part, *saved, kinds)] = True
        known[list(part.dead)] = False
        files: list[Path] = []
        if saved and known.any():
            rows, table = saved
            files.append(self.layout.documents(manifest.next_part))
            record = write_table(files[0], table.filter(pa.array(known[rows])), part.documents.made_with)
            fresh = Part(manifest.next_part, record)
            if part.chunks and "chunks" not in kinds:
                dead = tuple(np.flatnonzero(~known).tolist())
                sound = replace(part, dead=dead, vectors=self._sound_vectors(part))
                fresh, more = with_live_rows(self.layout, fresh, [sound])
                files += more
            manifest = manifest.with_part(fresh)
        kept, live = int(known.sum()), part.live_documents
        if part.vectors:
            texts = (salvage.saved_texts if "chunks" in kinds else salvage.texts_of)(self.layout, part)
            manifest, donated, _ = self._donate(manifest, part, texts, self._vector_files(part))
            files += donated
        told = f"Part {part.number}: {kept:,} of {live:,} documents were kept"
        self.report.done.append(told + (f"; the sources of {live - kept:,} are read again." if kept < live else "."))
        self._add("documents_salvaged", kept)
        return manifest, files

    def _as_cut(self, part: Part, rows: NDArray[np.int64], table: pa.Table, kinds: frozenset[str]) -> NDArray[np.int64]:
        """Return those of ``rows`` that are the documents of this part, as far as its chunks, or their ids, can tell.

        A document without chunks is left out: nothing tells, and there is nothing to find in it.
        """
        ids, sources = table.column("doc_id").to_pylist(), table.column("source").to_pylist()
        if part.chunks is None:
            return rows
        if "chunks" in kinds:
            known = salvage.chunk_names(self.layout, part)
            names = [f"{source}:{doc_id}" for source, doc_id in zip(sources, ids, strict=True)]
            return np.array([row for row, name in zip(rows.tolist(), names, strict=True) if name in known], np.int64)
        texts = dict(zip(rows.tolist(), zip(ids, table.column("text").to_pylist(), strict=True), strict=True))
        right: dict[int, bool] = {}
        for one in chunk_columns(self.layout, part, "doc_row", "doc_id", "start", "end", "text").to_pylist():
            doc_id, text = texts.get(one["doc_row"], (None, ""))
            same = doc_id == one["doc_id"] and text[one["start"] : one["end"]] == one["text"]
            right[one["doc_row"]] = right.get(one["doc_row"], True) and same
        return np.array([row for row in rows.tolist() if right.get(row)], dtype=np.int64)

    def _ledger_without(self, manifest: Manifest) -> FilesRecord | None:
        """Write a ledger in which files that lost documents are to be read again; ``None`` where it is damaged."""
        if self.plan.ledger or manifest.files is None:
            return None
        ledger = read_ledger(self.layout, manifest)
        live = LiveDocuments(self.layout, manifest.parts)
        changes: dict[FileKey, FileState] = {}
        for key, state in ledger.items():
            there = len(live.of_file(*key))
            if there < state.documents:
                unknown = replace(state, mtime_us=0, sha256=None, rows=None, documents=there)
                changes[key] = replace(unknown, outcome=Outcome.FAILED, reason=LOST_REASON)
                self.expected[key] = state.documents
        record = ledger.updated(np.ones(len(ledger), dtype=bool), changes).write(self.layout, manifest)
        return replace(record, covers=UNREAD)

    # --- small steps

    def _add(self, name: str, amount: int) -> None:
        self.report.counts[name] = self.report.counts.get(name, 0) + amount

    def _link(self, place: Callable[[int], Path], part: Part, number: int) -> Path:
        """Give a good file of a part the name that it has in another."""
        target = place(number)
        link_or_copy(place(part.number), target)
        return target
