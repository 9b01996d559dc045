"""``ingest``: files and records become documents, parts of them at a time."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .. import parsers
from ..config import PartLimits
from ..errors import ParseError, UnsupportedError
from ..records import BadRecord, Document, FileEntry, Outcome, ParsedDocument, Record, SkippedEntry, Source
from ..sources.describe import path_from_base, source_root
from ..sources.records import is_record_file, read_records
from ..store.ledger import FileKey, FileState, LiveDocuments, read_ledger, write_ledger
from ..store.manifest import Part
from ..store.parts import write_documents
from .entries import entries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..contracts import Progress, Reporter
    from ..store.handle import Writer
    from .report import RunReport

YOUNG_US = 2_000_000
"""A file changed this shortly before it was read may change again within the same tick of its clock."""


def ingest(
    writer: Writer,
    sources: Sequence[Source],
    reporter: Reporter,
    report: RunReport,
    reread: Collection[str] = (),
) -> None:
    """Bring the documents of ``sources`` up to date; what other sources gave stays as it is.

    ``reread`` names the sources whose record files are to be read although they have not changed: their column
    names have.

    Every part is committed as it fills, so that an interrupted run loses at most the part it was filling.
    """
    with report.timing("ingest"), reporter.stage("ingest", None, "files") as progress:
        run = _Ingest(writer, report, progress, frozenset(reread))
        for source in sources:
            run.take(source)
        run.finish({source.name for source in sources})


def file_document(source: Source, entry: FileEntry, data: bytes, sha256: bytes) -> Document:
    """Parse one file.

    Raises:
        ParseError, UnsupportedError: with the reason.
    """
    parsed = parsers.parse(data, entry.path)
    return _document(source, entry, parsed, doc_id=entry.path, record=None, sha256=sha256)


def record_document(source: Source, entry: FileEntry, record: Record) -> Document:
    """Make a document of one record; its id is the record's own when the source is that one file."""
    doc_id = record.id if source.only == (entry.path,) else f"{entry.path}#{record.id}"
    canonical = json.dumps(
        [record.id, record.title, record.text, record.metadata], ensure_ascii=False, sort_keys=True
    ).encode("utf-8", "surrogatepass")
    parsed = ParsedDocument(
        text=record.text, media_type="text/plain", title=record.title or None, metadata=record.metadata
    )
    sha256 = hashlib.sha256(canonical).digest()
    return replace(
        _document(source, entry, parsed, doc_id, record.row, sha256), size=len(record.text.encode("utf-8", "replace"))
    )


def _document(
    source: Source, entry: FileEntry, parsed: ParsedDocument, doc_id: str, record: int | None, sha256: bytes
) -> Document:
    return Document(
        doc_id=doc_id,
        source=source.name,
        path=entry.path,
        record=record,
        title=parsed.title,
        text=parsed.text,
        media_type=parsed.media_type,
        markup=parsed.markup.value,
        language=parsed.language,
        encoding=parsed.encoding,
        pages=parsed.pages,
        body_start=parsed.body_start,
        mtime_us=entry.mtime_us,
        size=entry.size,
        sha256=sha256,
        metadata=json.dumps(parsed.metadata, ensure_ascii=False, sort_keys=True),
    )


def read_file(entry: FileEntry) -> bytes:
    """Return a file's bytes.

    Raises:
        UnsupportedError: its name or first bytes say that no parser reads it; the rest was not read.
        ParseError: the operating system refuses it.
    """
    try:
        with Path(entry.absolute).open("rb") as stream:
            head = stream.read(parsers.HEAD_BYTES)
            if not head:
                raise UnsupportedError("empty file")
            parsers.parser_for(entry.path, head)
            return head + stream.read(max(0, 2 * entry.size))  # bounded, should the file grow meanwhile
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error


