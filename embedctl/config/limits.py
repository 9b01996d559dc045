"""How much is taken at once, and what may be spent on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartLimits:
    """A part is closed when it reaches one of these."""

    documents: int = 2_000
    text_bytes: int = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child process may spend on one request, or on one of several answers to it."""

    seconds: float
    """Of processor time: a slow or busy machine is not what it limits."""
    memory_bytes: int


SYNTAX_LIMITS = ChildLimits(seconds=10.0, memory_bytes=1_000_000_000)
"""For the syntax tree of one source file, which takes 20 to 100 bytes and a microsecond for each byte of code."""
PARQUET_LIMITS = ChildLimits(seconds=60.0, memory_bytes=2_000_000_000)
"""For some hundred rows of a Parquet file."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one file may cost; the process that parses it is stopped where it wants more, and the file fails."""

    seconds: float = 60.0
    memory_bytes: int = 1_000_000_000
    memory_per_byte: int = 8
    """Memory that each byte of the file adds: for large files that are allowed by ``--max-file-size``."""
    text_characters: int = 64_000_000
    """A file may always have as many characters as it has bytes."""
    pages: int = 100_000
    metadata_bytes: int = 1_000_000
    """Of its JSON."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How files are shared out among the processes that parse them."""

    worker_after_bytes: int = 250_000
    """Start another worker when so much waits for those that there are: about a tenth of a second of work."""
    file_bytes: int = 4_096
    """What each file counts for beside its size."""
    batch_files: int = 32
    batch_bytes: int = 256 * 1024
    """Files that are handed to a worker at once: small ones together."""
    ahead_bytes: int = 64 * 1024 * 1024
    ahead_files: int = 4_096
    """Files that are parsed, or waiting to be, before their turn; the texts of those that are parsed count, too."""


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """When derived files are rebuilt rather than updated, and when a plan changes."""

    dead_share: float = 0.25
    """Rebuild an index when more than this share of its rows is dead."""
    flat_rows: int = 250_000
    """At most this many rows are scanned exactly where no graph is walked; above, the index has sign bits, too."""
    gathered_rows: int = 20_000
    """A filter that lets at most so many rows through is answered by comparing each of them."""
    graph_after: int = 100
    """Queries of one session that are answered by scans before the graph is worth loading."""
    cheap_graph_rows: int = 20_000
    """Most rows of a new graph where every vector costs next to nothing: more take longer than a tenth of the run."""
    distilled_graph_rows: int = 200_000
    """The same of a store whose vectors a distilled encoder makes."""
    graph_tail_rows: int = 1_000
    graph_tail_share: float = 0.1
    """Rows beside the graph, or their share of it, whichever is more: up to so many are scanned, not built in."""
    rescored_least: int = 4_000
    rescored_per_row: int = 40
    """Candidates of a scan of sign bits that are compared exactly: so many for each row wanted, at least ``_least``."""
    segment_ratio: int = 2
    """A segment of vectors that is less than so many times the next smaller one is merged with it."""
    bm25_heap_bytes: int = 256 * 1024 * 1024
    bm25_least_heap_bytes: int = 16 * 1024 * 1024
    """Where memory is short; segments are smaller then, and merged more often."""


INDEX = IndexLimits()
"""The limits in force; read as ``limits.INDEX`` when they are needed, so that tests can lower them in one place."""
