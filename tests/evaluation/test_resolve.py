"""What judged ids mean is found out: documents by any of their names, chunks by theirs; nothing goes in silence."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import embedctl
from embedctl.config import SettingsRequest, SourceRequest
from embedctl.config.measuring import EvaluationConfig
from embedctl.contracts import Encoder
from embedctl.evaluation.evaluation import Evaluation
from embedctl.evaluation.judgements import Judgements

QUERIES = [("q1", "kestrel"), ("q2", "lighthouse"), ("q3", "owl")]
LONG = "".join(
    f"## Part {number}\n\nThe lighthouse keeper wrote of storm {number} in the log.\n\n" for number in range(9)
)

Judge = Callable[..., Evaluation]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> embedctl.Store:
    base = tmp_path_factory.mktemp("resolve")
    for folder in ("docs/sub", "more"):
        (base / folder).mkdir(parents=True)
    (base / "docs" / "log of storms.md").write_text(LONG)
    (base / "docs" / "sub" / "kestrel.md").write_text("The kestrel hovers above the verge.\n")
    (base / "docs" / "note.md").write_text("A kestrel is a falcon.\n")
    (base / "docs" / "room#1").write_text("A lighthouse has a lamp room.\n")
    (base / "more" / "note.md").write_text("The owl hunts voles.\n")
    rows = [{"id": "1", "text": "The owl is silent."}, {"id": "2", "text": "An owl sees well."}]
    (base / "more" / "birds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = embedctl.create(base / ".embedctl")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        store.index(["docs"], settings=SettingsRequest(size=32), source=SourceRequest(name="docs"))
        store.index(["more"], source=SourceRequest(name="more"))
    return store


@pytest.fixture
def judge(store: embedctl.Store, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Evaluate BM25 alone with judgements of ``q1``, ``q2`` and ``q3``."""
    config = EvaluationConfig(embedctl.QueryConfig(mode="bm25"), only=("in-use",), timed=0, metric="recall@10")

    def judged(**grades: dict[str, int]) -> Evaluation:
        return store.evaluate(QUERIES, Judgements(grades), config)

    return judged


@pytest.mark.parametrize(
    "name", ["sub/kestrel.md", "docs:sub/kestrel.md", "docs/sub/kestrel.md"], ids=["doc_id", "source and id", "path"]
)
def test_a_document_may_be_called_by_each_of_its_names(judge: Judge, name: str) -> None:
    evaluation = judge(q1={name: 1})
    assert evaluation.level == "documents"
    assert evaluation.in_use.interval.mean == 1.0
    assert name in evaluation.in_use.run.rankings["q1"]  # so that a run fits the judgements it was made for
    assert not any("not in the index" in note for note in evaluation.notes)


def test_records_are_named_by_their_ids_and_blanks_may_be_escaped(judge: Judge) -> None:
    evaluation = judge(q2={"log%20of%20storms.md": 1}, q3={"birds.jsonl#1": 1, "more:birds.jsonl#2": 1})
    assert not any("not in the index" in note for note in evaluation.notes)
    assert evaluation.in_use.values[:, 0].tolist() == [1.0, 1.0]


def test_judged_chunks_are_not_folded(judge: Judge, store: embedctl.Store) -> None:
    found = [hit.id for hit in store.query("lighthouse", embedctl.QueryConfig(mode="bm25")).hits]
    chunks = [name for name in found if "storms" in name]
    assert len(chunks) > 1
    evaluation = judge(q2={chunks[1]: 1})
    assert evaluation.level == "chunks"
    assert evaluation.in_use.run.rankings["q2"][: len(found)] == tuple(found)
    short = judge(q2={chunks[1].removeprefix("docs:"): 1})
    assert short.level == "chunks"
    assert short.in_use.interval.mean == 1.0


def test_a_document_whose_name_ends_as_a_chunks_does_is_a_document(judge: Judge) -> None:
    evaluation = judge(q2={"room#1": 1})
    assert (evaluation.level, evaluation.in_use.interval.mean) == ("documents", 1.0)


def test_chunks_among_documents_count_as_their_documents(judge: Judge) -> None:
    evaluation = judge(q1={"sub/kestrel.md": 1}, q2={"docs:log of storms.md#1": 1})
    assert evaluation.level == "documents"
    assert evaluation.in_use.values[:, 0].tolist() == [1.0, 1.0]
    assert "1 chunk judged among documents: each counts as its document." in evaluation.notes


def test_what_the_store_lacks_is_told_and_counts_as_not_found(judge: Judge) -> None:
    evaluation = judge(q1={"sub/kestrel.md": 1, "gone.md": 1}, q2={"docs:log of storms.md#99": 1})
    assert evaluation.in_use.values[:, 0].tolist() == [0.5, 0.0]
    assert evaluation.notes[0].startswith(
        '2 of 3 judged ids are not in the index ("gone.md", "docs:log of storms.md#99")'
    )


def test_an_id_of_several_documents_is_told_and_counts_once(judge: Judge) -> None:
    evaluation = judge(q1={"note.md": 1, "sub/kestrel.md": 1}, q3={"note.md": 1})
    assert evaluation.in_use.values[:, 0].tolist() == [1.0, 1.0]
    assert any(
        '1 judged id may mean several documents ("note.md": "docs:note.md", "more:note.md")' in note
        for note in evaluation.notes
    )


def test_two_names_of_one_document_count_once(judge: Judge) -> None:
    evaluation = judge(q1={"sub/kestrel.md": 1, "docs/sub/kestrel.md": 3, "note.md": 0})
    assert evaluation.judgements.grades["q1"] == {"sub/kestrel.md": 3, "note.md": 0}
    assert "1 judged id named what another one names; the better grade counts." in evaluation.notes


def test_queries_that_cannot_be_measured_are_told(judge: Judge) -> None:
    evaluation = judge(q1={"sub/kestrel.md": 1}, q2={"note.md": 0}, q9={"note.md": 1})
    assert [query.id for query in evaluation.queries] == ["q1"]
    assert 'Left out, without a judgement: 1 query ("q3").' in evaluation.notes
    assert 'Left out, with nothing relevant among the judgements: 1 query ("q2").' in evaluation.notes
    assert 'Judged, but not among the queries: 1 query ("q9").' in evaluation.notes


def test_without_any_query_to_measure_there_is_no_figure(judge: Judge) -> None:
    with pytest.raises(embedctl.errors.UsageError, match='ids of queries, such as "q1", "q2", "q3"'):
        judge(x1={"note.md": 1})
