"""Files of queries: lines of text, JSON Lines, or tab-separated ids and texts.

=====================  ============================================  ==========================
name                   a line                                        the query's id
=====================  ============================================  ==========================
``*.jsonl *.ndjson``   an object with ``text`` or ``query``          ``_id``, ``id``, ``query_id``, else the line number
``*.tsv``              ``id<TAB>text``                               the id
``*.txt``              a text                                        the line number
other names, stdin     JSON Lines if the first line is an object,    as above
                       else texts
=====================  ============================================  ==========================

Blank lines are passed over and count as lines. A byte order mark and Windows line ends are no part of a query. Bytes
that are not UTF-8 are replaced.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

from ..errors import UsageError
from .parse import whole_characters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Queries: TypeAlias = "str | os.PathLike[str] | QuerySource | Iterable[str | tuple[str, str]]"
    """A file of queries, a source, texts, or pairs of id and text."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BY_NAME = {".jsonl": "jsonl", ".ndjson": "jsonl", ".tsv": "tsv", ".txt": "text"}
_IDS = ("_id", "id", "query_id")
_TEXTS = ("text", "query")
_LISTED = 5
_AT_ONCE = 1_000
_LINES_AHEAD = 4_096
_MOST_BYTES = 16_000_000
"""Of one line; a longer one is no query."""


class NamedQuery(NamedTuple):
    """One query of many."""

    id: str
    text: str


class Problem(NamedTuple):
    """A line that is none of its file's kind."""

    line: int
    reason: str
    """A clause."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def refuse_lines(path: Path, problems: Sequence[Problem], told: str, hint: str) -> None:
    """Refuse a file some lines of which are none of its kind; ``told`` names what they are.

    Raises:
        UsageError: there are problems; the message lists the first.
    """
    if problems:
        listed = "; ".join(map(str, problems[:_LISTED]))
        more = f"; and {len(problems) - _LISTED:,} more" if len(problems) > _LISTED else ""
        raise UsageError(f'In "{path}" some lines are {told}: {listed}{more}.', hint)


class QueryFile:
    """The queries of a regular file, all of them checked before the first is asked."""

    def __init__(self, path: Path) -> None:
        """Check the file.

        Raises:
            UsageError: it cannot be read, holds no query, or some of its lines are none; the message says which.
        """
        self._path = path
        problems: list[Problem] = []
        self.count = 0
        """Queries in the file."""
        for found in self._read():
            if isinstance(found, Problem):
                problems.append(found)
            else:
                self.count += 1
        refuse_lines(path, problems, "no queries", "Correct or remove them.")
        if not self.count:
            raise UsageError(f'There is no query in "{path}".', "Write one on each line.")

    def batches(self, size: int) -> Iterator[list[NamedQuery]]:
        """Return the queries in their order, ``size`` at a time."""
        return _batched((found for found in self._read() if isinstance(found, NamedQuery)), size)

    def _read(self) -> Iterator[NamedQuery | Problem]:
        try:
            with self._path.open("rb") as stream:
                yield from _queries(stream, _BY_NAME.get(self._path.suffix.lower()))
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            why = getattr(error, "strerror", None) or error
            raise UsageError(
                f'The queries in "{self._path}" cannot be read: {why}.', "Name a file of queries."
            ) from error


class QueryStream:
    """The queries of a pipe, answered as they come; a line that is none is told and left out."""

    count: int | None = None
    """Nobody knows how many will come."""

    def __init__(self, stream: BinaryIO | Path, tell: Callable[[Problem], None]) -> None:
        """Read ``stream``, or what a path leads to; ``tell`` hears of every line that is no query."""
        self._stream = stream
        self._tell = tell

    def batches(self, size: int) -> Iterator[list[NamedQuery]]:
        """Yield what has come, at most ``size`` queries at a time, so that nobody waits for a batch to fill.

        Raises:
            UsageError: the pipe ended without a query.
        """
        come: queue.Queue[NamedQuery | Problem | BaseException | None] = queue.Queue(_LINES_AHEAD)
        threading.Thread(target=self._read_into, args=(come,), name="queries", daemon=True).start()
        batch: list[NamedQuery] = []
        any_query = False
        while (found := come.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            if isinstance(found, Problem):
                self._tell(found)
            else:
                batch.append(found)
            if batch and (len(batch) == size or come.empty()):
                yield batch
                any_query, batch = True, []
        if batch:
            yield batch
        elif not any_query:
            raise UsageError("No query came in on stdin.", "Write one on each line.")

    def _read_into(self, come: queue.Queue[NamedQuery | Problem | BaseException | None]) -> None:
        try:
            # Closed by the thread that reads it: another one would wait for the other end of the pipe.
            with self._stream.open("rb") if isinstance(self._stream, Path) else nullcontext(self._stream) as stream:
                for found in _queries(stream, None):
                    come.put(found)
            come.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever takes the queries
            come.put(error)


class QueryList:
    """Queries that a program gives; a text without an id is called by its place from 1."""

    def __init__(self, queries: Iterable[str | tuple[str, str]]) -> None:
        self._queries = queries
        self.count: int | None = len(queries) if isinstance(queries, list | tuple) else None

    def batches(self, size: int) -> Iterator[list[NamedQuery]]:
        """Yield the queries in their order, ``size`` at a time."""
        numbered = enumerate(self._queries, start=1)
        return _batched(
            (NamedQuery(str(at), query) if isinstance(query, str) else NamedQuery(*query) for at, query in numbered),
            size,
        )


def _batched(queries: Iterator[NamedQuery], size: int) -> Iterator[list[NamedQuery]]:
    while batch := list(islice(queries, size)):
        yield batch


QuerySource = QueryFile | QueryStream | QueryList


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield each line, and whether it is too long: of such a line no more than its beginning is held."""
    while raw := stream.readline(_MOST_BYTES):
        whole = len(raw) < _MOST_BYTES or raw.endswith(b"\n")
        yield raw, not whole
        while not whole:
            more = stream.readline(_MOST_BYTES)
            whole = len(more) < _MOST_BYTES or more.endswith(b"\n")


