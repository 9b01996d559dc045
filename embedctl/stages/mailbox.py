"""The messages of a mailbox: found here, read and parsed by worker processes, each a record."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError, UnsupportedError
from ..parsers.kinds import version
from ..parsers.mbox import spans_of_blocks
from ..parsers.reading import ReadTask
from ..records import BadRecord, Outcome, Record
from ..sources.mailboxes import is_mailbox
from ..sources.records import READ_BY, RecordReader
from ..system.open_regular import open_regular
from .read_ahead import ReadAhead
from .read_task import allowance_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..parsers.reading import ReadResult
    from ..records import FileEntry, ParsedDocument, Source
    from ..sources.records import KnownRecords
    from ..sources.table import Extent

MAILBOX_READ_BY = version("email")
"""What the ledger keeps of mailboxes."""

_BLOCK_BYTES = 1 << 20
_MOST_TOLD = 5
"""Notes on messages that are kept with their mailbox."""


def record_reader(
    source: Source, entry: FileEntry, extent: Extent, threads: int, known: KnownRecords | None = None
) -> RecordReader | MailboxReader:
    """Return a reader of a record file's rows, or of a mailbox's messages; ``known`` ones are passed over by row."""
    if is_mailbox(entry.path, entry.absolute):
        return MailboxReader(source, entry, extent, threads)
    return RecordReader(Path(entry.absolute), source.fields, known, extent)


def records_read_by(entry: FileEntry) -> str:
    """Return what reads a record file, with its version."""
    return MAILBOX_READ_BY if is_mailbox(entry.path, entry.absolute) else READ_BY


class _Message(NamedTuple):
    row: int
    size: int


class MailboxReader:
    """The messages of a mailbox in order, each with its attachments; one that cannot be read is a ``BadRecord``.

    Neither the file nor more of its messages than are read ahead are kept in memory.
    """

    def __init__(self, source: Source, entry: FileEntry, extent: Extent, threads: int) -> None:
        """Prepare to read the messages of ``extent``."""
        self.rows = extent.rows_before
        """Number of the last message that was read."""
        self.unread: list[str] = []
        """Of which messages something was not read, and what."""
        self._source, self._entry, self._extent, self._threads = source, entry, extent, threads

    def __iter__(self) -> Iterator[Record | BadRecord]:
        """Read.

        Raises:
            ParseError: the operating system refuses the file.
            UnsupportedError: it is empty, or does not begin as a mailbox does.
        """
        with closing(ReadAhead[_Message](self._threads)) as ahead:
            for message, result in ahead.results(self._tasks()):
                self.rows = message.row
                yield from self._records(message, result)
        if not self.rows:
            raise UnsupportedError('is not a mailbox: no line in it begins a message with "From "')

    def _tasks(self) -> Iterator[tuple[_Message, ReadTask | None]]:
        for row, (at, size) in enumerate(spans_of_blocks(self._blocks()), self._extent.rows_before + 1):
            message = _Message(row, size)
            yield message, self._task(message, self._extent.start + at)

    @property
    def note(self) -> str | None:
        """What of the messages was not read, in one clause."""
        more = len(self.unread) - _MOST_TOLD
        return "; ".join((*self.unread[:_MOST_TOLD], *([f"and {more:,} more"] if more > 0 else ()))) or None

    def _blocks(self) -> Iterator[bytes]:
        at, end = self._extent.start, self._extent.end
        try:
            with open_regular(self._entry.absolute) as stream:
                stream.seek(at)
                while block := stream.read(_BLOCK_BYTES if end is None else min(_BLOCK_BYTES, end - at)):
                    at += len(block)
                    yield block
        except OSError as error:
            raise ParseError(f"cannot be read: {error.strerror or error}") from error
        if not at:
            raise UnsupportedError("empty file")

    def _task(self, message: _Message, start: int) -> ReadTask | None:
        if message.size > self._source.rules.max_file_bytes:
            return None
        most = allowance_of(self._source, message.size)
        return ReadTask("message.mbox", self._entry.absolute, message.size, most, start=start)

    def _records(self, message: _Message, result: ReadResult | None) -> Iterator[Record | BadRecord]:
        if result is None:
            yield BadRecord(message.row, "is larger than the limit (--max-file-size)", Outcome.SKIPPED)
        elif result.problem is not None:
            skipped = isinstance(result.problem, UnsupportedError)
            outcome = Outcome.SKIPPED if skipped else Outcome.FAILED
            yield BadRecord(message.row, result.problem.message, outcome)
        elif result.document is not None:
            self.unread += (f"message {message.row}: {note}" for note in result.document.notes)
            number = str(message.row)
            met = {number}
            for name, inner in result.document.inner:
                spelled = (f"{number}/{name}" + (f" ({again})" if again > 1 else "") for again in count(1))
                met.add(own := next(each for each in spelled if each not in met))
                yield _record(own, message.row, inner)
            if result.document.text:
                yield _record(number, message.row, result.document)


def _record(record_id: str, row: int, parsed: ParsedDocument) -> Record:
    return Record(
        record_id,
        row,
        parsed.title,
        parsed.text,
        parsed.metadata,
        media_type=parsed.media_type,
        markup=parsed.markup,
        pages=parsed.pages,
        body_start=parsed.body_start,
        language=parsed.language,
    )
