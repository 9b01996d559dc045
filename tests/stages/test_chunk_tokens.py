"""Tokens that the chunk stage keeps are those that the encoder would make, and stay with their chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import embedctl
from embedctl.config import DEFAULT_MODEL
from embedctl.encoders import card
from embedctl.reporters.silent import SilentReporter
from embedctl.stages.chunk import chunk
from embedctl.stages.compact import compact
from embedctl.stages.report import RunReport
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.parts import chunk_columns, read_token_ids
from embedctl.store.writer import read_manifest, writing

if TYPE_CHECKING:
    from pathlib import Path


def cut(layout: Layout, *, keep_tokens: bool) -> None:
    with writing(layout, "test", 0) as writer:
        chunk(writer, card(DEFAULT_MODEL).tokenizer(), SilentReporter(), RunReport("test"), keep_tokens=keep_tokens)


def made_with(manifest: Manifest) -> str:
    return manifest.settings.chunk.fingerprint(card(DEFAULT_MODEL).tokenizer().fingerprint)


def assert_kept(layout: Layout, rows: int) -> None:
    manifest = read_manifest(layout)
    seen = 0
    for part in manifest.parts:
        table = chunk_columns(layout, part, "context", "text", "tokens").to_pylist()
        found = read_token_ids(layout, part, made_with(manifest))
        expected = card(DEFAULT_MODEL).tokenizer().token_ids([row["context"] + row["text"] for row in table])
        assert found is not None
        assert found.ids.tolist() == expected.ids.tolist()
        assert found.offsets.tolist() == expected.offsets.tolist()
        seen += len(table)
    assert seen == rows


@pytest.fixture
def layout(docs: Path, tmp_path: Path) -> Layout:
    store = embedctl.create(tmp_path / ".embedctl")
    store.ingest([docs])
    return Layout(store.path)


def test_kept_tokens_are_the_tokenizers_own_and_survive_compaction(layout: Layout, docs: Path) -> None:
    cut(layout, keep_tokens=True)
    rows = sum(part.chunks.rows for part in read_manifest(layout).parts if part.chunks)
    assert_kept(layout, rows)
    (docs / "ops" / "backup.txt").write_text("Backups run at noon. Nobody knows why.\n", encoding="utf-8")
    embedctl.open(layout.root).ingest()
    cut(layout, keep_tokens=True)
    with writing(layout, "test", 0) as writer:
        compact(writer, RunReport("test"), force=[part.number for part in writer.manifest.parts if part.dead])
    assert not any(part.dead for part in read_manifest(layout).parts)
    assert_kept(layout, rows)


def test_tokens_are_not_kept_unless_asked_for(layout: Layout) -> None:
    cut(layout, keep_tokens=False)
    manifest = read_manifest(layout)
    found = [read_token_ids(layout, part, made_with(manifest)) for part in manifest.parts]
    assert found == [None for _ in manifest.parts]
    assert found
