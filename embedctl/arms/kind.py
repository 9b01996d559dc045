"""The contract of a kind of arm: how it is built, how it is opened, and how doctor looks into its pieces."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..labels import label
from ..store.files import iter_batches, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from ..config import StoreSettings
    from ..contracts import Vectors
    from ..errors import EmbedctlError
    from ..records import JSON
    from ..store.layout import Layout
    from ..store.manifest import ArmRecord, EncoderRecord, Part
    from ..store.piece import Checks, Piece

RECALL_AT = 10
"""Depth at which doctor measures approximate plans."""

_DOCUMENT_COLUMNS = ("title", "path")
_CHUNK_COLUMNS = ("doc_row", "heading", "text")


class TextRow(NamedTuple):
    """One chunk as arms that search text see it."""

    label: int
    doc_key: int
    """Label of its document."""
    body: str
    title: str
    headings: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class ExtraRows:
    """Chunks that are searched beside a published index for one session, by ascending label."""

    rows: tuple[TextRow, ...]
    vectors: Mapping[str, Vectors]
    """Field -> float32 ``(rows, dim)``."""
    payloads: tuple[str, ...]
    """What their hits show, JSON."""


@dataclass(frozen=True, slots=True)
class PartChanges:
    """Differences of the parts to be indexed from those that a piece was built from."""

    added: Sequence[Part]
    removed: Sequence[Part] = ()
    buried: Sequence[tuple[Part, Sequence[int]]] = ()
    """Parts of both, with the rows of their documents that died since."""

    @property
    def rows(self) -> int:
        """Chunks to be added, dead ones included."""
        return sum(part.chunks.rows for part in self.added if part.chunks)


@dataclass(frozen=True, slots=True)
class ArmWork:
    """One piece that is to be built, in a folder that no manifest names yet."""

    layout: Layout
    folder: Path
    """Empty, or not there yet."""
    parts: Sequence[Part]
    """All parts that it is to answer from."""
    changes: PartChanges
    settings: StoreSettings
    field: str | None = None
    encoder: EncoderRecord | None = None
    """Of ``field``."""
    previous: Piece | None = None
    """What to start from; verified, never modified."""
    scans_only: bool = False
    """Leave out everything that is only there to be faster: the piece serves one session."""
    advance: Callable[[int], None] = dataclasses.field(default=lambda _: None)
    """Called with the number of chunks that are done; raises to end the build."""
    message: Callable[[str, str], None] = dataclasses.field(default=lambda _kind, _text: None)
    """As ``Reporter.message``."""


class Built(NamedTuple):
    """The outcome of a build; its files are all those in the folder."""

    rows: int
    """Live rows."""
    facts: Mapping[str, JSON] = {}
    """What :meth:`ArmKind.open` needs besides the files."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a piece is to be opened."""

    settings: StoreSettings
    """What the index was built with."""
    encoder: EncoderRecord | None = None
    extra: ExtraRows | None = None
    lose: Callable[[EmbedctlError, str], None] = dataclasses.field(default=lambda _error, _instead: None)
    """Called where damage of an optional file is met, with the error and a sentence on what happens instead."""


class Flaw(NamedTuple):
    """One thing that is wrong with a piece."""

    message: str
    """A finished sentence."""
    file: str = ""
    """Below the folder of the piece; empty: the folder itself."""


class Examiner:
    """Examines the pieces of one kind; these are the checks of a kind that brings none.

    Of every piece, doctor compares lengths and checksums of its files, opens it, and compares the number of its rows. A
    kind that has more to compare returns an examiner of its own.
    """

    def means(self, name: str) -> str:
        """Return, as a sentence, how queries are answered while the file called ``name`` is damaged."""
        return "Answers come from the parts instead: right, but slower."

    def look(self, piece: Piece, encoder: EncoderRecord | None, sound: Callable[[str], bool]) -> Iterator[Flaw]:
        """Compare lengths, headers and counts, in milliseconds; no library opens the piece.

        Args:
            piece: to look at.
            encoder: of its field.
            sound: whether nothing was found about a file that the manifest names.
        """
        yield from ()

    def check_part(self, opened: Any, layout: Layout, part: Part) -> Iterator[Flaw]:
        """Compare what an opened piece holds of a part with the files of the part, which have their checksums."""
        yield from ()

    def check_derived(self, opened: Any, piece: Piece) -> Iterator[Flaw]:
        """Check what an opened piece derives from its own rows."""
        yield from ()

    def recall(self, opened: Any, seed: int) -> tuple[Mapping[str, float], int] | None:
        """Measure recall@10 of approximate plans against the exact scan; ``None``: there is none, or nothing to search.

        Return it by the name of the plan, of those that could be measured, and the number of queries.
        """
        return None


