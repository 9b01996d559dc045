"""The embed stage on parts that are written by hand: what is encoded, in what order, and what is kept when it fails."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedctl.config import TEXT_FIELD, FieldSettings
from embedctl.contracts import TokenIds
from embedctl.errors import EmbedctlError, MismatchError
from embedctl.records import Chunk
from embedctl.reporters import make_reporter
from embedctl.stages import embed as embed_module
from embedctl.stages.embed import FieldWork, embed, pending
from embedctl.stages.report import RunReport
from embedctl.store.layout import Layout
from embedctl.store.manifest import FileRecord, Part
from embedctl.store.parts import chunk_columns, read_vectors, write_chunks
from embedctl.store.vectors import KnownVectors, as_hashes, distinct
from embedctl.store.writer import Writer, read_manifest, writing

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

ENCODER = "e" * 16
TOKENIZER = "7" * 16
DIM = 8


def vector_of(text: str) -> Vectors:
    numbers = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint8)[:DIM].astype(np.float32) + 1
    return np.asarray(numbers / np.linalg.norm(numbers), dtype=np.float32)


class RecordingEncoder:
    """A vector for each text, by its hash; tokens are code points."""

    name, fingerprint, dim = "hash", ENCODER, DIM
    tokenizer_fingerprint = TOKENIZER

    def __init__(self, breaks_at: str = "") -> None:
        self.texts: list[str] = []
        self.calls: list[tuple[str, int]] = []
        self.breaks_at = breaks_at

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(("texts", len(texts)))
        return self._encoded(texts)

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        edges = tokens.offsets.tolist()
        self.calls.append(("tokens", len(edges) - 1))
        pieces = [tokens.ids[start:end] for start, end in pairwise(edges)]
        return self._encoded(["".join(map(chr, piece.tolist())) for piece in pieces])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("nobody asks")

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        if self.breaks_at and self.breaks_at in texts:
            raise RuntimeError("broken")
        self.texts += texts
        return np.stack([vector_of(text) for text in texts])


def chunk(part: int, row: int, text: str, kept: bool) -> Chunk:
    whole = f"A\n{text}"
    ids = np.array(list(map(ord, whole)), dtype=np.int32) if kept else None
    digest = hashlib.sha256(whole.encode()).digest()
    return Chunk(
        f"s:d{part}#{row}", f"d{part}", 0, row, 0, len(text), 1, 1, None, (), "A\n", text, digest, len(whole), ids
    )  # fmt: skip


def fill(layout: Layout, texts: Sequence[Sequence[str]], kept: bool = True, tokenizer: str = TOKENIZER) -> None:
    """Commit a part for each list of texts, behind those that there are."""
    with writing(layout, "test") as writer:
        made_with = writer.manifest.settings.chunk.fingerprint(tokenizer)
        for number, part in enumerate(texts, start=writer.manifest.next_part):
            record = write_chunks(
                layout, number, [chunk(number, row, text, kept) for row, text in enumerate(part)], made_with
            )
            made = Part(number, FileRecord(rows=1, bytes=0, sha256="00" * 32), record)
            manifest = replace(writer.manifest, parts=(*writer.manifest.parts, made), next_part=number + 1)
            writer.commit(manifest, [layout.chunks(number)])


def run(layout: Layout, encoder: RecordingEncoder, field: str = TEXT_FIELD) -> RunReport:
    report = RunReport("embed")
    with writing(layout, "test") as writer:
        embed(writer, FieldWork(ENCODER, lambda: encoder, field), make_reporter("silent"), report)
    return report


def check(layout: Layout, texts: Sequence[Sequence[str]]) -> None:
    """Every part has the vectors of its texts, row for row."""
    manifest = read_manifest(layout)
    assert pending(manifest, TEXT_FIELD, ENCODER) == []
    assert len(manifest.parts) == len(texts)
    for part, expected in zip(manifest.parts, texts, strict=True):
        found = read_vectors(layout, part)
        assert found.shape == (len(expected), DIM)
        for vector, text in zip(found, expected, strict=True):
            assert np.array_equal(vector, vector_of(f"A\n{text}"))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / ".embedctl").mkdir()
    return Layout(tmp_path / ".embedctl")


@pytest.fixture(params=[1, 5, 10_000], ids=["part by part", "a few together", "all together"])
def _grouped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_module, "GROUPED_CHUNKS", request.param)


PARTS = [["one", "two", "one"], ["three"], ["two", "four", "a long text" * 9], [], ["five", "one"], ["six"], ["seven"]]
DISTINCT = sorted({f"A\n{text}" for part in PARTS for text in part})


@pytest.mark.usefixtures("_grouped")
@pytest.mark.parametrize("kept", [True, False])
def test_every_text_is_encoded_once_whatever_part_it_is_in(layout: Layout, kept: bool) -> None:
    fill(layout, PARTS, kept)
    encoder = RecordingEncoder()
    report = run(layout, encoder)
    check(layout, PARTS)
    assert sorted(encoder.texts) == DISTINCT
    assert {kind for kind, _ in encoder.calls} == {"tokens" if kept else "texts"}
    rows = sum(map(len, PARTS))
    assert (report.counts["embedded"], report.counts["reused"]) == (len(DISTINCT), rows - len(DISTINCT))
    assert report.counts["embedded_tokens"] == sum(map(len, DISTINCT))


def test_tokens_of_another_tokenizer_are_not_taken(layout: Layout) -> None:
    fill(layout, PARTS, tokenizer="0" * 16)
    encoder = RecordingEncoder()
    run(layout, encoder)
    check(layout, PARTS)
    assert {kind for kind, _ in encoder.calls} == {"texts"}


def test_a_part_that_keeps_no_tokens_has_its_texts_read(layout: Layout) -> None:
    fill(layout, PARTS[:3], kept=True)
    fill(layout, PARTS[3:], kept=False)
    run(layout, RecordingEncoder())
    check(layout, PARTS)


def test_small_parts_are_encoded_and_committed_together(layout: Layout) -> None:
    fill(layout, [[str(at)] for at in range(50)])
    before = read_manifest(layout).snapshot
    encoder = RecordingEncoder()
    run(layout, encoder)
    assert encoder.calls == [("tokens", 50)]
    assert read_manifest(layout).snapshot == before + 1


def test_texts_of_like_length_go_together_in_bounded_blocks(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_module, "BLOCK_TOKENS", 100)
    texts = ["x" * (1 + (7 * at) % 60) + str(at) for at in range(40)]
    fill(layout, [texts])
    encoder = RecordingEncoder()
    run(layout, encoder)
    check(layout, [texts])
    lengths = [len(text) for text in encoder.texts]
    assert lengths == sorted(lengths, reverse=True)
    start = 0
    for _, count in encoder.calls:
        assert sum(lengths[start : start + count]) <= 100 + max(lengths)
        start += count


@pytest.mark.usefixtures("_grouped")
def test_known_texts_are_not_encoded_again(layout: Layout) -> None:
    fill(layout, PARTS[:3])
    run(layout, RecordingEncoder())
    fill(layout, PARTS[3:])
    encoder = RecordingEncoder()
    run(layout, encoder)
    check(layout, PARTS)
    assert sorted(encoder.texts) == ["A\nfive", "A\nseven", "A\nsix"]


def test_without_anything_new_no_encoder_is_loaded(layout: Layout) -> None:
    fill(layout, PARTS)
    run(layout, RecordingEncoder())
    fill(layout, [["six", "one"]])
    report = RunReport("embed")

    def load() -> RecordingEncoder:
        raise AssertionError("loaded")

    with writing(layout, "test") as writer:
        embed(writer, FieldWork(ENCODER, load), make_reporter("silent"), report)
    check(layout, [*PARTS, ["six", "one"]])


def test_an_error_loses_what_is_being_encoded_and_the_next_run_goes_on(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_module, "GROUPED_CHUNKS", 1)
    texts = [[f"text {at}"] for at in range(10)]
    fill(layout, texts)
    with pytest.raises(RuntimeError, match="broken"):
        run(layout, RecordingEncoder(breaks_at="A\ntext 6"))
    manifest = read_manifest(layout)
    done = [part.number for part in manifest.parts if part.embeddings]
    assert done == [1, 2, 3, 4, 5, 6]
    encoder = RecordingEncoder()
    run(layout, encoder)
    check(layout, texts)
    assert len(encoder.texts) == 10 - len(done)


def test_an_error_of_the_writer_ends_the_run(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_module, "GROUPED_CHUNKS", 1)
    fill(layout, [["one"], ["two"], ["three"]])
    real = embed_module.write_embeddings

    def full(layout: Layout, number: int, *rest: object) -> FileRecord:
        if number == 2:
            raise OSError(28, "No space left on device")
        return real(layout, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(embed_module, "write_embeddings", full)
    with pytest.raises(OSError, match="No space"):
        run(layout, RecordingEncoder())
    assert [bool(part.embeddings) for part in read_manifest(layout).parts] == [True, False, False]


def test_an_interruption_is_heard_between_blocks(layout: Layout) -> None:
    fill(layout, [["one"], ["two"]])

    class Interrupted(RecordingEncoder):
        def _encoded(self, texts: Sequence[str]) -> Vectors:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(layout, Interrupted())
    assert len(pending(read_manifest(layout), TEXT_FIELD, ENCODER)) == 2


# --- other fields


OTHER = "f" * 16


class OtherEncoder(RecordingEncoder):
    """Another encoder of the same vectors, which reads texts only."""

    fingerprint = OTHER
    tokenizer_fingerprint = ""


def fill_other(layout: Layout, encoder: RecordingEncoder, fingerprint: str = OTHER) -> RunReport:
    report = RunReport("embed")
    with writing(layout, "test") as writer:
        fields = (FieldSettings(TEXT_FIELD), FieldSettings("other", "other/model"))
        writer.manifest = replace(writer.manifest, settings=replace(writer.manifest.settings, fields=fields))
        embed(writer, FieldWork(fingerprint, lambda: encoder, "other"), make_reporter("silent"), report)
    return report


def test_a_field_has_vectors_of_its_own_beside_the_text(layout: Layout) -> None:
    fill(layout, PARTS)
    run(layout, RecordingEncoder())
    before = read_manifest(layout)
    encoder = OtherEncoder()
    fill_other(layout, encoder)
    check(layout, PARTS)
    manifest = read_manifest(layout)
    assert sorted(encoder.texts) == DISTINCT
    assert {name: one.fingerprint for name, one in manifest.encoders.items()} == {TEXT_FIELD: ENCODER, "other": OTHER}
    for part, old in zip(manifest.parts, before.parts, strict=True):
        assert part.vectors[TEXT_FIELD] == old.vectors[TEXT_FIELD]
        assert part.vectors["other"].made_with == OTHER
        assert np.array_equal(read_vectors(layout, part, "other"), read_vectors(layout, part))


def test_a_field_goes_on_where_it_was_interrupted(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_module, "GROUPED_CHUNKS", 1)
    fill(layout, [[f"text {at}"] for at in range(6)])
    with pytest.raises(RuntimeError, match="broken"):
        fill_other(layout, OtherEncoder(breaks_at="A\ntext 3"))
    assert len(pending(read_manifest(layout), "other", OTHER)) == 3
    encoder = OtherEncoder()
    fill_other(layout, encoder)
    assert encoder.texts == ["A\ntext 3", "A\ntext 4", "A\ntext 5"]
    assert not pending(read_manifest(layout), "other", OTHER)


def test_two_fields_of_one_encoder_share_their_files(layout: Layout) -> None:
    fill(layout, PARTS[:3])
    run(layout, RecordingEncoder())
    fill(layout, PARTS[3:])
    encoder = RecordingEncoder()
    fill_other(layout, encoder, ENCODER)
    manifest = read_manifest(layout)
    assert sorted(encoder.texts) == ["A\nfive", "A\nseven", "A\nsix"]
    assert [part.vectors["other"] for part in manifest.parts[:3]] == [part.embeddings for part in manifest.parts[:3]]
    known = layout.embeddings(ENCODER, 4).stat().st_mtime_ns
    run(layout, RecordingEncoder(breaks_at="A\nseven"))
    check(layout, PARTS)
    assert layout.embeddings(ENCODER, 4).stat().st_mtime_ns == known


def test_a_text_that_a_field_cannot_take_names_field_and_length(layout: Layout) -> None:
    class Short(OtherEncoder):
        def encode_documents(self, texts: Sequence[str]) -> Vectors:
            raise EmbedctlError("A chunk has 400 tokens; short reads 256.")

    fill(layout, PARTS)
    with pytest.raises(MismatchError, match='The field "other" cannot be filled: A chunk has 400 tokens') as raised:
        fill_other(layout, Short())
    assert "--chunk-size" in raised.value.hint
    assert "embedctl arm remove" in raised.value.hint


# --- what is known


@settings(max_examples=30, deadline=None)
@given(
    parts=st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5), min_size=1, max_size=5),
    data=st.data(),
)
def test_known_vectors_are_found_on_disk_and_in_memory(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]], data: st.DataObject
) -> None:
    layout = Layout(tmp_path_factory.mktemp("known") / ".embedctl")
    layout.root.mkdir()
    fill(layout, parts)
    on_disk = data.draw(st.integers(0, len(parts)))
    manifest = read_manifest(layout)
    with writing(layout, "test"):
        only = Writer(layout, replace(manifest, parts=manifest.parts[:on_disk]))
        embed(only, FieldWork(ENCODER, RecordingEncoder), make_reporter("silent"), RunReport("embed"))
        known = KnownVectors(layout, only.manifest, ENCODER)
        for part in manifest.parts[on_disk:]:
            hashes = as_hashes(chunk_columns(layout, part, "sha256").column("sha256"))
            texts = [f"A\n{text}" for text in parts[part.number - 1]]
            known.hold(part.number, hashes, np.stack([vector_of(text) for text in texts]))
        wanted = data.draw(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=12, unique=True))
        digests = b"".join(hashlib.sha256(f"A\n{text}".encode()).digest() for text in wanted)
        rows, vectors = known.lookup(np.frombuffer(digests, dtype="<u8").reshape(-1, 4))
        assert sorted(rows.tolist()) == [at for at, text in enumerate(wanted) if any(text in part for part in parts)]
        for row, vector in zip(rows.tolist(), vectors, strict=True):
            assert np.array_equal(vector, vector_of(f"A\n{wanted[row]}"))


@given(st.lists(st.integers(0, 5), max_size=20))
def test_distinct_rows_in_order_of_appearance(numbers: list[int]) -> None:
    hashes = np.array([[7, 7, 7, number] for number in numbers], dtype=np.uint64).reshape(-1, 4)
    first, inverse = distinct(hashes)
    seen = list(dict.fromkeys(numbers))
    assert [numbers[row] for row in first] == seen
    assert first.tolist() == [numbers.index(number) for number in seen]
    assert [seen[place] for place in inverse] == numbers
