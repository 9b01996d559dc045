"""Writing a generation of the BM25 index: from the one before it while statistics stay exact, else from all rows."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import tantivy

from ...errors import DamagedError, EmbedctlError, ResourceError, shortage
from ...labels import split
from .analysis import AUTO, analyzer, indexed, tokenizer_name
from .document_language import language_of, with_languages
from .live import FILLER_TERM, fillers
from .tantivy_files import (
    BURIED,
    FIELDS,
    FILLER,
    check_schema,
    index_schema,
    link_generation,
    read_dead,
    row_counts,
    share_generation,
    write_dead,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from ..kind import TextRow

_HEAP_LEAST = 15_000_000
_HEAP_MOST = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Bm25Rows:
    """What an index holds after a commit."""

    live: int
    dead: int
    """Rows that are not alive but take space: dead ones, tombstones, fillers."""
    exact: bool = True
    """Whether it scores as if there were none of them; if not, it is to be rebuilt."""
    languages: Mapping[str, int] = field(default_factory=dict)
    """With ``AUTO``: live rows by their language; of an index that was extended, how many more."""


class Bm25Writer:
    """Builds one generation in a folder of its own; used as a context manager.

    Leaving the context without ``commit`` rolls everything back: the folder then holds what it held at first (nothing,
    or the previous generation) and is to be thrown away. One indexing thread, so that the same calls give the same rows
    in the same order.
    """

    def __init__(
        self,
        folder: Path,
        language: str,
        heap_bytes: int,
        previous: Path | None = None,
        files: Collection[str] | None = None,
    ) -> None:
        """Make or link the files.

        Args:
            folder: where; made if missing, must be empty.
            language: see ``analysis.languages``.
            heap_bytes: memory that Tantivy may fill before it writes a segment.
            previous: the generation to start from; never modified.
            files: names that it consists of; ``None``: all that are there.

        Raises:
            MismatchError: ``previous`` was made for another language or by another version of the analysis.
            DamagedError: ``previous`` is no index.
        """
        name, text_analyzer = tokenizer_name(language), analyzer(language)
        self._folder = folder
        self._language = language
        self._schema = index_schema(name)
        self._languages: Counter[str] = Counter()
        self._gone: list[int] = []
        """Labels of rows that are not alive and were added here: buried ones, and ``FILLER``."""
        self._committed = False
        folder.mkdir(parents=True, exist_ok=True)
        with _as_our_errors(folder):
            if previous is None:
                self._index = tantivy.Index(self._schema, str(folder), reuse=False)
            else:
                name = check_schema(previous, language).tokenizer
                link_generation(previous, folder, files)
                self._index = tantivy.Index.open(str(folder))
            self._index.register_tokenizer(name, text_analyzer)
            self._index.config_reader("manual")
            self._writer = self._index.writer(min(max(heap_bytes, _HEAP_LEAST), _HEAP_MOST), 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Roll back what was not committed."""
        if not self._committed:
            self._committed = True
            self._writer.rollback()

    def bury(self, document: TextRow, language: str | None = None) -> None:
        """Let a row of the previous generation die; ``document`` and ``language`` are what was added then."""
        entry = tantivy.Document()
        entry.add_unsigned("label", FILLER)
        self._add_texts(entry, document, BURIED, language, -1)
        with _as_our_errors(self._folder):
            self._writer.add_document(entry)
        self._gone += (document.label, FILLER)

    def add(self, document: TextRow, language: str | None = None) -> None:
        """Add one row; with ``AUTO`` it is analysed in ``language``, or in that of its text."""
        entry = tantivy.Document()
        # The setters, not the constructor: an integer given there kills the indexing thread on an unsigned field.
        entry.add_unsigned("label", document.label)
        entry.add_unsigned("part", split(document.label)[0])
        self._add_texts(entry, document, {name: name for name in FIELDS}, language, 1)
        with _as_our_errors(self._folder):
            self._writer.add_document(entry)

    def commit(self) -> Bm25Rows:
        """Write everything, wait for merges, close the index and count its rows.

        The files are complete but not synced; publishing them is the store's business.

        Raises:
            ResourceError: the disk is full.
            DamagedError: Tantivy could not write the index for another reason.
        """
        before = read_dead(self._folder)
        with _as_our_errors(self._folder):
            if self._gone and not len(before):
                self._add_filler(dict.fromkeys(FIELDS, 1))  # whose tokens tell of the averages
            self._writer.commit()
            exact = self._fill(len(before))
            self._committed = True
            self._writer.wait_merging_threads()
            if self._gone:
                write_dead(self._folder, np.concatenate([before, np.array(self._gone, dtype=np.uint64)]))
            share_generation(self._folder)
        return Bm25Rows(*row_counts(self._folder), exact, dict(self._languages))

    def _fill(self, gone_before: int) -> bool:
        """Add the filler rows that the index lacks, unless none would do; return whether it has all."""
        gone = gone_before + len(self._gone)
        if not gone:
            return True
        self._index.reload()
        lacking = fillers(self._index.searcher(), self._schema, gone)
        for tokens in lacking or ():
            self._add_filler(tokens)
        if lacking:
            self._writer.commit()
        return lacking is not None

    def _add_filler(self, tokens: Mapping[str, int]) -> None:
        entry = tantivy.Document()
        entry.add_unsigned("label", FILLER)
        for name, count in tokens.items():
            text = f"{FILLER_TERM} " * count
            entry.add_text(name, text)
            entry.add_text(BURIED[name], text)
        self._writer.add_document(entry)
        self._gone.append(FILLER)

    def _add_texts(
        self, entry: tantivy.Document, document: TextRow, fields: Mapping[str, str], language: str | None, count: int
    ) -> None:
        automatic = self._language == AUTO
        spoken = self._language if not automatic else language or language_of(document.body, document.path)
        if automatic:
            self._languages[spoken] += count
        texts = {"body": (document.body,), "title": (document.title, *document.headings), "path": (document.path,)}
        for name, several in texts.items():
            for text in several:
                entry.add_text(fields[name], indexed(text, spoken, as_terms=automatic))


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


