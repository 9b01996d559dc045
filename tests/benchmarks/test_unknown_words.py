"""Queries whose words the corpus lacks: BM25 is left with common words, and the dense arm with everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import embedctl
from benchmarks.unknown_words import BM25, DENSE, Mismatch
from embedctl.config import FusionConfig, QueryConfig

if TYPE_CHECKING:
    from embedctl.contracts import Encoder

QUERIES = {"rare": "quantization rerankers", "common": "what a search for vectors gives", "both": "quantization search"}


def test_only_words_that_many_chunks_have_are_asked_of_bm25(
    sample_store: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Mismatch(sample_store, QUERIES, 0.1)
    by_bm25, by_meaning = found.rankings(BM25), found.rankings(DENSE)
    assert by_bm25["rare"] == []
    assert by_bm25["both"][:5] == answered(sample_store, "bm25", "search")[:5]
    assert by_meaning["rare"][:10] == answered(sample_store, "dense", QUERIES["rare"])
    whole = Mismatch(sample_store, QUERIES, 0.0)
    assert whole.rankings(BM25)["rare"][:10] == answered(sample_store, "bm25", QUERIES["rare"])
    # What BM25 could not find counts against it: meaning decides.
    assert found.rankings(FusionConfig("absolute"))["rare"][:3] == by_meaning["rare"][:3]


def answered(store: Path, mode: str, text: str) -> list[str]:
    config = QueryConfig(mode=mode, max_per_file=1)  # type: ignore[arg-type]
    return [hit.doc_id for hit in embedctl.open(store).query(text, config).hits]
