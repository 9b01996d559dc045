"""Stop words in queries: left out beside other words, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from embedctl.arms.bm25.analysis import languages, terms, without_stop_words
from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.writer import Bm25Writer
from embedctl.arms.kind import TextRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEAP = 15_000_000

TEXTS = {
    1: "the who played the hall that night",
    2: "to be or not to be is the question",
    3: "a state of the art detector",
    4: "the state and its art",
    5: "a detector of particles",
    6: "nothing of any note",
    7: "for_each calls a function",
    8: "each loop is written with for and if",
}


@dataclass(frozen=True)
class Query:
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


def words(text: str) -> Query:
    return Query(tuple(text.split()))


def opened(folder: Path, texts: Mapping[int, str] = TEXTS, language: str = "english") -> Bm25Arm:
    with Bm25Writer(folder, language, HEAP) as writer:
        for label, text in texts.items():
            writer.add(TextRow(label, label, text, "", (), ""))
        writer.commit()
    return Bm25Arm(folder, language)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Bm25Arm:
    return opened(tmp_path_factory.mktemp("stop") / "index")


def found(retriever: Bm25Arm, query: Query, k: int = 10) -> list[int]:
    return [int(label) for label in retriever.query(query).search(k).labels]


def test_stop_words_do_not_move_rows_that_have_other_words(retriever: Bm25Arm) -> None:
    short, long = retriever.query(words("detector")), retriever.query(words("is it the a detector of"))
    plain, padded = short.search(2), long.search(2)
    assert sorted(plain.labels.tolist()) == [3, 5]
    assert plain.labels.tolist() == padded.labels.tolist()
    np.testing.assert_array_equal(plain.scores, padded.scores)


def test_rows_with_stop_words_only_fill_up_the_list(retriever: Bm25Arm) -> None:
    query = retriever.query(words("the detector of particles"))
    ranking = query.search(10)
    assert ranking.labels.tolist()[:2] == [5, 3]
    assert set(ranking.labels.tolist()[2:]) == {1, 2, 4, 6}, "what has `the` or `of`"
    assert (np.diff(ranking.scores) <= 0).all()
    np.testing.assert_array_equal(
        retriever.query(words("the detector of particles")).scores(ranking.labels), ranking.scores
    )
    assert np.isnan(query.scores(np.array([7], dtype=np.uint64))).all()


def test_a_rare_stop_word_weighs_less_than_a_word_that_is_nearly_everywhere(tmp_path: Path) -> None:
    texts = dict.fromkeys(range(400), "dog") | {0: "the of and is but if the of and is but if"}
    ranking = opened(tmp_path, texts).query(words("dog the of and is but if")).search(500)
    assert ranking.labels.tolist() == [*range(1, 400), 0]
    assert (np.diff(ranking.scores) <= 0).all()


def test_a_query_of_stop_words_is_looked_up_as_it_is(retriever: Bm25Arm) -> None:
    assert found(retriever, words("to be or not to be"))[0] == 2
    assert found(retriever, words("if")) == [8]
    assert found(retriever, words("The Who"))[0] == 1


def test_phrases_and_exclusions_have_their_stop_words(retriever: Bm25Arm) -> None:
    assert found(retriever, Query(phrases=("state of the art",))) == [3]
    assert found(retriever, Query(("the", "of"), ("state of the art",))) == [3]
    assert found(retriever, Query(("the", "art"), exclusions=("of",))) == [4, 1, 2]
    assert found(retriever, Query(("art",), exclusions=("state of the art",))) == [4]


def test_parts_of_identifiers_are_no_stop_words(retriever: Bm25Arm) -> None:
    assert found(retriever, words("for_each the"))[:2] == [7, 8]
    assert found(retriever, words("is_not"))[0] == 2
    assert retriever.matcher(words("for_each of the"))("for")


def test_only_words_that_tell_are_highlighted(retriever: Bm25Arm) -> None:
    def matching(query: Query) -> list[str]:
        matches = retriever.matcher(query)
        return [word for word in ("the", "state", "of", "art") if matches(word)]

    assert matching(words("the state of")) == ["state"]
    assert matching(words("of the")) == ["the", "of"]
    assert matching(Query(("the",), ("of art",))) == ["of", "art"]


@pytest.mark.parametrize(
    ("language", "text", "kept"),
    [
        ("english", "The loops of OR", ["loop"]),
        ("german", "über den Wolken", ["wolk"]),
        ("french", "les chiens du voisin", ["chien", "voisin"]),
        ("russian", "и собаки не спят", ["собак", "спят"]),
        ("turkish", "ve köpekler", ["ve", "köpek"]),
        ("none", "the loops", ["the", "loops"]),
        ("english", "検索 and 索引", ["検索", "索引"]),
    ],
)
def test_lists_go_by_language(language: str, text: str, kept: list[str]) -> None:
    every = terms(text, language, singles=False)
    assert [term.text for term in without_stop_words(text, every, language)] == kept


def test_every_language_answers(tmp_path: Path) -> None:
    for language in languages():
        assert found(opened(tmp_path / language, {1: "the index", 2: "nothing"}, language), words("the index")) == [1]
