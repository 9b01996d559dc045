"""How a worker and its parent talk: JSON and UTF-8 with their lengths in front, nothing that could run code.

The parent believes nothing: a worker that a hostile file has taken over may write anything, and can thereby spoil what
is said of the files it parses, but no more than that. An answer that is not of the form below is refused whole.

::

    batch of tasks    length, JSON: [[path, absolute, size, allowance, known], ...]
    answer            length of the JSON, length of the text, JSON: {"sha256", "problem" | "document", "last"}, text
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ParseError, UnsupportedError
from ..records import Markup, ParsedDocument
from .markup import one_line
from .reading import MOST_CHARACTERS, Allowance, ReadResult, ReadTask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

READY = b"embedctl parser 1\n"
"""What a worker says when it can take tasks."""

MOST_REASON = 500
"""Characters of the sentence that tells why a file could not be parsed."""

_BATCH = struct.Struct(">I")
_ANSWER = struct.Struct(">IQ")
_HEADER_BYTES = 65_536
"""Of an answer's JSON, beside metadata and pages."""
_BYTES_PER_PAGE = 12
_BYTES_PER_CHARACTER = 4
_SHA256_DIGITS = 64


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class InvalidAnswerError(ValueError):
    """What came from a worker is no answer."""


class ReadAnswer(NamedTuple):
    """What a worker says about one file."""

    result: ReadResult
    last: bool
    """The worker ends itself after this answer."""


# --- in the parent


def write_tasks(stream: IO[bytes], tasks: Sequence[ReadTask]) -> None:
    """Hand a batch of tasks to a worker."""
    rows = [(each.path, each.absolute, each.size, each.allowance, (each.known or b"").hex()) for each in tasks]
    data = json.dumps(rows).encode()  # in ASCII: odd bytes of a path are surrogates here
    stream.write(_BATCH.pack(len(data)) + data)
    stream.flush()


def read_answer(stream: IO[bytes], task: ReadTask) -> ReadAnswer:
    """Return the answer to ``task``.

    Raises:
        EOFError: the worker has ended.
        InvalidAnswerError: this is no answer, or one beyond the limits; nothing more can be read from this worker.
    """
    most = task.allowance
    header_size, text_size = _ANSWER.unpack(_exactly(stream, _ANSWER.size))
    if header_size > _HEADER_BYTES + most.metadata_bytes + _BYTES_PER_PAGE * most.pages:
        raise InvalidAnswerError("header")
    if text_size > _BYTES_PER_CHARACTER * most.characters:
        raise InvalidAnswerError("text")
    header = _exactly(stream, header_size)
    text = _exactly(stream, text_size)
    try:
        return _checked(header.decode(), text.decode(), task)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidAnswerError("content") from error


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _checked(header: str, text: str, task: ReadTask) -> ReadAnswer:
    """Return what an answer says.

    Raises:
        ValueError, TypeError, KeyError: it does not say what an answer says.
    """
    said = _DECODER.decode(header)
    if "\\u" in header:  # escapes can spell what UTF-8 cannot hold; workers write none for anything printable
        _ENCODER.encode(said).encode()
    sha256 = bytes.fromhex(_text(said["sha256"], _SHA256_DIGITS)) or None
    _require(sha256 is None or len(sha256) == _SHA256_DIGITS // 2)
    problem, fields = said.get("problem"), said.get("document")
    if problem is not None:
        kind = UnsupportedError if problem["skipped"] is True else ParseError
        message = _text(problem["message"], MOST_REASON)
        message = one_line("".join(each if each.isprintable() else " " for each in message))  # it goes to a terminal
        _require(bool(message))
        result = ReadResult(sha256, problem=kind(message))
    elif fields is not None:
        _require(sha256 is not None)
        result = ReadResult(sha256, _document(fields, text, task.allowance))
    else:
        _require(sha256 is not None and sha256 == task.known)
        result = ReadResult(sha256)
    return ReadAnswer(result, said["last"] is True)


def _document(fields: dict[str, Any], text: str, most: Allowance) -> ParsedDocument:
    _require(bool(text) and "\0" not in text and len(text) <= most.characters)
    pages, body_start, metadata = fields["pages"], fields["body_start"], fields["metadata"]
    _require(type(pages) is list and len(pages) <= most.pages and all(type(page) is int for page in pages))
    _require(not pages or (pages[0] >= 0 and pages[-1] <= len(text) and pages == sorted(pages)))
    _require(type(body_start) is int and 0 <= body_start <= len(text))
    _require(type(metadata) is dict)
    return ParsedDocument(
        text,
        _word(fields, "media_type") or "text/plain",
        Markup(fields["markup"]),
        _word(fields, "title"),
        _word(fields, "language"),
        _word(fields, "encoding"),
        tuple(pages),
        body_start,
        metadata,
    )


def _word(fields: dict[str, Any], name: str) -> str | None:
    if fields[name] is None:
        return None
    word = _text(fields[name], MOST_CHARACTERS[name])
    return (word if word.isascii() and word.isprintable() else one_line(word)) or None


def _text(value: object, most: int) -> str:
    if type(value) is not str or len(value) > most or "\0" in value:
        raise ValueError("not a text of that length")
    return value


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("not what an answer says")


# --- in the worker


def read_tasks(stream: IO[bytes]) -> list[ReadTask]:
    """Return the next batch.

    Raises:
        EOFError: there are no more.
    """
    (size,) = _BATCH.unpack(_exactly(stream, _BATCH.size))
    rows = json.loads(_exactly(stream, size))
    return [
        ReadTask(path, absolute, size, Allowance(*most), bytes.fromhex(known) or None)
        for path, absolute, size, most, known in rows
    ]


def answer_frame(result: ReadResult, last: bool) -> tuple[bytes, bytes]:
    """Return an answer as its lengths with the JSON, and the text.

    Lone surrogates, which no parser should leave, become question marks.

    Raises:
        ValueError, RecursionError: metadata that is no JSON.
    """
    said: dict[str, Any] = {"sha256": (result.sha256 or b"").hex(), "last": last}
    text = ""
    if result.problem is not None:
        skipped = isinstance(result.problem, UnsupportedError)
        said["problem"] = {"message": result.problem.message[:MOST_REASON], "skipped": skipped}
    elif result.document is not None:
        document = result.document
        text = document.text
        said["document"] = {
            "media_type": document.media_type,
            "markup": document.markup.value,
            "title": document.title,
            "language": document.language,
            "encoding": document.encoding,
            "pages": document.pages,
            "body_start": document.body_start,
            "metadata": document.metadata,
        }
    header, body = _ENCODER.encode(said).encode("utf-8", "replace"), text.encode("utf-8", "replace")
    return _ANSWER.pack(len(header), len(body)) + header, body
