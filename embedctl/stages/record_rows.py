"""The rows of a record file as documents of its source: the one reading behind ``ingest`` and ``--dry-run``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ..records import BadRecord, Document, Outcome
from ..sources.describe import forgotten_ids
from ..sources.records import SameRecords
from ..store.row_problems import RowProblems
from .mailbox import record_reader
from .make_document import record_document, record_prefix
from .overlap import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import FileEntry, Source
    from ..sources.table import Extent
    from ..store.ledger import FileState
    from ..store.live_documents import DocumentPlace, LiveRecords


class MetDocument(NamedTuple):
    """The document of a row."""

    document: Document
    place: DocumentPlace | None
    """Where the store has one of its id."""
    outcome: Outcome
    """``UNCHANGED``: that is the same; ``CHANGED``: it is another; ``ADDED``: there is none."""


@dataclass(eq=False)
class RowReading:
    """One reading of a record file; what it found is complete when :meth:`__iter__` is done."""

    source: Source
    entry: FileEntry
    extent: Extent
    live: LiveRecords
    """Documents that the store has of the file."""
    threads: int
    """Workers that read the messages of a mailbox; 0: one a processor."""
    documents: int = 0
    problems: RowProblems = field(default_factory=RowProblems)
    rows: int | None = None
    """Number of the last row that was read."""
    note: str | None = None
    """What of the file is not in its documents."""
    _earlier: str | None = None

    def go_on_from(self, known: FileState) -> None:
        """Count what the file gave when it was shorter."""
        self.documents = known.documents
        self._earlier = None if known.bad_rows else known.reason
        self.problems = RowProblems(known.row_problems)
        self.live.assume_met()

    def __iter__(self) -> Iterator[SameRecords | BadRecord | MetDocument]:
        """Yield rows that are what they were, rows that make no document, and documents.

        Raises:
            ParseError: as ``RecordReader`` and ``MailboxReader``.
        """
        prefix, forgotten = record_prefix(self.source, self.entry), forgotten_ids(self.source)
        reader = record_reader(self.source, self.entry, self.extent, self.threads, self.live)
        for record in reader:
            self.rows, self.note = reader.rows, reader.note
            if isinstance(record, SameRecords):
                self.documents += record.count
                yield record
                continue
            if not isinstance(record, BadRecord):
                document = record_document(self.source, self.entry, record, prefix)
                if document.doc_id not in forgotten:
                    self.documents += 1
                    place, same = self.live.find(document.doc_id, document.sha256, record.row) or (None, False)
                    outcome = Outcome.UNCHANGED if same else Outcome.CHANGED if place else Outcome.ADDED
                    yield MetDocument(document, place, outcome)
                    continue
                record = BadRecord(record.row, FORGOTTEN, Outcome.SKIPPED)
            self.problems.add(record.outcome, record.reason, record.row)
            yield record
        self.rows, self.note = reader.rows, reader.note

    def state(self, of_file: FileState) -> FileState:
        """Return the state of the file with what its rows gave."""
        bad = self.problems.count(Outcome.FAILED)
        notes = (unreadable_rows(bad) if bad else None, self._earlier, self.note)
        return replace(
            of_file,
            reason="; ".join(dict.fromkeys(note for note in notes if note)) or None,
            documents=self.documents,
            rows=self.rows,
            bad_rows=bad,
            skipped_rows=self.problems.count(Outcome.SKIPPED),
            row_problems=self.problems.encoded(),
        )


def unreadable_rows(bad: int) -> str:
    """Return what the ledger says of a file with rows that failed."""
    return f"{bad:,} of its rows could not be read"
