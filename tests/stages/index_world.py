"""A store filled by hand with ready-made vectors, of one field or several, and the answers that it should give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embedctl.arms.dense.arm import DenseArm, DenseQuery
from embedctl.arms.dense.segments import DenseFiles
from embedctl.arms.dense.structures import Structures
from embedctl.config import (
    TEXT_FIELD,
    ArmSettings,
    FieldSettings,
    HnswBuild,
    HnswConfig,
    IndexLimits,
    QueryConfig,
    RankingConfig,
    StoreSettings,
)
from embedctl.contracts import ArmRequest, Query
from embedctl.index.open import Index, require_index
from embedctl.labels import labels
from embedctl.query.filters import LabelSet
from embedctl.records import Chunk, Document
from embedctl.reporters.silent import SilentReporter
from embedctl.stages.index import index
from embedctl.stages.report import RunReport
from embedctl.store.layout import Layout
from embedctl.store.manifest import EncoderRecord, IndexRecord, Manifest, Part
from embedctl.store.parts import write_chunks, write_documents, write_embeddings
from embedctl.store.writer import read_manifest, writing

DIM = 32
MADE_WITH = "0123456789abcdef"
LIMITS = IndexLimits(
    flat_rows=300, graph_tail_rows=50, graph_tail_share=0.0, gathered_rows=20, graph_after=3, rescored_least=50
)
ONE_FIELD = {TEXT_FIELD: EncoderRecord("none", MADE_WITH, DIM)}


class Heard(SilentReporter):
    """Keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def message(self, kind: str, text: str) -> None:
        self.messages.append((kind, text))


