"""A store with a second field: what waits for its vectors, and what becomes of them when parts are rewritten."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import embedctl
from embedctl.config import TEXT_FIELD, FieldSettings
from embedctl.reporters import make_reporter
from embedctl.stages.compact import compact
from embedctl.stages.embed import FieldWork, embed
from embedctl.stages.report import RunReport
from embedctl.store.layout import Layout
from embedctl.store.parts import chunk_columns, read_vectors
from embedctl.store.writer import read_manifest, writing

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

OTHER = "f" * 16


class Hashed:
    """A vector for each text, by its hash."""

    name, fingerprint, dim = "hashed", OTHER, 8
    tokenizer_fingerprint = ""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        numbers = [np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], np.uint8) for text in texts]
        vectors = np.stack(numbers).astype(np.float32) + 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
def hashed(store: embedctl.Store, docs: Path) -> Hashed:
    """The encoder of the second field of ``store``, which has two parts."""
    encoder = Hashed()
    store.index([docs])
    (docs / "more.md").write_text("# Tower\n\nThe lighthouse stood through the storm.\n", encoding="utf-8")
    store.index()
    with writing(Layout(store.path), "test") as writer:
        fields = (FieldSettings(TEXT_FIELD), FieldSettings("other", "hashed"))
        writer.manifest = replace(writer.manifest, settings=replace(writer.manifest.settings, fields=fields))
        work = FieldWork(OTHER, lambda: encoder, "other")  # type: ignore[arg-type, return-value]
        embed(writer, work, make_reporter("silent"), RunReport("test"))
    encoder.texts.clear()
    return encoder


def test_parts_that_lack_a_field_wait_and_are_not_merged(store: embedctl.Store, hashed: Hashed, docs: Path) -> None:
    layout = Layout(store.path)
    store.ingest()
    (docs / "new.txt").write_text("Bread rises slowly.\n", encoding="utf-8")
    store.ingest()
    store.chunk()
    assert store.status()["pending"]["embed"] == 1
    with writing(layout, "test") as writer:
        first = writer.manifest.parts[0]
        writer.manifest = writer.manifest.with_dead({first.number: {0}})
        compact(writer, RunReport("test"), force=[first.number])
    manifest = read_manifest(layout)
    merged = manifest.parts[-1]
    assert set(merged.vectors) == {TEXT_FIELD, "other"}
    assert merged.vectors["other"].rows == merged.vectors[TEXT_FIELD].rows
    rows = chunk_columns(layout, merged, "context", "text").to_pylist()
    expected = Hashed().encode_documents([f"{row['context']}{row['text']}" for row in rows])
    assert np.array_equal(read_vectors(layout, merged, "other"), expected)
