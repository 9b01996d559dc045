"""Records that flow between stages; ``store/schemas.py`` has their Arrow schemas on disk.

Offsets count Unicode code points of ``Document.text`` from 0; spans are half-open; lines and pages count from 1.
``document.text[chunk.start:chunk.end] == chunk.text`` always holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .config import RecordFields, WalkRules

NORM_OFF = 1e-3
"""Largest deviation of a sound vector's length from one."""

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


class Markup(StrEnum):
    """The structure that a document's text carries; it decides what chunker ``auto`` means."""

    PLAIN = "plain"
    MARKDOWN = "markdown"
    RST = "rst"
    CODE = "code"
    ORG = "org"
    ASCIIDOC = "asciidoc"
    LATEX = "latex"
    WIKI = "wiki"


class Outcome(StrEnum):
    """Result for one input; every input has exactly one."""

    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    UNCHANGED = "unchanged"
    INDEXED = "indexed"
    """Added, changed, moved or unchanged: what the ledger of files keeps of them."""
    SKIPPED = "skipped"
    """Left out by a rule: too large, empty, binary, a symbolic link, an unsupported kind."""
    FAILED = "failed"
    """Should have been read and could not be."""
    NOTED = "noted"
    """Indexed, but not all of it; beside the outcome of the same input."""

    @property
    def is_counted(self) -> bool:
        """Whether a run counts inputs of it."""
        return self not in (Outcome.INDEXED, Outcome.NOTED)

    DELETED = "deleted"


class Span(NamedTuple):
    """``[start, end)`` in code points."""

    start: int
    end: int


class SecretSpan(NamedTuple):
    """A secret in a document's text: ``[start, end)`` in code points, and which rule found it."""

    start: int
    end: int
    rule: str


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, a file or a list of files that the store covers."""

    name: str
    """Unique in the store; the first part of every chunk id."""
    root: str
    """Folder, POSIX style: relative to the store's base where it lies within reach, else absolute."""
    rules: WalkRules
    fields: RecordFields
    only: tuple[str, ...] | None = None
    """Paths relative to ``root`` when the source is a file or a list of files; ``None``: the whole folder."""
    forgotten: tuple[str, ...] = ()
    """Ids of documents that ``forget`` removed: they stay out although they are still there."""


class FileEntry(NamedTuple):
    """One regular file that a source covers; a tuple, because a walk makes a million of them."""

    path: str
    """Relative to the source's root, POSIX style."""
    absolute: str
    size: int
    mtime_us: int
    """Modification time in microseconds since the epoch."""
    ctime_us: int = 0
    """When content, name or rights changed last: no program can set it back."""
    wanted: bool = False
    """It was asked for by name or ``--include``, and is taken although a program wrote it and nobody reads it."""


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """Something that a source met and left out, with the reason as a finished clause."""

    path: str
    reason: str
    outcome: Outcome = Outcome.SKIPPED


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a record file."""

    id: str
    row: int
    """1-based position in the file."""
    title: str | None
    text: str
    metadata: dict[str, JSON]
    row_hash: int | None = field(default=None, compare=False)
    """64 bits of SHA-256 over the row as the file spells it; ``None`` where the format has no such thing."""
    media_type: str = "text/plain"
    markup: Markup = Markup.PLAIN
    language: str | None = None
    pages: tuple[int, ...] = ()
    body_start: int = 0


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A row that makes no document."""

    row: int
    reason: str
    outcome: Outcome = Outcome.FAILED
    """``SKIPPED`` for a row whose text is empty, as for an empty file."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """Text and metadata that a parser found in bytes."""

    text: str
    media_type: str
    markup: Markup = Markup.PLAIN
    title: str | None = None
    """The document's own title, never its file name."""
    language: str | None = None
    """Programming language of code, or the natural language that the document declares."""
    encoding: str | None = None
    """Character encoding, for formats that do not fix it."""
    pages: tuple[int, ...] = ()
    """Offset at which each page begins; empty where the format has none."""
    body_start: int = 0
    """Offset after front matter; chunks begin here."""
    metadata: dict[str, JSON] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Clauses that tell what the text lacks: ``3 of 12 pages are pictures without text``."""
    inner: tuple[tuple[str, ParsedDocument], ...] = ()
    """Names and contents of documents inside the file, such as attachments; only with them may the text be empty."""


@dataclass(frozen=True, slots=True)
class Document:
    """One row of ``documents/<part>.parquet``."""

    doc_id: str
    source: str
    path: str
    record: int | None
    title: str | None
    text: str
    media_type: str
    markup: str
    language: str | None
    encoding: str | None
    pages: tuple[int, ...]
    body_start: int
    mtime_us: int
    size: int
    sha256: bytes
    """Of the file's bytes, or of the record's canonical JSON."""
    metadata: str
    """A JSON object."""
    row_hash: int | None = field(default=None, compare=False)
    """As in ``Record``."""
    secrets: tuple[SecretSpan, ...] | None = None
    """Masked spans of the text; ``None``: it was not searched for secrets."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One row of ``chunks/<part>.parquet``."""

    chunk_id: str
    doc_id: str
    doc_row: int
    ordinal: int
    start: int
    end: int
    start_line: int
    end_line: int
    page: int | None
    heading: tuple[str, ...]
    context: str
    text: str
    sha256: bytes
    """Of what the encoder reads: context and text."""
    tokens: int
    """Of what the encoder reads, special tokens and prompt included."""
    token_ids: NDArray[np.int32] | None = field(default=None, compare=False, repr=False)
    """Of context and text: what the encoder reads between special tokens and prompt; ``None``: not kept."""


