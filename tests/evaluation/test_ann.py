"""What the dense plans lose: measured against every vector that the parts keep, and told honestly for small stores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import embedctl
from embedctl import SourceRequest
from embedctl.arms.dense.arm import DenseArm
from embedctl.arms.dense.build import live_vectors
from embedctl.arms.dense.recall import exact_scores, noisy_vectors, shares
from embedctl.config import TEXT_FIELD, IndexLimits, SettingsRequest
from embedctl.config.measuring import AnnConfig
from embedctl.contracts import Encoder, Ranking
from embedctl.errors import NoStoreError
from embedctl.evaluation.ann import AnnPoint, AnnReport, _reached
from embedctl.index.open import Index, require_index
from embedctl.store.layout import Layout
from embedctl.store.manifest import Part
from embedctl.store.writer import read_manifest

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "ann.v1.json"
LIMITS = IndexLimits(flat_rows=10, graph_tail_rows=100_000, gathered_rows=5, rescored_least=130, rescored_per_row=1)
"""Sign bits and a graph in a small store, too."""
WORDS = ["kestrel", "glacier", "loom", "harbour", "violin", "lantern", "beehive", "archive", "comet", "ferry", "quarry"]
BESIDE = "None of it is written in the book of the town that everybody reads on quiet days."
CONFIG = AnnConfig(queries=20, sampled=30, efs=(100, 300), candidates=(100, 140))


def write(folder: Path, first: int, last: int) -> None:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(first)
    for number in range(first, last):
        told = " ".join(rng.choice(WORDS, 14).tolist())
        (folder / f"{number}.txt").write_text(
            f"{told.capitalize()} beside number {number}. {BESIDE}\n", encoding="utf-8"
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Path]:
    """Two stores of two parts, with dead rows: ``small`` is scanned, ``large`` has sign bits and a graph."""
    folder = tmp_path_factory.mktemp("ann")
    write(folder / "docs", 0, 140)
    embedctl.create(folder / "small").index([folder / "docs"], settings=SettingsRequest(hnsw="off"))
    write(folder / "docs", 140, 155)
    (folder / "docs" / "7.txt").unlink()
    embedctl.open(folder / "small").index()
    shutil.copytree(folder / "small", folder / "large")
    with pytest.MonkeyPatch.context() as lowered:
        lower(lowered)
        embedctl.open(folder / "large").index(refresh=False, rebuild=True, settings=SettingsRequest(hnsw="on"))
    return folder


def lower(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("embedctl.config.limits.INDEX", LIMITS)


def opened(store: Path) -> tuple[Layout, tuple[Part, ...]]:
    layout = Layout(store)
    index = read_manifest(layout).index
    assert index is not None
    return layout, index.parts


# --- recall


def ranking(*scores: float, labels: tuple[int, ...] | None = None) -> Ranking:
    names = labels or tuple(range(len(scores)))
    return Ranking(np.array(names, dtype=np.uint64), np.array(scores, dtype=np.float32))


def test_a_row_that_is_as_near_as_the_last_true_one_counts() -> None:
    true = ranking(0.9, 0.8, 0.7)
    assert shares([true], [ranking(0.9, 0.7, 0.7, labels=(0, 8, 9))], 3).tolist() == [1.0]
    assert shares([true], [ranking(0.9, 0.8, 0.69)], 3).tolist() == [pytest.approx(2 / 3)]
    assert shares([true, true], [ranking(0.9), ranking()], 3).tolist() == [pytest.approx(1 / 3), 0.0]
    assert shares([ranking(0.5)], [ranking(0.5)], 10).tolist() == [1.0], "of a store with fewer rows, all that it has"


def test_exact_scores_are_those_of_every_live_vector_in_float32(folder: Path) -> None:
    layout, parts = opened(folder / "small")
    assert len(parts) > 1
    batches = [live_vectors(layout, part, TEXT_FIELD) for part in parts]
    labels = np.concatenate([own for own, _ in batches])
    vectors = np.concatenate([own for _, own in batches])
    assert len(labels) == 154, "the dead one is not there"
    queries = np.random.default_rng(1).normal(size=(5, vectors.shape[1])).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    cosines = queries @ vectors.T
    asked = [labels[[3, 145, 9]] for _ in queries]
    read: list[int] = []
    exact = exact_scores(layout, parts, queries, asked, 12, TEXT_FIELD, lambda: read.append(1))
    assert len(read) == len(parts)
    np.testing.assert_allclose(exact.best, -np.sort(-cosines, axis=1)[:, :12], atol=1e-6)
    for row, known in enumerate(exact.known):
        assert known == {int(labels[at]): pytest.approx(float(cosines[row, at]), abs=1e-6) for at in (3, 145, 9)}
    right = [labels[np.argsort(-row)[:12]] for row in cosines]
    exact = exact_scores(layout, parts, queries, right, 12)
    assert exact.shares(right, 10).tolist() == [1.0] * 5
    wrong = [np.concatenate([own[:4], labels[np.argsort(row)[:6]]]) for own, row in zip(right, cosines, strict=True)]
    assert exact_scores(layout, parts, queries, wrong, 12).shares(wrong, 10).tolist() == [0.4] * 5


# --- stores


def measured(store: Path, config: AnnConfig = CONFIG, queries: list[str] | None = None) -> AnnReport:
    report = embedctl.open(store).measure_ann(config, queries=queries)
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator.validate(json.loads(json.dumps(report.to_json())))
    return report


def test_a_small_store_loses_nothing_and_tells_what_it_would(folder: Path) -> None:
    report = measured(folder / "small")
    assert (report.rows, report.dim, report.depth, report.queries, report.built) == (154, 384, 100, "synthetic", True)
    assert report.asked == {"queries": 20, "chunks": 30}
    assert "nothing is lost" in report.notes[0]
    assert "this measurement alone" in report.notes[1]
    for point in report.points:
        assert point.low <= point.recall <= point.high
        assert 0 < point.median_ms <= point.p95_ms
        if point.plan != "binary":
            assert point.recall > 0.98
    assert {point.plan for point in report.points} == {"flat", "binary", "hnsw"}
    few, many = (
        np.mean(
            [point.recall_at_depth for point in report.points if (point.plan, point.parameter) == ("binary", count)]
        )
        for count in (100, 140)
    )
    assert few < many < 1


def test_the_graph_of_a_small_store_is_measured_as_it_is(folder: Path) -> None:
    shutil.copytree(folder / "small", folder / "graph")
    embedctl.open(folder / "graph").index(refresh=False, settings=SettingsRequest(hnsw="on"))
    report = measured(folder / "graph")
    assert not report.built
    assert [point.plan for point in report.points if point.current] == ["flat", "hnsw"] * 2
    assert min(point.recall for point in report.points) > 0.98


def test_nothing_is_built_for_a_store_that_is_larger_than_was_allowed(folder: Path) -> None:
    report = measured(folder / "small", AnnConfig(queries=5, sampled=5, build_rows=100), ["ferry beside a quarry"])
    assert (report.queries, report.asked, report.built) == ("file", {"queries": 1, "chunks": 5}, False)
    assert {point.plan for point in report.points} == {"flat"}
    assert "--build" in report.notes[1]


def test_a_large_store_is_measured_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch)
    report = measured(folder / "large")
    assert (report.built, report.notes) == (False, ())
    current = {(point.plan, point.parameter) for point in report.points if point.current}
    assert current == {("flat", None), ("binary", 130), ("hnsw", 400)}
    assert {point.parameter for point in report.points if point.plan == "hnsw"} == {100, 300, 400}


def test_queries_without_words_for_the_encoder_are_left_out(folder: Path) -> None:
    report = measured(folder / "small", CONFIG, [" ", "quarry"])
    assert report.asked["queries"] == 1
    report = measured(folder / "small", CONFIG, [" "])
    assert report.asked == {"queries": 0, "chunks": 30}
    assert "only stored vectors" in report.notes[-1]


def test_an_empty_index_says_so(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.txt").write_text("Ships leave the harbour.\n", encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "docs"])
    (tmp_path / "docs" / "one.txt").unlink()
    store.index(source=SourceRequest(allow_empty=True))
    with pytest.raises(NoStoreError, match="no chunks"):
        store.measure_ann(queries=["ships"])


def test_noise_keeps_the_cosine_that_it_promises(folder: Path) -> None:
    layout, _ = opened(folder / "small")
    arm = Index(layout, require_index(layout, read_manifest(layout))).arm("dense")
    assert isinstance(arm, DenseArm)
    segments = arm.structures.segments
    every = segments.vectors_of(segments.live_labels)
    queries = noisy_vectors(segments, 50, 0.75, 3)
    assert np.allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)
    assert abs(float(np.mean((queries @ every.T).max(axis=1))) - 0.8) < 0.05


# --- the target


def point(plan: str, parameter: int | None, recall: float) -> AnnPoint:
    return AnnPoint(plan, parameter, "queries", False, recall, recall, recall, recall, 1.0, 1.0)  # type: ignore[arg-type]


def test_the_target_is_reached_where_no_larger_setting_misses_it() -> None:
    points = [point("hnsw", 100, 0.97), point("hnsw", 200, 0.99), point("hnsw", 300, 0.98), point("hnsw", 400, 0.995)]
    points += [point("binary", 100, 0.5), point("flat", None, 1.0), point("hnsw", 800, 0.99)]
    told = {one.plan: (one.parameter, one.reached) for one in _reached(points, 0.99)}
    assert told == {"hnsw": (400, True), "binary": (None, False), "flat": (None, True)}
