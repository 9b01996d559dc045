"""Any text is cut by the laws of chunks, and a document that cannot be cut stops nobody else."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile_texts import CHUNKERS, TEXTS, tokenizer_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tally import counted

import embedctl
from embedctl.chunkers import auto, batch
from embedctl.chunkers.batch import FailedDocument, chunk_documents
from embedctl.chunkers.code import ended_afterwards, structure
from embedctl.config import ChildLimits, ChunkConfig, QueryConfig
from embedctl.encoders.tokenization import HuggingFaceTokenizer
from embedctl.records import Document, Markup

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.append(str(CHUNKERS))
from chunker_samples import check, chunks_of, document

SHORT, LONG = 20_000, 5_000_000


@pytest.fixture(scope="module")
def tokenizer() -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(tokenizer_file(), 128)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Grammars get less time and memory than in earnest, and nothing of them stays behind."""
    monkeypatch.setattr("embedctl.chunkers.code.SYNTAX_LIMITS", ChildLimits(seconds=1, memory_bytes=150_000_000))
    with ended_afterwards():
        yield


def lawful(name: str, size: int, tokenizer: HuggingFaceTokenizer) -> None:
    text = TEXTS[name]
    made = document(text.make(size), text.markup, language=text.language)
    check(made, chunks_of(made, tokenizer, ChunkConfig()), tokenizer, ChunkConfig())


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_make_lawful_chunks(name: str, tokenizer: HuggingFaceTokenizer) -> None:
    lawful(name, SHORT, tokenizer)


@pytest.mark.long
def test_large_hostile_texts_make_lawful_chunks(tokenizer: HuggingFaceTokenizer, results: Path | None) -> None:
    with counted("hostile texts of 5 MB: every chunk lawful, nothing lost", results) as tally:
        for name in TEXTS:
            with tally.one():
                lawful(name, LONG, tokenizer)


_PIECES = [text.make(12) for text in TEXTS.values()] + [
    "# a\n",
    "- ",
    "```\n",
    "|-|\n",
    "    ",
    "word ",
    "\n\n",
    "=====\n",
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.tuples(st.sampled_from(_PIECES), st.integers(1, 40)), max_size=30),
    markup=st.sampled_from([kind.value for kind in Markup]),
    language=st.sampled_from(["python", "java", "bash", "c", None]),
)
def test_mixed_hostile_texts_make_lawful_chunks(
    pieces: list[tuple[str, int]], markup: str, language: str | None, tokenizer: HuggingFaceTokenizer
) -> None:
    made = document("".join(piece * count for piece, count in pieces), markup, language=language)
    check(made, chunks_of(made, tokenizer, ChunkConfig()), tokenizer, ChunkConfig())


def test_a_text_that_its_grammar_cannot_bear_has_no_structure_and_harms_nobody() -> None:
    assert structure("a<" * 20_000, 0, "java") is None
    code = "class A {\n  int b() {\n    return 1;\n  }\n}\n"
    found = structure(code, 0, "java")
    assert found is not None
    assert found[1].heading(code.index("return"), code.index("return") + 1) == ("class A",)


def poisoned(outline: object, document: Document) -> object:
    if "POISON" in document.text:
        raise IndexError("list index\nout of range")
    return outline(document)  # type: ignore[operator]


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours: no document with this word can be cut."""
    for markup, outline in list(auto._BY_MARKUP.items()):
        monkeypatch.setitem(auto._BY_MARKUP, markup, lambda document, outline=outline: poisoned(outline, document))


def test_one_document_that_cannot_be_cut_is_named_and_the_others_are_cut(
    poison: None, tokenizer: HuggingFaceTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["one", "POISON", "two", "three POISON", "four"]
    for most in (1, 2_000):
        monkeypatch.setattr(batch, "BATCH_DOCUMENTS", most)
        found = list(chunk_documents(map(document, texts), tokenizer, ChunkConfig()))
        for row, (text, result) in enumerate(zip(texts, found, strict=True)):
            if "POISON" in text:
                assert isinstance(result, FailedDocument)
                assert result.document.text == text
                assert "IndexError: list index out of range" in result.reason
                assert "\n" not in result.reason
            else:
                assert not isinstance(result, FailedDocument)
                assert [(chunk.text, chunk.doc_row) for chunk in result] == [(text, row)]


def test_an_interruption_and_a_lack_of_memory_are_no_documents_fault(
    tokenizer: HuggingFaceTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (KeyboardInterrupt(), MemoryError()):

        def fail(_document: Document, error: BaseException = error) -> object:
            raise error

        monkeypatch.setitem(auto._BY_MARKUP, "plain", fail)
        with pytest.raises(type(error)):
            list(chunk_documents([document("text")], tokenizer, ChunkConfig()))


def test_a_run_goes_on_past_documents_that_cannot_be_cut(
    poison: None, loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: object
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("# Kestrels\n\nThey hover above the meadow.\n", encoding="utf-8")
    (docs / "bad.md").write_text("# POISON\n", encoding="utf-8")
    (docs / "rows.jsonl").write_text('{"id": "a", "text": "An owl"}\n{"id": "b", "text": "POISON"}\n', encoding="utf-8")
    for path in docs.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    store = embedctl.create(tmp_path / ".embedctl")
    first = store.index([docs])
    assert {kind: count for kind, count in first.outcomes.items() if count} == {"added": 2, "failed": 2}
    assert {problem["path"] for problem in first.problems} == {"docs/bad.md", "docs/rows.jsonl, row 2"}
    assert all("cannot be cut into chunks" in problem["reason"] for problem in first.problems)
    assert first.exit_code == 3
    again = store.index()
    assert {kind: count for kind, count in again.outcomes.items() if count} == {"unchanged": 2, "failed": 2}
    assert store.query("hover", QueryConfig(mode="bm25")).hits[0].path == "docs/good.md"
    assert store.status()["documents"] == 2
    (docs / "bad.md").write_text("# Mended\n\nA heron.\n", encoding="utf-8")
    assert store.index().outcomes["added"] == 1
    assert [hit.path for hit in store.query("heron", QueryConfig(mode="bm25")).hits] == ["docs/bad.md"]
