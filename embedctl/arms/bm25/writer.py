"""Writing a generation of the BM25 index: new, or from the one before it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import tantivy

from ...errors import DamagedError, EmbedctlError, ResourceError, shortage
from ...labels import split
from .analysis import analyzer, prepare, tokenizer_name
from .lexical import FIELDS
from .tantivy_files import check_schema, link_generation, row_counts, share_generation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from types import TracebackType

    from ..kind import TextRow

_HEAP_LEAST = 15_000_000
_HEAP_MOST = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Bm25Rows:
    """What an index holds after a commit."""

    live: int
    dead: int
    """Deleted rows that still take space until their segment is merged."""

    @property
    def dead_share(self) -> float:
        """Dead rows as a share of all rows."""
        return self.dead / max(1, self.live + self.dead)


class Bm25Writer:
    """Builds one generation in a folder of its own; used as a context manager.

    Leaving the context without ``commit`` rolls everything back: the folder then holds what it held on entering
    (nothing, or the previous generation) and is to be thrown away. One indexing thread, so that the same calls give
    the same rows in the same order.
    """

    def __init__(
        self,
        folder: Path,
        language: str,
        heap_bytes: int,
        previous: Path | None = None,
        files: Collection[str] | None = None,
    ) -> None:
        """Say what to build; the files are made on entering the context.

        Args:
            folder: where; made if missing, must be empty.
            language: see ``analysis.languages``.
            heap_bytes: memory that Tantivy may fill before it writes a segment.
            previous: the generation to start from; never modified.
            files: names that it consists of; ``None``: all that are there.
        """
        self._folder = folder
        self._language = language
        self._heap_bytes = min(max(heap_bytes, _HEAP_LEAST), _HEAP_MOST)
        self._previous = previous
        self._files = files
        self._schema = _schema(tokenizer_name(language))
        self._deleted: dict[str, list[int]] = {"doc_key": [], "part": []}
        self._writer: tantivy.IndexWriter | None = None

    def __enter__(self) -> Self:
        """Make or link the files.

        Raises:
            MismatchError: ``previous`` was made for another language or by another version of the analysis.
            DamagedError: ``previous`` is no index.
        """
        name, text_analyzer = tokenizer_name(self._language), analyzer(self._language)
        self._folder.mkdir(parents=True, exist_ok=True)
        with _as_our_errors(self._folder):
            if self._previous is None:
                index = tantivy.Index(self._schema, str(self._folder), reuse=False)
            else:
                check_schema(self._previous, name)
                link_generation(self._previous, self._folder, self._files)
                index = tantivy.Index.open(str(self._folder))
            index.register_tokenizer(name, text_analyzer)
            self._writer = index.writer(self._heap_bytes, 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Roll back what was not committed."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.rollback()

    def delete_document(self, doc_key: int) -> None:
        """Delete the rows of one document that the previous generation has."""
        self._deleted["doc_key"].append(doc_key)

    def delete_part(self, part: int) -> None:
        """Delete the rows of one part that the previous generation has."""
        self._deleted["part"].append(part)

    def add(self, document: TextRow) -> None:
        """Add one row."""
        entry = tantivy.Document()
        # The setters, not the constructor: an integer given there kills the indexing thread on an unsigned field.
        entry.add_unsigned("label", document.label)
        entry.add_unsigned("doc_key", document.doc_key)
        entry.add_unsigned("part", split(document.label)[0])
        entry.add_text("body", prepare(document.body))
        for title in (document.title, *document.headings):
            entry.add_text("title", prepare(title))
        entry.add_text("path", prepare(document.path))
        writer = self._open_writer
        with _as_our_errors(self._folder):
            self._apply_deletes(writer)
            writer.add_document(entry)

    def commit(self) -> Bm25Rows:
        """Write everything, wait for merges, close the index and count its rows.

        The files are complete but not synced; publishing them is the store's business.

        Raises:
            ResourceError: the disk is full.
            DamagedError: Tantivy could not write the index for another reason.
        """
        writer = self._open_writer
        with _as_our_errors(self._folder):
            self._apply_deletes(writer)
            writer.commit()
            self._writer = None
            writer.wait_merging_threads()
            share_generation(self._folder)
        return Bm25Rows(*row_counts(self._folder))

    def _apply_deletes(self, writer: tantivy.IndexWriter) -> None:
        """Delete what was asked for, all in one query, before any row that is added later."""
        for name, values in self._deleted.items():
            if values:
                # delete_documents_by_term finds nothing in an unsigned field: it looks for a signed number.
                writer.delete_documents_by_query(tantivy.Query.term_set_query(self._schema, name, values))
                values.clear()

    @property
    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            raise RuntimeError("the writer is not open: enter its context first, and commit once")
        return self._writer


def _schema(tokenizer: str) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("label", indexed=True, fast=True)
    builder.add_unsigned_field("doc_key", indexed=True)
    builder.add_unsigned_field("part", indexed=True)
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name=tokenizer)
    return builder.build()


@contextmanager
def _as_our_errors(folder: Path) -> Iterator[None]:
    """Tell shortage from damage: both are a ValueError of tantivy-py's, or a panic, which is no Exception."""
    try:
        yield
    except (EmbedctlError, KeyboardInterrupt):
        raise
    except BaseException as error:
        number = shortage(error)
        if number is not None:
            raise ResourceError(
                f"The BM25 index in {folder} was not written: {os.strerror(number)}.",
                "Make room and run the same command again; what was committed stays.",
            ) from error
        hint = "Check the disk, then run the same command again; what was committed stays."
        if "LockBusy" in str(error):  # what Tantivy makes of any error; nobody else writes to a new folder
            raise ResourceError(f"The BM25 index in {folder} cannot be locked.", hint) from error
        if "index writer was killed" in str(error):  # all that is told of an error that its thread met
            raise ResourceError(f"The BM25 index in {folder} could not be written: a write failed.", hint) from error
        if not isinstance(error, ValueError):
            raise
        raise DamagedError(f"The BM25 index in {folder} cannot be written: {error}.") from error
