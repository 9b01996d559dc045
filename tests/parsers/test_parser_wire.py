"""What the parent takes from a worker that a hostile file may have taken over."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers.reading import Allowance, ReadResult, ReadTask, read_and_parse
from embedctl.parsers.wire import answer, answer_bytes, read_answer, request
from embedctl.records import Markup, ParsedDocument
from embedctl.system.wire import InvalidAnswerError

TASK = ReadTask("a.md", "/tmp/a.md", 10, Allowance(60.0, 10**9, 1_000, 10, 10_000), bytes(range(32)))
FIELDS: dict[str, Any] = {
    "media_type": "text/plain",
    "markup": "plain",
    "title": None,
    "language": None,
    "encoding": "utf-8",
    "pages": [0, 3],
    "body_start": 1,
    "metadata": {},
    "notes": [],
    "name": "",
    "length": 10,
}
READ = {"sha256": "00" * 32, "read_by": "text/1"}


def frame(said: object, text: str | bytes = "Some text.") -> bytes:
    header = said if isinstance(said, bytes) else json.dumps(said).encode()
    body = text if isinstance(text, bytes) else text.encode()
    return header + b"\n" + body


def document(text: str | bytes = "Some text.", **changes: object) -> bytes:
    length = len(text) if isinstance(text, str) else 10
    return frame({**READ, "documents": [{**FIELDS, "length": length, **changes}]}, text)


def several(*names: object, text: str = "Some text.", **changes: object) -> bytes:
    """An answer of a file and of documents inside it, one character each."""
    own = {**FIELDS, "length": len(text) - len(names), "pages": [], "body_start": 0}
    inner = [{**own, "name": name, "length": 1, **changes} for name in names]
    return frame({**READ, "documents": [own, *inner]}, text)


def read(data: bytes) -> ReadResult:
    return read_answer(data, TASK)


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)
metadata = st.dictionaries(
    words,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False, allow_infinity=False)
        | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=500),
    metadata,
    st.data(),
)
def test_documents_arrive_as_they_were(text: str, about: dict[str, Any], data: st.DataObject) -> None:
    pages = tuple(sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5))))
    own = ParsedDocument(text, "text/x", Markup.RST, "A title", "en", "cp1252", pages, len(text), about, ("a note",))
    for sent in (own, replace(own, inner=(("a", own), ("b/ä", own)))):
        result = ReadResult(
            b"x" * 32, replace(sent, inner=tuple((name, replace(each)) for name, each in sent.inner)), read_by="text/2"
        )
        assert read(answer_bytes(result)) == result


def test_a_file_may_have_nothing_but_documents_inside_it() -> None:
    got = read(several("a", "b", text="xy")).document
    assert got is not None
    assert (got.text, [(name, each.text) for name, each in got.inner]) == ("", [("a", "x"), ("b", "y")])


@pytest.mark.parametrize("problem", [ParseError("damaged"), UnsupportedError("empty file")])
def test_problems_arrive_as_they_were(problem: ParseError) -> None:
    got = read(answer_bytes(ReadResult(None, problem=problem)))
    assert type(got.problem) is type(problem)
    assert (str(got.problem), got.sha256) == (problem.message, None)


def test_a_task_reaches_the_worker_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "odd\udcff.md"
    path.write_bytes("# Nächte\n".encode())
    task = ReadTask("ä.md", str(path), 10, TASK.allowance)
    sent = request(task)
    data = answer(sent.payload)
    assert read_answer(data, task) == read_and_parse(task)
    assert len(data) <= sent.answer_bytes
    assert (sent.seconds, sent.memory_bytes, sent.by_clock) == (60.0, 10**9, True)


def test_lone_surrogates_do_not_travel() -> None:
    sent = ParsedDocument("a\ud800b", "text/x", title="\udfff", metadata={"a": "\ud800"}, pages=(0, 3))
    got = read(answer_bytes(ReadResult(b"x" * 32, sent))).document
    assert got is not None
    assert (got.text, got.title, got.metadata) == ("a?b", "?", {"a": "?"})


def test_the_usual_answer_is_taken() -> None:
    assert read(document()).document is not None
    assert read(several("a")).document is not None
    unchanged = frame({**READ, "sha256": TASK.known.hex() if TASK.known else ""}, "")
    assert read(unchanged) == ReadResult(TASK.known, read_by="text/1")


@pytest.mark.parametrize(
    "data",
    [
        document(text=""),
        document(text="a\0b"),
        document(text="a" * 1_001),
        document(text=b"\xff\xfe"),
        document(text=b"\xed\xa0\x80"),
        document(pages=[3, 0]),
        document(pages=[-1]),
        document(pages=[11]),
        document(pages=[0] * 11),
        document(pages=[True]),
        document(pages=[0.5]),
        document(pages="00"),
        document(pages=None),
        document(body_start=11),
        document(body_start=-1),
        document(body_start=True),
        document(body_start=None),
        document(markup="html"),
        document(markup=[]),
        document(media_type=3),
        document(media_type="a" * 1_000),
        document(title=["a"]),
        document(title="a" * 1_001),
        document(title="\ud800"),
        document(language="a\0"),
        document(metadata=[]),
        document(metadata={"a": "\udc80"}),
        document(metadata={"\udc80": 1}),
        document(metadata={"a": float("nan")}),
        document(metadata={"a": float("inf")}),
        document(metadata=None),
        document(notes=None),
        document(notes=["a"] * 21),
        document(notes=["a" * 501]),
        document(notes=[1]),
        document(length=9),
        document(length=-1),
        document(length=True),
        document(name=None),
        several("a\nb"),
        several("a" * 501),
        several(3),
        several("a", length=0),
        several("a", length=20),
        several(*["a"] * 1_001, text="a" * 1_000 + "b"),
        frame({"sha256": "00" * 32, "documents": [FIELDS]}),
        frame({**READ, "read_by": 3, "documents": [FIELDS]}),
        frame({**READ, "documents": [[]]}),
        frame({**READ, "documents": FIELDS}),
        frame({"read_by": "text/1", "documents": [FIELDS]}),
        frame({**READ, "sha256": "", "documents": [FIELDS]}),
        frame({**READ, "sha256": "00" * 31, "documents": [FIELDS]}),
        frame({**READ, "sha256": "zz" * 32, "documents": [FIELDS]}),
        frame({**READ, "sha256": 3, "documents": [FIELDS]}),
        frame({**READ, "sha256": "00" * 32, "documents": []}),
        frame({**READ, "sha256": "00" * 32}, ""),
        frame({**READ, "sha256": ""}, ""),
        frame({**READ, "sha256": "", "problem": {"message": "", "skipped": False}}, ""),
        frame({**READ, "sha256": "", "problem": {"message": "a" * 1_000, "skipped": False}}, ""),
        frame({**READ, "sha256": "", "problem": {"message": None, "skipped": False}}, ""),
        frame({**READ, "sha256": "", "problem": {"skipped": False}}, ""),
        frame({**READ, "sha256": "", "problem": "damaged"}, ""),
        frame([]),
        frame(None),
        frame(b"no JSON"),
        frame(b"\xff"),
        frame(b"[" * 50_000),
        frame(b'{"a": ' * 10_000),
        frame(b'{"sha256": ' + b"9" * 9_000 + b"}"),
        b"",
        b"\n",
        b"{}",
        document().replace(b"\n", b""),
        frame(b" " * 200_000 + b"null"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidAnswerError):
        read(data)


def test_reasons_are_one_harmless_line() -> None:
    said = {
        **READ,
        "problem": {"message": "bad\n\x1b[2J\x9b31mred\r\nmore\u202e", "skipped": False},
    }
    message = str(read(frame(said, "")).problem)
    assert message.isprintable(), repr(message)


def test_an_answer_without_its_text_is_refused() -> None:
    data = document()
    text = len(data) - len("Some text.")
    for size in range(text + 1):
        with pytest.raises(InvalidAnswerError):
            read(data[:size])


def test_mutated_answers_are_refused_or_sound() -> None:
    generator, whole = random.Random(7), document(title="Vectors", metadata={"a": [1, "ü"]})
    for _ in range(3_000):
        data = bytearray(whole)
        for _ in range(generator.randrange(1, 4)):
            data[generator.randrange(4, len(data))] = generator.randrange(256)
        try:
            got = read(bytes(data))
        except InvalidAnswerError:
            continue
        if got.document:
            json.dumps(got.document.metadata, allow_nan=False, ensure_ascii=False).encode()
            f"{got.document.title}{got.document.text}{got.document.language}{got.document.media_type}".encode()
            assert all(0 <= page <= len(got.document.text) for page in got.document.pages)