class _Ingest:
    """One ingest: the part being filled, what it makes dead, and the ledger as it will be."""

    def __init__(self, writer: Writer, report: RunReport, progress: Progress, reread: frozenset[str]) -> None:
        self.writer = writer
        self.report = report
        self.progress = progress
        self.reread = reread
        self.limits = PartLimits()
        self.roots = {source.name: source.root for source in writer.manifest.sources}
        self.before = read_ledger(writer.layout, writer.manifest)
        self.after: dict[FileKey, FileState] = {}
        self.parts_before = writer.manifest.parts
        self.batch: list[Document] = []
        self.batch_bytes = 0
        self.dead: dict[int, set[int]] = {}
        self.unlisted: list[FileKey] = []
        """Folders that could not be listed: what lies below them is not known to be gone."""
        self.added: Counter[bytes] = Counter()
        """Content of new files: what vanished elsewhere with the same content has moved."""

    @cached_property
    def live(self) -> LiveDocuments:
        """The documents before this run; read only when something changed."""
        return LiveDocuments(self.writer.layout, self.parts_before)

    def take(self, source: Source) -> None:
        """Bring one source's documents up to date."""
        root = source_root(source, self.writer.layout.base)
        if not root.is_dir():
            reason = f'the source is not there; its documents stay until "embedctl forget {source.name}"'
            self.report.problem(str(root), Outcome.FAILED, reason)
            self.unlisted.append((source.name, ""))
            return
        for entry in entries(source, self.writer.layout):
            self.progress.advance()
            key = (source.name, entry.path)
            if isinstance(entry, SkippedEntry):
                self._leave_out(key, FileState(0, 0, None, entry.outcome, entry.reason))
                continue
            known = self.before.get(key)
            records = is_record_file(entry.path)
            same = known and (known.size, known.mtime_us) == (entry.size, entry.mtime_us)
            retry = known and known.outcome is Outcome.FAILED
            if known and same and not retry and not (records and source.name in self.reread):
                self._keep(key, known)
            elif records:
                self._take_records(source, entry)
            else:
                self._take_file(source, entry)

    def finish(self, scanned: set[str]) -> None:
        """Bury what vanished from the scanned sources, and commit the rest with the new ledger."""
        vanished: list[FileState] = []
        for key, state in self.before.items():
            if key in self.after:
                continue
            if key[0] not in scanned or self._below_unlisted(key):
                self.after[key] = state
            elif state.documents:
                self._bury(self.live.of_file(*key))
                vanished.append(state)
        for state in vanished:
            if state.sha256 and self.added[state.sha256]:
                self.added[state.sha256] -= 1
                self.report.outcomes[Outcome.ADDED.value] -= 1
                self.report.outcomes[Outcome.MOVED.value] += 1
            else:
                self.report.outcomes[Outcome.DELETED.value] += state.documents
        self._flush()
        if self.after != self.before or self.writer.manifest.files is None:
            manifest = self.writer.manifest
            record = write_ledger(self.writer.layout, manifest, self.after)
            self.writer.commit(replace(manifest, files=record), [self.writer.layout.files(record.number)])

    def _below_unlisted(self, key: FileKey) -> bool:
        return any(key[0] == name and (not top or key[1].startswith(f"{top}/")) for name, top in self.unlisted)

    def _keep(self, key: FileKey, state: FileState) -> None:
        """Nothing changed: the file is what it was, failures included."""
        self.after[key] = state
        if state.outcome is Outcome.INDEXED:
            self.report.outcomes[Outcome.UNCHANGED.value] += state.documents
        if state.outcome is not Outcome.INDEXED or state.reason:
            failed = state.outcome is Outcome.INDEXED
            self._problem(key, Outcome.FAILED if failed else state.outcome, state.reason or "")

    def _problem(self, key: FileKey, outcome: Outcome, reason: str, row: int | None = None) -> None:
        path = path_from_base(self.roots[key[0]], key[1])
        self.report.problem(path if row is None else f"{path}, row {row}", outcome, reason)

    def _leave_out(self, key: FileKey, state: FileState) -> None:
        """Skip or fail a file. What was skipped is no longer searchable; what failed keeps its last good version."""
        before = self.before.get(key)
        reason = state.reason or ""
        if before and before.documents and state.outcome is Outcome.FAILED:
            state = replace(state, documents=before.documents)
            reason += "; the version indexed before stays searchable"
        elif before and before.documents:
            self._bury(self.live.of_file(*key))
            self.report.outcomes[Outcome.DELETED.value] += before.documents
        if state.outcome is Outcome.FAILED:
            self.unlisted.append(key)
        self.after[key] = replace(state, reason=reason)
        self._problem(key, state.outcome, reason)

    def _take_file(self, source: Source, entry: FileEntry) -> None:
        key = (source.name, entry.path)
        known = self.before.get(key)
        state = FileState(entry.size, _trusted(entry.mtime_us), None, Outcome.INDEXED, None, 1)
        try:
            data = read_file(entry)
            state = replace(state, sha256=hashlib.sha256(data).digest())
            if known and known.sha256 == state.sha256 and known.outcome is not Outcome.FAILED:
                self._keep(key, replace(known, size=entry.size, mtime_us=state.mtime_us))
                return
            document = file_document(source, entry, data, state.sha256 or b"")
        except UnsupportedError as error:
            self._leave_out(key, replace(state, outcome=Outcome.SKIPPED, reason=error.message, documents=0))
        except ParseError as error:
            self._leave_out(key, replace(state, outcome=Outcome.FAILED, reason=error.message, documents=0))
        else:
            self.after[key] = state
            replaces = self.live.of_file(*key) if known and known.documents else []
            self._bury(replaces)
            self.report.outcomes[Outcome.CHANGED.value if replaces else Outcome.ADDED.value] += 1
            if not replaces:
                self.added[document.sha256] += 1
            self._add(document)

    def _take_records(self, source: Source, entry: FileEntry) -> None:
        key = (source.name, entry.path)
        rows = bad = 0
        try:
            for record in read_records(Path(entry.absolute), source.fields):
                self.progress.advance()
                if isinstance(record, BadRecord):
                    self._problem(key, record.outcome, record.reason, record.row)
                    bad += record.outcome is Outcome.FAILED
                    continue
                document = record_document(source, entry, record)
                if document.doc_id in source.forgotten:
                    self._problem(key, Outcome.SKIPPED, "forgotten", record.row)
                    continue
                rows += 1
                self._take_record(document)
        except ParseError as error:
            named = source.only == (entry.path,)
            outcome = Outcome.FAILED if named or rows else Outcome.SKIPPED
            self._leave_out(key, FileState(entry.size, entry.mtime_us, None, outcome, _reason(error), rows))
            return
        self._bury(gone := self.live.of_file(*key, unseen_only=True))
        self.report.outcomes[Outcome.DELETED.value] += len(gone)
        reason = f"{bad} of its rows could not be read" if bad else None
        self.after[key] = FileState(entry.size, _trusted(entry.mtime_us), None, Outcome.INDEXED, reason, rows)

    def _take_record(self, document: Document) -> None:
        place, same = self.live.find(document.source, document.doc_id, document.sha256)
        if same:
            self.report.outcomes[Outcome.UNCHANGED.value] += 1
            return
        if place:
            self._bury([place])
        self.report.outcomes[Outcome.CHANGED.value if place else Outcome.ADDED.value] += 1
        self._add(document)

    def _bury(self, places: Sequence[tuple[int, int]]) -> None:
        for part, row in places:
            self.dead.setdefault(part, set()).add(row)

    def _add(self, document: Document) -> None:
        self.batch.append(document)
        self.batch_bytes += len(document.text)
        if len(self.batch) >= self.limits.documents or self.batch_bytes >= self.limits.text_bytes:
            self._flush()

    def _flush(self) -> None:
        """Commit the filled part together with the deaths of what its documents replace."""
        if not self.batch and not self.dead:
            return
        layout = self.writer.layout
        manifest = self.writer.manifest.with_dead(self.dead)
        files = []
        if self.batch:
            number = manifest.next_part
            manifest = manifest.with_part(Part(number, write_documents(layout, number, self.batch)))
            files.append(layout.documents(number))
            self.report.add("documents", len(self.batch))
        self.writer.commit(manifest, files)
        self.batch, self.batch_bytes, self.dead = [], 0, {}


def _reason(error: ParseError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message


def _trusted(mtime_us: int) -> int:
    """Return the time, or 0 when the file is so young that it could change again without its time telling."""
    return mtime_us if time.time_ns() // 1000 - mtime_us > YOUNG_US else 0
