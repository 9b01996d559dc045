"""``ingest``: files and records become documents, parts of them at a time."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ParseError, UnsupportedError
from ..records import BadRecord, Document, FileEntry, Outcome, SkippedEntry, Source
from ..runners.threads import WriteBehind
from ..sources.describe import forgotten_ids, path_from_base, source_root
from ..sources.parquet import ended_afterwards
from ..sources.records import SameRecords
from ..sources.walk import GONE
from ..store.ledger import FileKey, FileState, read_ledger
from ..store.live_documents import LiveDocuments
from ..store.row_problems import RowProblems
from .absence import absence
from .decide import Action, Met, decide, stored_otherwise
from .mailbox import records_read_by
from .make_document import file_documents, record_prefix
from .part_writer import PartWriter
from .read_ahead import ReadAhead
from .read_task import read_tasks
from .record_file import examine
from .record_rows import RowReading
from .secrets import without_secrets
from .stored_documents import StoredDocuments

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..contracts import Progress, Reporter
    from ..parsers.reading import ReadResult
    from ..store.live_documents import DocumentPlace
    from ..store.writer import Writer
    from .record_rows import MetDocument
    from .report import RunReport

YOUNG_US = 2_000_000
"""A file changed this shortly before it was read may change again within the same tick of its clock."""


def ingest(
    writer: Writer,
    sources: Sequence[Source],
    reporter: Reporter,
    report: RunReport,
    read_otherwise: Sequence[Source] = (),
    only: Collection[FileKey] | None = None,
    allow_empty: bool = False,
) -> None:
    """Bring the documents of ``sources`` up to date; what other sources gave stays as it is.

    ``read_otherwise`` are those whose record files are to be read although they have not changed: their columns or ids
    have. The store learns of that with the first part that is committed, or with the ledger. So whatever interrupts
    the run, a store that knows the new columns also knows that it has rows which were read with the old ones.
    ``only``: these files are looked at, and all others stay as they are; ``None``: all files. ``allow_empty``: drop the
    documents of sources and files that are gone or empty, too.

    Every part is committed as it fills, so that an interrupted run loses at most the part it was filling.
    """
    threads = writer.manifest.settings.threads
    with (
        report.timing("ingest"),
        reporter.stage("ingest", None, "files") as progress,
        closing(ReadAhead[Met](threads)) as ahead,
        WriteBehind(writer) as behind,
        ended_afterwards(),
    ):
        reread = frozenset(source.name for source in read_otherwise)
        parts = PartWriter(writer.layout, behind, report, read_otherwise)
        run = _Ingest(writer, parts, report, progress, reread, only, allow_empty)
        every = {source.name: source for source in (*writer.manifest.sources, *sources)}
        for source in sources:
            run.take(source, tuple(every.values()), ahead)
        run.finish({source.name for source in sources})


@dataclass(eq=False)
class _Ingest:
    """One ingest: what it keeps, takes and buries, and the ledger as it will be."""

    writer: Writer
    parts: PartWriter
    report: RunReport
    progress: Progress
    reread: frozenset[str]
    only: Collection[FileKey] | None
    allow_empty: bool

    def __post_init__(self) -> None:
        layout, manifest = self.writer.layout, self.writer.manifest
        self.again = stored_otherwise(layout, manifest)
        self.roots = {source.name: source.root for source in manifest.sources}
        self.before = read_ledger(layout, manifest)
        self.kept = bytearray(len(self.before))
        """By row of the ledger: 1 where the state of the file stays what it is."""
        self.changes: dict[FileKey, FileState] = {}
        self.parts_before = manifest.parts
        self.unlisted: list[FileKey] = []
        """Folders that could not be listed: what lies below them is not known to be gone."""
        self.added: Counter[bytes] = Counter()
        """Content of new files: what vanished elsewhere with the same content has moved."""

    @cached_property
    def live(self) -> LiveDocuments:
        """The documents before this run; read only when something changed."""
        made_with = self.writer.manifest.settings.documents_made_with
        return LiveDocuments(self.writer.layout, self.parts_before, made_with)

    @cached_property
    def stored(self) -> StoredDocuments:
        """What these documents are; read only where a parser has another version."""
        return StoredDocuments(self.writer.layout, self.parts_before)

    def take(self, source: Source, sources: Sequence[Source], ahead: ReadAhead[Met]) -> None:
        """Bring one source's documents up to date; what another one of ``sources`` has is left to it."""
        root = source_root(source, self.writer.layout.base)
        if not self.allow_empty and (reason := absence(source, root, self.before)):
            self.report.problem(str(root), Outcome.FAILED, reason)
            self.unlisted.append((source.name, ""))
            return
        if not root.is_dir():
            return  # nothing is met, so all of it vanishes
        unchanged = 0
        documents = self.before.documents
        secrets, reread = self.writer.manifest.settings.secrets, source.name in self.reread
        decided = decide(source, self.writer.layout, self.before, secrets, self.again, reread, sources)
        if (only := self.only) is not None:
            decided = (met for met in decided if (source.name, met.entry.path) in only)
        for met, result in ahead.results(read_tasks(decided)):
            self.progress.advance()
            row = met.row
            if self.allow_empty and isinstance(met.entry, SkippedEntry) and met.entry.reason == GONE:
                continue  # it vanishes
            if met.known is None and met.action is Action.KEEP and row is not None:
                self.kept[row] = 1
                unchanged += documents[row]
            else:
                self._take(met, result)
        self.report.outcomes[Outcome.UNCHANGED.value] += unchanged

    def finish(self, scanned: set[str]) -> None:
        """Bury what vanished from the scanned sources, and commit the rest with the new ledger."""
        vanished: list[FileState] = []
        for row in np.flatnonzero(np.frombuffer(self.kept, np.uint8) == 0).tolist():
            key = self.before.key(row)
            if key in self.changes:
                continue
            if key[0] not in scanned or self.only is not None or self._below_unlisted(key):
                self.kept[row] = 1
            elif (state := self.before.state(row)).documents:
                self.parts.bury(self.live.of_file(*key))
                vanished.append(state)
        for state in vanished:
            if state.sha256 and self.added[state.sha256]:
                self.added[state.sha256] -= 1
                self.report.outcomes[Outcome.ADDED.value] -= state.documents
                self.report.outcomes[Outcome.MOVED.value] += state.documents
            else:
                self.report.outcomes[Outcome.DELETED.value] += state.documents
        ledger = self.before.updated(np.frombuffer(self.kept, np.uint8).astype(bool), self.changes)
        stale = ledger is not self.before or not ledger.covers_all or self.writer.manifest.files is None
        self.parts.finish(ledger if stale else None)

    def _take(self, met: Met, result: ReadResult | None) -> None:
        key = (met.source.name, met.entry.path)
        if isinstance(met.entry, SkippedEntry):
            self._leave_out(met, FileState(0, 0, None, met.entry.outcome, met.entry.reason))
        elif met.action is Action.READ_RECORDS:
            self._take_records(met, met.entry)
        elif result is not None:
            self._take_file(met, met.entry, result)
        elif met.known is not None:
            self._keep(key, met.known)

    def _below_unlisted(self, key: FileKey) -> bool:
        return any(key[0] == name and (not top or key[1].startswith(f"{top}/")) for name, top in self.unlisted)

    def _note(self, key: FileKey, state: FileState) -> None:
        """Enter a file's state in the ledger as it will be."""
        row = self.before.row(key)
        if row is not None and self.before.state(row) == state:
            self.kept[row] = 1
        else:
            self.changes[key] = state

    def _keep(self, key: FileKey, state: FileState) -> None:
        """Nothing changed: the file is what it was, failures included."""
        self._note(key, state)
        self._tell_kept(key, state)

    def _tell_kept(self, key: FileKey, state: FileState) -> None:
        if state.outcome is not Outcome.INDEXED:
            self._problem(key, state.outcome, state.reason or "")
            return
        self.report.outcomes[Outcome.UNCHANGED.value] += state.documents
        problems = list(RowProblems(state.row_problems))
        path = path_from_base(self.roots[key[0]], key[1])
        for problem in problems:
            self.report.problem(problem.place(path), problem.outcome, problem.told, problem.rows)
        if state.bad_rows and not problems:  # an older embedctl noted no more
            self._problem(key, Outcome.FAILED, state.reason or "")

    def _problem(self, key: FileKey, outcome: Outcome, reason: str, row: int | None = None) -> None:
        path = path_from_base(self.roots[key[0]], key[1])
        self.report.problem(path if row is None else f"{path}, row {row}", outcome, reason)

    def _leave_out(self, met: Met, state: FileState) -> None:
        """Skip or fail a file. What was skipped is no longer searchable; what failed keeps its last good version."""
        key = (met.source.name, met.entry.path)
        before = met.known
        reason = state.reason or ""
        if before and before.documents and state.outcome is Outcome.FAILED and not met.again:
            state = replace(state, documents=before.documents)
            drops = ' until "embedctl index --allow-empty"' if reason == GONE else ""
            reason += f"; the version indexed before stays searchable{drops}"
        elif before and before.documents:
            self.parts.bury(self.live.of_file(*key))
            self.report.outcomes[Outcome.DELETED.value] += before.documents
        if state.outcome is Outcome.FAILED:
            self.unlisted.append(key)
        self._note(key, replace(state, reason=reason))
        self._problem(key, state.outcome, reason)

    def _take_file(self, met: Met, entry: FileEntry, result: ReadResult) -> None:
        known = met.known
        key = (met.source.name, entry.path)
        mtime_us, ctime_us = _times(entry)
        made = partial(FileState, entry.size, mtime_us, result.sha256, read_by=result.read_by, ctime_us=ctime_us)
        if result.problem:
            outcome = Outcome.SKIPPED if isinstance(result.problem, UnsupportedError) else Outcome.FAILED
            self._leave_out(met, made(outcome, result.problem.message))
        elif result.document is None:
            assert known is not None
            self._keep(key, _stamped(replace(known, size=entry.size, read_by=result.read_by), entry))
        else:
            found = file_documents(met.source, entry, result.document, result.sha256 or b"")
            forgotten = forgotten_ids(met.source)
            documents = [document for document in found if document.doc_id not in forgotten]
            reason = "; ".join(result.document.notes) or None
            self._note(key, made(Outcome.INDEXED, reason, len(documents)))
            if reason:
                self.report.note(path_from_base(self.roots[key[0]], key[1]), reason)
            replaces = self._replaced(key, known)
            if self._same(met, result, replaces, documents):
                self.report.outcomes[Outcome.UNCHANGED.value] += len(documents)
                return
            self.parts.bury(replaces)
            self.report.outcomes[Outcome.CHANGED.value] += min(len(replaces), len(documents))
            self.report.outcomes[Outcome.ADDED.value] += max(0, len(documents) - len(replaces))
            self.report.outcomes[Outcome.DELETED.value] += max(0, len(replaces) - len(documents))
            if not replaces:
                self.added[result.sha256 or b""] += 1
            for document in documents:
                self._add(document)

    def _replaced(self, key: FileKey, known: FileState | None) -> list[DocumentPlace]:
        """Return the documents of a file; an interrupted run may have left some that the ledger does not know."""
        return self.live.of_file(*key) if (known and known.documents) or not self.before.covers_all else []

    def _same(self, met: Met, result: ReadResult, places: list[DocumentPlace], documents: list[Document]) -> bool:
        """Return whether another version of a parser makes of the same bytes the documents that are stored."""
        if met.row is None or met.again or self.before.state(met.row).sha256 != result.sha256:
            return False
        allowed = self.writer.manifest.settings.secrets == "allow"
        clean = documents if allowed else [without_secrets(document)[0] for document in documents]
        return self.stored.are(places, clean)

    def _add(self, document: Document) -> None:
        """Add a document to the store, without the secrets in it unless these are allowed."""
        if self.writer.manifest.settings.secrets != "allow":
            document, masked = without_secrets(document)
            if masked:
                self.report.add("secrets", masked)
        self.parts.add(document)

    def _take_records(self, met: Met, entry: FileEntry) -> None:
        source, known = met.source, met.known
        key = (source.name, entry.path)
        read_by = records_read_by(entry)
        reading: RowReading | None = None
        try:
            seen = examine(entry, known, source.name in self.reread)
            if known and seen.same:
                self._keep(key, _stamped(replace(known, read_by=read_by), entry))
                return
            live = self.live.records(*key, record_prefix(source, entry))
            reading = RowReading(source, entry, seen.extent, live, self.writer.manifest.settings.threads)
            if known and seen.extent.start:
                reading.go_on_from(known)  # the file has grown: what was in it before is what it was
                self._tell_kept(key, known)
            for row in reading:
                self._take_row(key, row)
        except ParseError as error:
            named = source.only == (entry.path,)
            documents = reading.documents if reading else 0
            # Of another kind than its name says: that is a failure only of what somebody named.
            other = isinstance(error, UnsupportedError) and not (named or documents)
            outcome = Outcome.SKIPPED if other else Outcome.FAILED
            state = FileState(entry.size, entry.mtime_us, None, outcome, _reason(error), documents)
            self._leave_out(met, replace(state, read_by=read_by))
            return
        if not seen.extent.start:
            self.parts.bury(gone := live.unmet())
            self.report.outcomes[Outcome.DELETED.value] += len(gone)
        if reading.note:
            self.report.note(path_from_base(self.roots[key[0]], key[1]), reading.note)
        state = reading.state(FileState(seen.size, 0, None, Outcome.INDEXED, read_by=read_by))
        same = seen.is_still(entry.absolute)
        self._note(key, _stamped(replace(state, sha256=seen.sha256), entry) if same else state)

    def _take_row(self, key: FileKey, row: SameRecords | BadRecord | MetDocument) -> None:
        """Count a row, and store its document where that is new."""
        counts = self.report.outcomes
        if isinstance(row, SameRecords):
            self.progress.advance(row.count)
            counts[Outcome.UNCHANGED.value] += row.count
            return
        self.progress.advance()
        if isinstance(row, BadRecord):
            self._problem(key, row.outcome, row.reason, row.row)
            return
        counts[row.outcome.value] += 1
        if row.outcome is not Outcome.UNCHANGED:
            self.parts.bury([row.place] if row.place else [])
            self._add(row.document)


def _reason(error: ParseError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message


def _stamped(state: FileState, entry: FileEntry) -> FileState:
    mtime_us, ctime_us = _times(entry)
    return replace(state, mtime_us=mtime_us, ctime_us=ctime_us)


def _times(entry: FileEntry) -> tuple[int, int]:
    """Return the times that show that a file is what it was; the first is 0 while it may change without its telling."""
    young = time.time_ns() // 1000 - entry.mtime_us <= YOUNG_US
    return 0 if young else entry.mtime_us, entry.ctime_us
