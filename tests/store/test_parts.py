"""Rows of a part and back: the tokens that chunks may be stored with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from embedctl.records import Chunk
from embedctl.store.files import read_columns, write_table
from embedctl.store.layout import Layout
from embedctl.store.manifest import FileRecord, Part
from embedctl.store.parts import chunk_columns, read_chunks, read_token_ids, write_chunks
from embedctl.store.schemas import chunks_schema

if TYPE_CHECKING:
    from pathlib import Path

MADE_WITH = "ab" * 8
TOKENS = [[7, 30_000, 7], [], [1], list(range(600))] * 300
"""Twelve hundred rows: more than one row group."""


def chunk(row: int, tokens: list[int] | None) -> Chunk:
    ids = None if tokens is None else np.array(tokens, dtype=np.int32)
    text = f"text {row}"
    return Chunk(
        f"s:d{row}#0", f"d{row}", row, 0, 0, len(text), 1, 1, None, ("A",), "A\n", text, bytes(32), 9, ids
    )  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / ".embedctl")


def part_of(layout: Layout, chunks: list[Chunk]) -> Part:
    documents = FileRecord(rows=len(chunks), bytes=0, sha256="")
    return Part(1, documents, write_chunks(layout, 1, chunks, MADE_WITH))


def test_tokens_come_back_as_they_were_kept(layout: Layout) -> None:
    part = part_of(layout, [chunk(row, tokens) for row, tokens in enumerate(TOKENS)])
    found = read_token_ids(layout, part, MADE_WITH)
    assert found is not None
    assert found.ids.dtype == np.int32
    assert found.offsets.dtype == np.int64
    assert found.ids.tolist() == [token for tokens in TOKENS for token in tokens]
    assert np.diff(found.offsets).tolist() == list(map(len, TOKENS))
    assert chunk_columns(layout, part, "token_ids").column("token_ids").to_pylist() == TOKENS


def test_tokens_of_other_settings_are_not_taken(layout: Layout) -> None:
    part = part_of(layout, [chunk(0, [1, 2])])
    assert read_token_ids(layout, part, "cd" * 8) is None
    assert read_token_ids(layout, replace(part, chunks=None), MADE_WITH) is None


@pytest.mark.parametrize("kept", [[None, None], [[1, 2], None]], ids=["none", "some"])
def test_a_part_without_all_tokens_has_none(layout: Layout, kept: list[list[int] | None]) -> None:
    part = part_of(layout, [chunk(row, tokens) for row, tokens in enumerate(kept)])
    assert chunk_columns(layout, part, "token_ids").column("token_ids").to_pylist() == kept
    assert read_token_ids(layout, part, MADE_WITH) is None


def test_a_part_without_chunks_has_no_tokens(layout: Layout) -> None:
    found = read_token_ids(layout, part_of(layout, []), MADE_WITH)
    assert found is None or (len(found.ids), found.offsets.tolist()) == (0, [0])


def test_a_file_from_before_there_were_tokens_is_read(layout: Layout) -> None:
    part = part_of(layout, [chunk(0, [1, 2]), chunk(1, [3])])
    assert part.chunks is not None
    names = [name for name in chunks_schema().names if name != "token_ids"]
    path = layout.chunks(1)
    old = replace(part, chunks=write_table(path, read_columns(path, part.chunks, names), MADE_WITH))
    assert read_token_ids(layout, old, MADE_WITH) is None
    table = read_chunks(layout, old)
    assert table.schema == chunks_schema()
    assert table.column("token_ids").null_count == 2
    new = part_of(layout, [chunk(2, [4])])
    assert pa.concat_tables([table, read_chunks(layout, new)]).column("token_ids").to_pylist() == [None, None, [4]]
