"""The parsers' words on the wire: a task and its answer as JSON and UTF-8, nothing that could run code.

The parent believes nothing: a worker that a hostile file has taken over may write anything, and can thereby spoil what
is said of the files it parses, but no more than that. An answer that is not of the form below is refused whole.

::

    task      JSON: [path, absolute, size, allowance, known, start, wanted, ocr]
    answer    JSON: {"sha256", "read_by", "problem" | "documents"}, a newline, the texts of all documents
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import accumulate
from typing import Any

from ..errors import ParseError, UnsupportedError
from ..records import Markup, ParsedDocument
from ..system.wire import LONGEST_PROBLEM, InvalidAnswerError, Task
from .converting import CONVERTERS, NeedsConverterError
from .markup import one_line
from .reading import (
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_CHARACTERS,
    MOST_INNER,
    MOST_NOTES,
    Allowance,
    ReadResult,
    ReadTask,
    read_and_parse,
)

WORK = f"{__name__}:answer"
"""The function that a worker runs."""

_HEADER_BYTES = 1 << 24
"""Of an answer's JSON, beside metadata and pages: names and titles of a thousand documents."""
_FIELDS = ("markup", "pages", "body_start", "metadata", "notes", *MOST_CHARACTERS)
"""Fields of a document in the JSON, beside its name and the length of its text."""
_BYTES_PER_PAGE = 12
_BYTES_PER_CHARACTER = 4
_SHA256_DIGITS = 64


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# --- in the parent


def request(task: ReadTask) -> Task:
    """Return a task as a child process takes it."""
    most = task.allowance
    known = (task.known or b"").hex()
    fields = (task.path, task.absolute, task.size, most, known, task.start, task.wanted, task.ocr)
    return Task(
        json.dumps(fields).encode(),  # in ASCII: odd bytes of a path are surrogates here
        most.seconds,
        most.memory_bytes,
        _header_bytes(most) + _BYTES_PER_CHARACTER * most.characters,
        by_clock=True,
    )


def read_answer(data: bytes, task: ReadTask) -> ReadResult:
    """Return the answer to ``task``.

    Raises:
        InvalidAnswerError: this is not an answer, or one beyond the limits.
    """
    try:
        end = data.index(b"\n", 0, _header_bytes(task.allowance))
        return _checked(str(data[:end], "utf-8"), str(memoryview(data)[end + 1 :], "utf-8"), task)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidAnswerError("content") from error


def _header_bytes(most: Allowance) -> int:
    return _HEADER_BYTES + most.metadata_bytes + _BYTES_PER_PAGE * most.pages


def _checked(header: str, text: str, task: ReadTask) -> ReadResult:
    """Return an answer, decoded.

    Raises:
        ValueError, TypeError, KeyError: it is not of the form of an answer.
    """
    said = _DECODER.decode(header)
    if "\\u" in header:  # escapes can spell what UTF-8 cannot hold; workers write none for anything printable
        _ENCODER.encode(said).encode()
    sha256 = bytes.fromhex(_text(said["sha256"], _SHA256_DIGITS)) or None
    _require(sha256 is None or len(sha256) == _SHA256_DIGITS // 2)
    problem, documents = said.get("problem"), said.get("documents")
    read_by = one_line(_text(said["read_by"], LONGEST_NAME)) or None
    if problem is not None:
        if "convert" in problem and (wanted := problem["convert"]) is not None:
            _require(wanted in CONVERTERS and sha256 is not None)
            return ReadResult(sha256, problem=NeedsConverterError(wanted), read_by=read_by)
        kind = UnsupportedError if problem["skipped"] is True else ParseError
        message = _text(problem["message"], LONGEST_PROBLEM)
        message = one_line("".join(each if each.isprintable() else " " for each in message))  # it goes to a terminal
        _require(bool(message))
        return ReadResult(sha256, problem=kind(message), read_by=read_by)
    if documents is not None:
        _require(sha256 is not None)
        return ReadResult(sha256, _documents(documents, text, task.allowance), read_by=read_by)
    _require(sha256 is not None and sha256 == task.known)
    return ReadResult(sha256, read_by=read_by)


def _documents(described: list[dict[str, Any]], text: str, most: Allowance) -> ParsedDocument:
    """Return a file's document, which is the first, with those inside it."""
    _require(type(described) is list and 0 < len(described) <= MOST_INNER + 1)
    _require("\0" not in text and len(text) <= most.characters)
    lengths = [fields["length"] for fields in described]
    _require(all(type(length) is int and length >= 0 for length in lengths) and sum(lengths) == len(text))
    ends = list(accumulate(lengths))
    own, *inner = (
        (_text(fields["name"], LONGEST_NAME), _document(fields, text[end - length : end], most))
        for fields, length, end in zip(described, lengths, ends, strict=True)
    )
    _require(all(name.isprintable() and document.text for name, document in inner))
    _require(bool(own[1].text or inner))
    return replace(own[1], inner=tuple(inner)) if inner else own[1]


def _document(fields: dict[str, Any], text: str, most: Allowance) -> ParsedDocument:
    pages, body_start, metadata = fields["pages"], fields["body_start"], fields["metadata"]
    _require(type(pages) is list and len(pages) <= most.pages and all(type(page) is int for page in pages))
    _require(not pages or (pages[0] >= 0 and pages[-1] <= len(text) and pages == sorted(pages)))
    _require(type(body_start) is int and 0 <= body_start <= len(text))
    _require(type(metadata) is dict)
    title, language, encoding, media_type = (_word(fields, name) for name in MOST_CHARACTERS)
    about = (media_type or "text/plain", Markup(fields["markup"]), title, language, encoding)
    _require(type(fields["notes"]) is list and len(fields["notes"]) <= MOST_NOTES)
    notes = tuple(one_line(_text(note, LONGEST_NOTE)) for note in fields["notes"])
    return ParsedDocument(text, *about, tuple(pages), body_start, metadata, notes)


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
        raise ValueError("not of the form of an answer")


# --- in the worker


def answer(data: bytes) -> bytes:
    """Return the answer to a task."""
    path, absolute, size, most, known, start, wanted, ocr = json.loads(data)
    task = ReadTask(path, absolute, size, Allowance(*most), bytes.fromhex(known) or None, start, wanted, ocr)
    return answer_bytes(read_and_parse(task))


def answer_bytes(result: ReadResult) -> bytes:
    """Return an answer.

    Lone surrogates, which no parser should leave, become question marks.

    Raises:
        ValueError, RecursionError: metadata that is not JSON.
    """
    said: dict[str, Any] = {"sha256": (result.sha256 or b"").hex(), "read_by": result.read_by or ""}
    texts = []
    if result.problem is not None:
        skipped = isinstance(result.problem, UnsupportedError)
        convert = result.problem.kind if isinstance(result.problem, NeedsConverterError) else None
        message = result.problem.message[:LONGEST_PROBLEM]
        said["problem"] = {"message": message, "skipped": skipped, "convert": convert}
    elif result.document is not None:
        documents = [("", result.document), *result.document.inner]
        texts = [document.text for _, document in documents]
        said["documents"] = [
            {"name": name, "length": len(document.text), **{field: getattr(document, field) for field in _FIELDS}}
            for name, document in documents
        ]
    return b"\n".join(each.encode("utf-8", "replace") for each in (_ENCODER.encode(said), "".join(texts)))