class ArmKind(ABC):
    """A kind of arm; registered in ``ARMS``, or by an entry point of the group ``embedctl.arms``.

    A new kind is a subclass with ``build`` and ``open``; the rest has defaults that fit an arm that searches text and
    is written from nothing each time.
    """

    least: float = 0.0
    """Smallest score that it can give."""
    shape: str | None = None
    """Shape of the encoder whose vectors it searches; ``None``: it searches text."""
    feedback: str | None = None
    """Name of the setting that turns its feedback on; ``None``: it has none."""
    holds_out: bool = False
    """Whether it can be opened with :class:`ExtraRows`, as synthetic queries need."""

    @abstractmethod
    def build(self, work: ArmWork) -> Built:
        """Write the piece; the cost follows the changes.

        Raises:
            ResourceError: there is not enough disk or memory.
            DamagedError: a part, or a file of the previous piece, is damaged.
        """

    @abstractmethod
    def open(self, piece: Piece, opening: Opening) -> Any:
        """Open the piece, each file once it is verified; return an :class:`~embedctl.contracts.Arm`.

        Raises:
            DamagedError: it is damaged, and no other file of the piece can do its work.
            MismatchError: this version cannot read it.
        """

    def checks(self, encoder: EncoderRecord | None) -> Checks:
        """Return what must be right about its files besides their bytes."""
        return {}

    def extends(self, piece: Piece, settings: StoreSettings) -> bool:
        """Return whether a build with ``settings`` can start from ``piece``."""
        return False

    def current(self, piece: Piece) -> bool:
        """Return whether a piece is what this version would make of the same rows and settings."""
        del piece
        return True

    def disk_bytes(self, work: ArmWork) -> int:
        """Return how many bytes the build writes, at the least."""
        return 0

    def memory_bytes(self, work: ArmWork) -> int:
        """Return how many bytes of memory the build takes, at the least."""
        return 0

    def examiner(self) -> Examiner:
        """Return what ``doctor`` checks of its pieces besides lengths, checksums, and the number of rows."""
        return Examiner()


def length_flaws(record: ArmRecord, expected: Mapping[str, int | None]) -> Iterator[Flaw]:
    """Yield the files that the manifest does not name, or names with another number of bytes; ``None``: any number."""
    for name, size in sorted(expected.items()):
        known = record.files.get(name)
        if known is None:
            yield Flaw("The manifest does not name it, but the index needs it.", name)
        elif size is not None and known.bytes != size:
            yield Flaw(f"It has {known.bytes:,} bytes where its rows take {size:,}.", name)


def text_rows(layout: Layout, part: Part, documents: Collection[int] | None = None) -> Iterator[TextRow]:
    """Yield the chunks of some documents of a part, by ascending label; ``None``: of the live ones."""
    assert part.chunks is not None
    table = read_columns(layout.documents(part.number), part.documents, _DOCUMENT_COLUMNS)
    titles, paths = (table.column(name).to_pylist() for name in _DOCUMENT_COLUMNS)
    wanted = frozenset(range(len(titles)) if documents is None else documents)
    if documents is None:
        wanted -= frozenset(part.dead)
    first = number = label(part.number, 0)
    for batch in iter_batches(layout.chunks(part.number), part.chunks, _CHUNK_COLUMNS):
        columns = [batch.column(name).to_pylist() for name in _CHUNK_COLUMNS]
        for row, heading, text in zip(*columns, strict=True):
            if row in wanted:
                yield TextRow(number, first | row, text, titles[row] or "", tuple(heading), paths[row])
            number += 1
