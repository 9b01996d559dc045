"""Data of a report, before it is a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import embedctl
from embedctl.config import FusionConfig, RankingConfig
from embedctl.config.measuring import EvaluationConfig, ReportConfig
from embedctl.contracts import Encoder
from embedctl.evaluation.evaluation import Evaluation, KnownItems, Setting
from embedctl.evaluation.judgements import Judgements, Ranked, Run
from embedctl.evaluation.metrics import parse_metric, run_values
from embedctl.evaluation.significance import difference, mean_interval
from embedctl.evaluation.synthetic.queries import SyntheticSet
from embedctl.query.query_file import NamedQuery
from embedctl.report.corpus import read_corpus
from embedctl.report.quality import quality_of, read_titles, scores_of, title_of, unjudged
from embedctl.report.sample import read_sample
from embedctl.store.layout import require_store
from embedctl.store.writer import read_manifest


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> embedctl.Store:
    """Two sources, a file that fails, one that is skipped, and documents that were replaced and deleted."""
    folder = tmp_path_factory.mktemp("corpus")
    docs = folder / "docs"
    docs.mkdir()
    for name in "abc":
        (docs / f"{name}.md").write_text(f"# Title {name}\n\nOn {name}.\n")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    (docs / "empty.txt").write_text("")
    (folder / "rows.jsonl").write_text(
        '{"id": "r1", "title": "Owl", "text": "Owls hunt."}\n{"id": "r2", "text": "No title."}\n'
    )
    store = embedctl.create(folder / ".embedctl")
    store.index([docs, folder / "rows.jsonl"])
    (docs / "a.md").unlink()
    (docs / "b.md").write_text("# Another title\n\nOn b again.\n")
    store.index()
    return store


def test_counts_are_those_of_the_status(store: embedctl.Store) -> None:
    layout = require_store(store.path)
    status = store.status()
    corpus = read_corpus(layout, read_manifest(layout))
    assert corpus.documents == status["documents"] == 4
    assert corpus.chunks == status["index"]["rows"]
    assert [row.name for row in corpus.sources] == ["docs", "rows"]
    assert sum(row.tokens for row in corpus.sources) == corpus.tokens.sum() == sum(row.tokens for row in corpus.kinds)
    assert sum(row.chunks for row in corpus.sources) == sum(row.chunks for row in corpus.kinds) == corpus.chunks
    docs = corpus.sources[0]
    assert (docs.files, docs.failed, docs.skipped, docs.documents) == (2, 1, 1, 2)
    assert [(row.outcome, row.inputs, row.example) for row in corpus.problems] == [
        ("failed", 1, "docs/broken.pdf"),
        ("skipped", 1, "docs/empty.txt"),
    ]


def test_a_sample_has_live_chunks_with_their_own_vectors(store: embedctl.Store, encoder: Encoder) -> None:
    layout = require_store(store.path)
    manifest = read_manifest(layout)
    assert manifest.index is not None
    every, vectors = read_sample(layout, manifest, 100)
    assert len(every) == manifest.index.rows == len(vectors)
    titles = {chunk.title for chunk in every}
    assert {"Another title", "Title c", "Owl", "No title."} <= titles
    assert not [title for title in titles if "Title a" in title or "Title b" in title]
    owl = next(at for at, chunk in enumerate(every) if chunk.title == "Owl")
    assert every[owl].place == "rows.jsonl, record 1"
    answer = encoder.encode_documents(["Owl\n\nOwls hunt."])[0]
    assert int(np.argmax(vectors @ answer)) == owl
    some, _ = read_sample(layout, manifest, 3)
    assert set(some) < set(every)
    assert len(some) == 3


def test_documents_are_called_by_their_titles(store: embedctl.Store) -> None:
    layout = require_store(store.path)
    names = ["c.md", "docs:c.md", "docs/c.md", "docs:c.md#0", "r1", "r2", "nobody"]
    titles = read_titles(layout, read_manifest(layout), names)
    assert [title_of(name, titles) for name in names] == [
        "Title c (c.md)",
        "Title c (docs:c.md)",
        "Title c (docs/c.md)",
        "Title c (docs:c.md#0)",
        "Owl (r1)",
        "r2",
        "nobody",
    ]


# --- an evaluation by hand

GRADES = {"q1": {"a": 2, "b": 0}, "q2": {"c": 1, "d": 1}, "q3": {"e": 1}}
METRICS = (parse_metric("mrr@10"), parse_metric("recall@2"))
MADE = KnownItems(SyntheticSet((), documents=3, looked_at=3, usable=3), ())


def setting(name: str, mode: str, run: dict[str, Ranked], in_use: bool = False) -> Setting:
    values = run_values(METRICS, Run(run).rankings, GRADES)
    return Setting(
        name=name,
        mode=mode,  # type: ignore[arg-type]
        ranking=RankingConfig(fusion=FusionConfig()),
        in_use=in_use,
        run=Run(run),
        values=values,
        means=tuple(values.mean(axis=0)),
        interval=mean_interval(values[:, 0]),
    )


def evaluation() -> Evaluation:
    bm25 = setting("bm25", "bm25", {"q1": Ranked(("b", "a"), (9.0, 7.0)), "q2": Ranked(("x",), (3.0,))})
    dense = setting("dense", "dense", {"q1": Ranked(("a",), (0.9,)), "q3": Ranked(("y", "e"), (0.5, 0.4))})
    rrf = setting(
        "rrf", "hybrid", {"q1": Ranked(("a", "b", "z"), (3, 2, 1)), "q3": Ranked(("y", "z", "e"), (3, 2, 1))}, True
    )
    return Evaluation(
        store=".embedctl",
        snapshot=1,
        level="documents",
        metrics=METRICS,
        queries=tuple(NamedQuery(name, f"text of {name}") for name in GRADES),
        judgements=Judgements(GRADES),
        settings=tuple(
            one
            if one.in_use
            else one.__class__(**{**fields(one), "versus": difference(rrf.values[:, 0], one.values[:, 0])})
            for one in (bm25, dense, rrf)
        ),
        notes=("A note.",),
        detectable=None,
        alpha=0.05,
    )


def fields(one: Setting) -> dict[str, object]:
    return {name: getattr(one, name) for name in Setting.__slots__}


def test_quality_tells_settings_and_the_worst_queries() -> None:
    config = ReportConfig(evaluation=EvaluationConfig(), worst=5, found=2)
    told = quality_of(evaluation(), lambda names: {"a": "Apple"} if "e" in names else {}, config)
    assert told.metrics == ("mrr@10", "recall@2")
    assert [(one.setting.name, one.role) for one in told.settings] == [
        ("bm25", "one arm"),
        ("dense", "one arm"),
        ("rrf", "in use"),
    ]
    assert told.in_use.estimates[0].mean == pytest.approx((1 + 0 + 1 / 3) / 3)
    assert told.in_use.estimates[1].mean == pytest.approx(1 / 3)
    assert told.in_use.setting.versus is None
    assert told.settings[0].setting.versus is not None
    assert told.settings[0].setting.versus.mean == pytest.approx((0.5 - 1 + 0 - 1 / 3) / 3)
    assert told.best is told.settings[1]
    assert [(one.text, round(one.value, 3)) for one in told.worst] == [("text of q2", 0), ("text of q3", 0.333)]
    assert told.worst[0].found == ("nothing",)
    assert told.worst[0].wanted == ("c: not found", "d: not found")
    assert told.worst[1].found == ("1. y", "2. z")
    assert told.worst[1].wanted == ("e: found at 3",)
    assert told.found.notes == ("A note.",)


def test_scores_are_told_apart_by_judgement() -> None:
    scores = scores_of(evaluation(), depth=10)
    assert values(scores.arms["bm25"]) == {
        "judged relevant": [7.0],
        "not judged relevant": [9.0, 3.0],
    }
    assert values(scores.arms["dense"]) == {
        "judged relevant": [0.9, 0.4],
        "not judged relevant": [0.5],
    }
    scores = scores_of(replace(evaluation(), known_items=MADE), depth=1)
    assert values(scores.arms["bm25"]) == {"right": [], "wrong": [9.0, 3.0]}
    assert list(scores.arms) == ["bm25", "dense"]


def values(groups: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    return {name: scores.tolist() for name, scores in groups.items()}


def test_scores_without_judgements_are_told_apart_by_rank() -> None:
    scores = unjudged({"bm25": [[3.0, 2.0], [5.0], []], "hash": [[0.5, 0.4, 0.3]]}, 3)
    assert values(scores.arms["bm25"]) == {"first hits": [3.0, 5.0], "later hits": [2.0]}
    assert values(scores.arms["hash"]) == {"first hits": [0.5], "later hits": [0.4, 0.3]}
    assert scores.queries == 3
