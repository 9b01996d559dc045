"""Lists of likes: only exact words find anything, and fusions differ in what they make of an arm that guesses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import embedctl
from benchmarks.likes import FANS, LIKES, make_likes
from embedctl.config import FusionName, Mode, QueryConfig, RankingRequest
from embedctl.evaluation.metrics import parse_metric

if TYPE_CHECKING:
    from embedctl.contracts import Encoder

DOCUMENTS = 400
NDCG = parse_metric("ndcg@10")


def test_a_collection_is_the_same_every_time_and_another_by_another_seed() -> None:
    likes = make_likes(DOCUMENTS)
    assert likes == make_likes(DOCUMENTS)
    assert likes.texts != make_likes(DOCUMENTS, seed=8).texts


def test_exactly_the_judged_documents_have_the_word_that_is_asked_for() -> None:
    likes = make_likes(DOCUMENTS)
    for query, fans in zip(likes.queries, likes.fans, strict=True):
        thing = query.removeprefix("Who likes ").removesuffix("?")
        found = tuple(at for at, text in enumerate(likes.texts) if thing in text.replace(",", "").rstrip(".").split())
        assert found == fans
        assert len(fans) == FANS
    assert {text.count(",") for text in likes.texts} == {LIKES - 2}


def test_too_few_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="make 258 at least"):
        make_likes(200)


def test_the_files_are_a_judged_collection(tmp_path: Path) -> None:
    likes = make_likes(DOCUMENTS)
    likes.write(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == list(likes.texts)
    qrels = (tmp_path / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    assert len(qrels) == 1 + FANS * len(likes.queries)
    assert qrels[1] == f"0\t{likes.fans[0][0]}\t1"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> embedctl.Store:
    folder = tmp_path_factory.mktemp("likes")
    make_likes(DOCUMENTS).write(folder)
    store = embedctl.create(folder / ".embedctl")
    assert store.index([folder / "corpus.jsonl"]).exit_code == 0
    return store


def quality(store: embedctl.Store, encoder: Encoder, mode: Mode, fusion: FusionName | None = None) -> float:
    """nDCG@10 of every second query."""
    likes = make_likes(DOCUMENTS)
    asked = {str(at): likes.queries[at] for at in range(0, len(likes.queries), 2)}
    config = QueryConfig(mode=mode, ranking=RankingRequest(fusion=fusion))
    answers = list(store.query_many(asked.items(), config))
    values = []
    for answer in answers:
        fans = set(map(str, likes.fans[int(answer.query_id or "")]))
        values.append(NDCG.of([float(hit.doc_id in fans) for hit in answer.hits], [1.0] * len(fans)))
    return sum(values) / len(values)


def test_the_robust_fusions_stay_near_bm25_where_rank_fusion_does_not(store: embedctl.Store, encoder: Encoder) -> None:
    bm25 = quality(store, encoder, "bm25")
    assert bm25 > 0.9
    assert quality(store, encoder, "dense") < 0.5
    assert quality(store, encoder, "hybrid", "absolute") > bm25 - 0.06
    assert quality(store, encoder, "hybrid", "convex") > bm25 - 0.06
    assert quality(store, encoder, "hybrid") < bm25 - 0.06