@dataclass(frozen=True, slots=True)
class Bm25Change:
    """Rows of a generation against those of the one before it."""

    previous: Path
    """The folder of the index to start from; never modified."""
    files: Collection[str] | None
    """Names that it consists of; ``None``: all that are there."""
    buried: Iterable[TextRow]
    """Rows that die, as they were added; a :class:`~embedctl.errors.DamagedError` of theirs leads to a rebuild."""
    added: Iterable[TextRow]
    languages: Mapping[str, int] = field(default_factory=dict)
    """As in :class:`Bm25Rows`, of the index to start from."""


def build_bm25(
    folder: Path,
    language: str,
    heap_bytes: int,
    everything: Iterable[TextRow],
    change: Bm25Change | None = None,
) -> Bm25Rows:
    """Write an index to ``folder``, which scores as one built in one run, whatever its history.

    The cost follows the change, but for small indexes and for those with many dead rows, which are rebuilt.

    Args:
        folder: where; made if missing, must be empty.
        language: see ``analysis.languages``.
        heap_bytes: memory that Tantivy may fill before it writes a segment.
        everything: all live rows, read only where the index is built from them.
        change: what to extend; ``None``: rebuild.

    Raises:
        MismatchError: the index to extend was made for another language or by another version of the analysis.
        DamagedError: it is no index, or Tantivy cannot write.
        ResourceError: the disk is full.
    """
    if change is not None:
        rows = _extended(folder, language, heap_bytes, change)
        if rows is not None and rows.exact:
            counts = Counter(change.languages)
            counts.update(rows.languages)
            return replace(rows, languages={name: count for name, count in counts.items() if count > 0})
        shutil.rmtree(folder)
    with Bm25Writer(folder, language, heap_bytes) as writer:
        for document, spoken in _spoken(everything, language):
            writer.add(document, spoken)
        return writer.commit()


def _spoken(rows: Iterable[TextRow], language: str) -> Iterator[tuple[TextRow, str]]:
    """Yield each row with the language to analyse it in."""
    return with_languages(rows) if language == AUTO else ((row, language) for row in rows)


def _extended(folder: Path, language: str, heap_bytes: int, change: Bm25Change) -> Bm25Rows | None:
    """Write the previous index, changed; ``None``: rows that die cannot be read any more."""
    with Bm25Writer(folder, language, heap_bytes, change.previous, change.files) as writer:
        try:
            for document, spoken in _spoken(change.buried, language):
                writer.bury(document, spoken)
        except DamagedError:
            return None
        for document, spoken in _spoken(change.added, language):
            writer.add(document, spoken)
        return writer.commit()