Kind = TypeVar("Kind")
_ORIGIN = re.compile(r"Of(Chunk|Document)\[(.+)\]")
OfChunk = Annotated[Kind, "chunk"]
OfDocument = Annotated[Kind, "document"]
"""Fields of a hit that are kept with its chunk: its own, and those of its document."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: a chunk, its place and its scores.

    Fields are named here only: what is kept for hits, and the columns of JSON, CSV and Parquet, follow.
    """

    rank: int
    id: OfChunk[str]
    doc_id: OfDocument[str]
    source: OfDocument[str]
    path: OfDocument[str]
    """Relative to the store's base, or absolute where the source is."""
    record: OfDocument[int | None]
    start_line: OfChunk[int]
    end_line: OfChunk[int]
    page: OfChunk[int | None]
    heading: OfChunk[tuple[str, ...]]
    title: OfDocument[str | None]
    media_type: OfDocument[str]
    text: OfChunk[str]
    metadata: OfDocument[dict[str, JSON]]
    score: float
    """The list is sorted by it: the score of the reranker, of the fusion, or of the only arm that is asked."""
    scores: dict[str, float | None]
    """``rrf``, ``bm25``, ``cosine`` (of the arm ``dense``), and every other arm by its name; ``None`` where an arm has
    no score, and ``rrf`` in any other fusion."""
    ranks: dict[str, int | None]
    """Rank by arm; ``None`` where the arm proposed nothing. Where arms are fused, the ranks that fusions by rank go by:
    for the first hit of a document the ranks of the document, by its best chunk in each arm."""


_DECLARED = {one.name: _ORIGIN.fullmatch(str(one.type)) for one in fields(Hit)}
CHUNK_FIELDS = tuple(name for name, match in _DECLARED.items() if match and match[1] == "Chunk")
DOCUMENT_FIELDS = tuple(name for name, match in _DECLARED.items() if match and match[1] == "Document")
HIT_TYPES = {one.name: _ORIGIN.sub(r"\2", str(one.type)) for one in fields(Hit)}
"""Types of the fields of a hit, as they are written above."""
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "int | None": (int, type(None)),
    "tuple[str, ...]": (list,),
    "dict[str, JSON]": (dict,),
}
PAYLOAD_TYPES = {name: _JSON_TYPES[HIT_TYPES[name]] for name, match in _DECLARED.items() if match}
"""Types of the fields that are kept with a chunk, as JSON has them."""
