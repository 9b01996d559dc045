"""What a query could score at most in BM25, which tells how much of it was found."""

from __future__ import annotations

import pytest

from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.query import Bm25Query
from embedctl.arms.bm25.writer import Bm25Writer
from embedctl.arms.kind import TextRow
from embedctl.config import Bm25Config
from embedctl.query.parse import parse_query

TEXTS = (
    ("apple pear", "fruit", "fruit/apple.md"),
    ("pear fig fig", "fruit and fig", "fig.md"),
    ("plum " * 500, "plum " * 50, "plum"),
    ("see search_index.rs for kiwi lime", "search_index.rs", "src/search_index.rs"),
    ("kiwi lime kiwi lime", "kiwi lime", "kiwi/lime.md"),
)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Bm25Arm:
    folder = tmp_path_factory.mktemp("bm25") / "index"
    with Bm25Writer(folder, "english", 15_000_000) as writer:
        for label, (body, title, path) in enumerate(TEXTS):
            writer.add(TextRow(label, label, body, title, (), path))
        writer.commit()
    return Bm25Arm(folder, "english")


def best(query: Bm25Query) -> float:
    return float(query.search(10).scores[0])


@pytest.mark.parametrize("delta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "text", ["apple", "pear fig", "plum", "search_index.rs", '"kiwi lime"', 'kiwi "kiwi lime" fig']
)
@pytest.mark.parametrize("fields", [(1.0, 0.5, 0.25), (0.0, 2.0, 1.0)])
def test_no_row_scores_more(retriever: Bm25Arm, text: str, delta: float, fields: tuple[float, float, float]) -> None:
    query = retriever.query(parse_query(text), Bm25Config(*fields, delta))
    assert 0.2 * query.most() < best(query) < query.most()


def test_a_row_full_of_it_comes_close(retriever: Bm25Arm) -> None:
    query = retriever.query(parse_query("plum"), Bm25Config(path=0.0))
    assert best(query) > 0.95 * query.most()


def test_words_that_are_not_found_count_and_stop_words_do_not(retriever: Bm25Arm) -> None:
    found = retriever.query(parse_query("apple")).most()
    assert retriever.query(parse_query("apple zeppelin")).most() > 2 * found
    assert retriever.query(parse_query("the apple")).most() == found
    assert retriever.query(parse_query("")).most() == 0


def test_words_that_feedback_adds_count_by_their_weight(retriever: Bm25Arm) -> None:
    query = retriever.query(parse_query("apple"))
    once, twice = (query.expanded({"fig": weight}).most() - query.most() for weight in (0.5, 1.0))
    assert twice == pytest.approx(2 * once) == pytest.approx(retriever.query(parse_query("fig")).most())