def _queries(stream: BinaryIO, form: str | None) -> Iterator[NamedQuery | Problem]:
    """Yield what each line that is not blank says; of queries with one id only the first is one."""
    seen: dict[int, int] = {}
    for number, (raw, too_long) in enumerate(_lines(stream), start=1):
        if too_long:
            yield Problem(number, f"longer than {_MOST_BYTES // 1_000_000} MB")
            continue
        line = (raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw).decode("utf-8", "replace").rstrip("\r\n")
        if not line.strip():
            continue
        if form is None:
            form = "jsonl" if _is_object(line) else "text"
        found = _FORMS[form](line, number)
        if form != "text" and isinstance(found, NamedQuery):
            first = seen.setdefault(hash(found.id), number)  # not the id itself: there may be millions
            if first != number:
                found = Problem(number, f'the id "{found.id}" is that of line {first}')
        yield found


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _text_line(line: str, number: int) -> NamedQuery:
    return NamedQuery(str(number), line.strip())


def _tsv_line(line: str, number: int) -> NamedQuery | Problem:
    name, tab, text = line.partition("\t")
    if not tab or not name.strip() or not text.strip():
        return Problem(number, "not an id, a tab and a text")
    return NamedQuery(name.strip(), text.strip())


def _json_line(line: str, number: int) -> NamedQuery | Problem:
    try:
        entry: Any = json.loads(line)
    except ValueError as error:
        return Problem(number, f"not JSON ({str(error).partition(':')[0]})")
    except RecursionError:
        return Problem(number, "JSON that is nested too deeply")
    if not isinstance(entry, dict):
        return Problem(number, "not a JSON object")
    text = next((entry[name] for name in _TEXTS if isinstance(entry.get(name), str)), None)
    if text is None:
        return Problem(number, 'no string called "text" or "query"')
    name = next((entry[name] for name in _IDS if isinstance(entry.get(name), str | int)), number)
    return NamedQuery(whole_characters(str(name)), whole_characters(text))  # JSON can hold half a character


_FORMS: dict[str, Callable[[str, int], NamedQuery | Problem]] = {
    "text": _text_line,
    "tsv": _tsv_line,
    "jsonl": _json_line,
}


def as_source(queries: Iterable[str | tuple[str, str]] | QuerySource) -> QuerySource:
    """Return ``queries`` as a source: texts or pairs of id and text become a :class:`QueryList`."""
    return queries if isinstance(queries, QueryFile | QueryStream | QueryList) else QueryList(queries)


def named_queries(queries: Queries) -> list[NamedQuery]:
    """Return the queries of a file, of a source, or of texts and pairs of id and text.

    Raises:
        UsageError: the file cannot be read, or some lines are no queries.
    """
    source = QueryFile(Path(queries)) if isinstance(queries, str | os.PathLike) else as_source(queries)
    return [query for batch in source.batches(_AT_ONCE) for query in batch]