@dataclass
class World:
    """A store, and what it should know."""

    layout: Layout
    encoders: Mapping[str, EncoderRecord] = field(default_factory=lambda: ONE_FIELD)
    reporter: Heard = field(default_factory=Heard)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    vectors: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)
    dead: dict[int, set[int]] = field(default_factory=dict)

    @property
    def settings(self) -> StoreSettings:
        """A dense arm for each field, called like the field but for the first."""
        arms = [ArmSettings("dense" if name == TEXT_FIELD else name, "dense", name) for name in self.encoders]
        fields = tuple(FieldSettings(name) for name in self.encoders)
        return StoreSettings(hnsw=HnswConfig(threads=1), fields=fields, arms=(ArmSettings("bm25", "bm25"), *arms))

    def add(self, documents: int) -> int:
        """Add a part: two chunks a document."""
        with writing(self.layout, "test") as writer:
            manifest = writer.manifest
            number, rows = manifest.next_part, range(2 * documents)
            record = write_documents(self.layout, number, [_document(number, row) for row in range(documents)])
            chunks = write_chunks(self.layout, number, [_chunk(number, row) for row in rows], MADE_WITH)
            ids = pa.chunked_array([[_chunk(number, row).chunk_id for row in rows]], pa.string())
            embeddings = {}
            for name, encoder in self.encoders.items():
                vectors = unit(self.rng.normal(size=(len(rows), encoder.dim)) + 0.5)
                embeddings[name] = write_embeddings(self.layout, number, ids, vectors, encoder.fingerprint)
                self.vectors.setdefault(name, {})[number] = vectors.astype(np.float16).astype(np.float32)
            manifest = replace(manifest, settings=self.settings, encoders=dict(self.encoders))
            writer.commit(manifest.with_part(Part(number, record, chunks, embeddings)))
        self.dead[number] = set()
        return number

    def graphs(self, build: HnswBuild) -> None:
        """Change the setting alone."""
        with writing(self.layout, "test") as writer:
            settings = writer.manifest.settings
            writer.commit(
                replace(writer.manifest, settings=replace(settings, hnsw=replace(settings.hnsw, build=build)))
            )

    def bury(self, number: int, documents: set[int]) -> None:
        with writing(self.layout, "test") as writer:
            writer.commit(writer.manifest.with_dead({number: documents}))
        self.dead[number] |= documents

    def index(self, rebuild: bool = False) -> IndexRecord:
        with writing(self.layout, "test") as writer:
            index(writer, self.reporter, RunReport("index"), rebuild)
        return require_index(self.layout, read_manifest(self.layout))

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.layout)

    def root(self, record: IndexRecord) -> Path:
        return self.layout.generation(record.generation)

    def files(self, record: IndexRecord, arm: str = "dense") -> DenseFiles:
        return DenseFiles(self.root(record) / arm)

    def open(self) -> Index:
        return Index(self.layout, require_index(self.layout, self.manifest))

    def dense(self, name: str = "dense") -> DenseArm:
        arm = self.open().arm(name)
        assert isinstance(arm, DenseArm)
        return arm

    def structures(self, name: str = "dense") -> Structures:
        return self.dense(name).structures

    def live(self, number: int) -> list[int]:
        rows = len(self.vectors[TEXT_FIELD][number])
        return [row for row in range(rows) if row // 2 not in self.dead[number]]

    def best(self, vector: np.ndarray, k: int, allowed: np.ndarray | None = None, name: str = TEXT_FIELD) -> list[int]:
        found, scores = [], []
        for number, vectors in self.vectors[name].items():
            live = self.live(number)
            found.append(labels(number, np.array(live, dtype=np.int64)))
            scores.append(np.einsum("ij,j->i", vectors[live].astype(float), vector.astype(float)).astype(np.float32))
        label, score = np.concatenate(found), np.concatenate(scores)
        if allowed is not None:
            keep = np.isin(label, allowed)
            label, score = label[keep], score[keep]
        return list(label[np.lexsort((label, -score))][:k].tolist())

    def check(self) -> None:
        """Every plan of every dense arm answers with the live rows, and every row shows its own chunk."""
        opened = self.open()
        for name, record in opened.record.arms.items():
            if record.field is not None:
                self._check_dense(opened, name, record.field)
        every = np.array(self.best(np.ones(self.encoders[TEXT_FIELD].dim), 10**6), dtype=np.uint64)
        assert opened.arm("bm25").rows == opened.rows_count == len(every)
        shown = [json.loads(payload)["text"] for payload in opened.rows.payloads(every)]
        assert shown == [f"chunk {label & 0xFFFF} of part {label >> 32}" for label in every.tolist()]
        documents = [label >> 32 << 32 | (label & 0xFFFF) // 2 for label in every.tolist()]
        assert opened.rows.documents(every).tolist() == documents

    def _check_dense(self, opened: Index, name: str, field_name: str) -> None:
        arm, dim = opened.arm(name), self.encoders[field_name].dim
        assert isinstance(arm, DenseArm)
        queries = unit(self.rng.normal(size=(6, dim)))
        some = np.array(self.best(queries[0], 10**6, None, field_name)[::3], dtype=np.uint64)
        for allowed in (None, LabelSet(some)):
            for wanted in ("auto", "flat", "binary", "hnsw"):
                hits = most = 0
                for query, batched in zip(queries, asked(arm, queries, wanted, allowed), strict=True):
                    (single,) = asked(arm, query[np.newaxis], wanted, allowed)
                    ranking = single.best(10)
                    assert ranking.labels.tolist() == batched.best(10).labels.tolist()
                    expected = self.best(query, 10, None if allowed is None else some, field_name)
                    assert len(ranking.labels) == len(expected)
                    most += len(expected)
                    hits += len(set(ranking.labels.tolist()) & set(expected))
                    np.testing.assert_array_equal(single.scores(ranking.labels), ranking.scores)
                assert hits >= {"flat": 1.0, "hnsw": 0.95, "binary": 0.8}[single.plan.name] * most


def asked(
    arm: DenseArm, vectors: np.ndarray, plan: str = "auto", allowed: Any = None, queries: int = 0
) -> Sequence[DenseQuery]:
    """Ask for vectors, float32 ``(n, dim)``; ``queries``: as in :class:`~embedctl.contracts.ArmRequest`."""
    request = ArmRequest(10, RankingConfig(), QueryConfig(dense=plan), queries)  # type: ignore[arg-type]
    return arm.ask([Query((), (), (), lambda _, one=vector: one, allowed) for vector in vectors], request)


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def _text(part: int, row: int) -> str:
    return f"chunk {row} of part {part}"


def _document(part: int, row: int) -> Document:
    text = "\n".join(_text(part, chunk) for chunk in (2 * row, 2 * row + 1))
    return Document(
        doc_id=f"{part}-{row}",
        source="made",
        path=f"{part}-{row}",
        record=None,
        title=None,
        text=text,
        media_type="text/plain",
        markup="plain",
        language=None,
        encoding="utf-8",
        pages=(),
        body_start=0,
        mtime_us=1,
        size=len(text),
        sha256=hashlib.sha256(text.encode()).digest(),
        metadata=json.dumps({"part": part}),
    )


def _chunk(part: int, row: int) -> Chunk:
    text = _text(part, row)
    start = len(_text(part, row - 1)) + 1 if row % 2 else 0
    return Chunk(
        chunk_id=f"made:{part}-{row // 2}#{row % 2}",
        doc_id=f"{part}-{row // 2}",
        doc_row=row // 2,
        ordinal=row % 2,
        start=start,
        end=start + len(text),
        start_line=1 + row % 2,
        end_line=1 + row % 2,
        page=None,
        heading=(),
        context="",
        text=text,
        sha256=hashlib.sha256(text.encode()).digest(),
        tokens=8,
    )
