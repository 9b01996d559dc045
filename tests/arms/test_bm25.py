from __future__ import annotations

import itertools
import math
import os
import stat
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedctl.arms.bm25 import query as bm25_module
from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.writer import Bm25Rows, Bm25Writer
from embedctl.arms.kind import TextRow
from embedctl.config import Bm25Config
from embedctl.errors import DamagedError, MismatchError

if TYPE_CHECKING:
    from pathlib import Path

HEAP = 15_000_000


@dataclass(frozen=True)
class Query:
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


def words(text: str) -> Query:
    return Query(words=tuple(text.split()))


def row(label: int, body: str, **fields: object) -> TextRow:
    return TextRow(label, label, body, "", (), "")._replace(**fields)  # type: ignore[arg-type]


def write(folder: Path, documents: list[TextRow], language: str = "english") -> Bm25Rows:
    with Bm25Writer(folder, language, HEAP) as writer:
        for document in documents:
            writer.add(document)
        return writer.commit()


@dataclass(frozen=True)
class Allow:
    """The simplest filter there is."""

    chosen: frozenset[int]

    @property
    def count(self) -> int:
        return len(self.chosen)

    @property
    def labels(self) -> np.ndarray:
        return np.array(sorted(self.chosen), dtype=np.uint64)

    def mask(self, labels: np.ndarray) -> np.ndarray:
        return np.array([int(label) in self.chosen for label in labels], dtype=bool)


VOCABULARY = ["apple", "pear", "fig", "plum", "kiwi", "lime", "date", "nut"]


@pytest.fixture(scope="module")
def corpus() -> dict[int, list[str]]:
    rng = np.random.default_rng(7)
    return {
        (part << 32) | at: list(rng.choice(VOCABULARY, size=rng.integers(1, 12)))
        for part in (0, 3, 70_000)
        for at in range(60)
    }


@pytest.fixture(scope="module")
def retriever(corpus: dict[int, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Bm25Arm:
    folder = tmp_path_factory.mktemp("bm25") / "index"
    write(folder, [row(label, " ".join(tokens)) for label, tokens in corpus.items()], "none")
    return Bm25Arm(folder, "none")


def reference_bm25(corpus: dict[int, list[str]], query: list[str], delta: float) -> dict[int, float]:
    """BM25+ of Lv and Zhai with k1 = 1.2, b = 0.75 and Lucene's idf, written down once more; Robertson's for 0."""
    average = sum(map(len, corpus.values())) / len(corpus)
    scores: dict[int, float] = {}
    for term in dict.fromkeys(query):
        containing = sum(term in tokens for tokens in corpus.values())
        idf = math.log(1 + (len(corpus) - containing + 0.5) / (containing + 0.5))
        for label, tokens in corpus.items():
            if tf := Counter(tokens)[term]:
                norm = 1.2 * (1 - 0.75 + 0.75 * len(tokens) / average)
                scores[label] = scores.get(label, 0.0) + idf * (delta + tf * 2.2 / (tf + norm))
    return scores


@pytest.mark.parametrize("delta", [0.0, 1.0, None])
def test_scores_are_bm25(retriever: Bm25Arm, corpus: dict[int, list[str]], delta: float | None) -> None:
    weights = None if delta is None else Bm25Config(delta=delta)
    expected = reference_bm25(corpus, ["apple", "fig", "lime"], (weights or Bm25Config()).delta)
    ranking = retriever.query(words("apple fig lime apple"), weights).search(len(corpus))
    assert set(ranking.labels.tolist()) == set(expected)
    np.testing.assert_allclose(ranking.scores, [expected[label] for label in ranking.labels.tolist()], rtol=1e-4)


def test_ranking_is_descending_with_ties_by_label(retriever: Bm25Arm) -> None:
    ranking = retriever.query(words("kiwi nut")).search(500)
    pairs = list(zip((-ranking.scores).tolist(), ranking.labels.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert len({score for score, _ in pairs}) < len(pairs), "the corpus should hold ties"


@pytest.mark.parametrize("k", [1, 2, 3, 5, 17, 40, 10**12])
def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(retriever: Bm25Arm, k: int) -> None:
    every, some = retriever.query(words("apple date")).search(10_000), retriever.query(words("apple date")).search(k)
    np.testing.assert_array_equal(some.labels, every.labels[:k])
    np.testing.assert_array_equal(some.scores, every.scores[:k])


@pytest.mark.parametrize("narrow", [0, 5_000])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 1.0])
def test_filtering_equals_filtering_everything(
    retriever: Bm25Arm, corpus: dict[int, list[str]], monkeypatch: pytest.MonkeyPatch, narrow: int, share: float
) -> None:
    monkeypatch.setattr(bm25_module, "_NARROW", narrow)
    rng = np.random.default_rng(int(share * 100))
    allowed = Allow(frozenset(label for label in corpus if rng.random() < share))
    every = retriever.query(words("pear plum nut")).search(10_000)
    keep = allowed.mask(every.labels)
    for k in (1, 4, 30, 1000):
        found = retriever.query(words("pear plum nut")).search(k, allowed)
        np.testing.assert_array_equal(found.labels, every.labels[keep][:k])
        np.testing.assert_array_equal(found.scores, every.scores[keep][:k])


def test_a_filter_that_lets_nothing_through(retriever: Bm25Arm) -> None:
    assert not len(retriever.query(words("apple")).search(5, Allow(frozenset())).labels)
    assert not len(retriever.query(words("apple")).search(5, Allow(frozenset([999]))).labels)


def test_scores_of_given_rows_are_those_of_the_search(retriever: Bm25Arm, corpus: dict[int, list[str]]) -> None:
    query = Query(words=("fig", "lime"), exclusions=("apple",))
    ranking = retriever.query(query).search(1000)
    known = dict(zip(ranking.labels.tolist(), ranking.scores.tolist(), strict=True))
    labels = np.array([*reversed(corpus), 12345, 12345], dtype=np.uint64)
    expected = np.array([known.get(label, np.nan) for label in labels.tolist()], dtype=np.float32)
    np.testing.assert_array_equal(retriever.query(query).scores(labels), expected)


def test_excluded_tells_which_rows_match_an_exclusion(retriever: Bm25Arm, corpus: dict[int, list[str]]) -> None:
    labels = np.array([*corpus, 5], dtype=np.uint64)
    expected = ["apple" in tokens or _adjacent(tokens, "fig", "plum") for tokens in corpus.values()]
    found = retriever.query(Query(exclusions=("apple", "fig plum"))).excluded(labels)
    assert found.tolist() == [*expected, False]
    assert not retriever.query(words("apple")).excluded(labels).any()


def _adjacent(tokens: list[str], first: str, second: str) -> bool:
    return (first, second) in itertools.pairwise(tokens)


def test_phrases_must_match_and_exclusions_must_not(retriever: Bm25Arm, corpus: dict[int, list[str]]) -> None:
    query = Query(words=("lime",), phrases=("apple, pear",), exclusions=("kiwi",))
    expected = {
        label for label, tokens in corpus.items() if _adjacent(tokens, "apple", "pear") and "kiwi" not in tokens
    }
    assert expected
    assert set(retriever.query(query).search(1000).labels.tolist()) == expected


def test_a_query_that_asks_for_nothing_finds_nothing(retriever: Bm25Arm) -> None:
    for query in (Query(), words("!!! --- ..."), Query(exclusions=("apple",)), Query(phrases=("?!",)), words("\0")):
        assert not retriever.query(query).positive
        assert not len(retriever.query(query).search(10).labels)
        assert np.isnan(retriever.query(query).scores(np.array([5], dtype=np.uint64))).all()
    assert not len(retriever.query(words("apple")).search(0).labels)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=[]), max_size=20), max_size=4),
    st.lists(st.text(st.sampled_from("ab \"'-+:()[]{}^~*?\\/&|!検\0\u202eé\ud800😀"), max_size=12), max_size=3),
    st.lists(st.text(max_size=10), max_size=3),
)
def test_no_query_fails(retriever: Bm25Arm, some: list[str], more: list[str], less: list[str]) -> None:
    query = Query(tuple(some + more), tuple(more), tuple(less))
    labels = retriever.query(query).search(5).labels
    assert not np.isnan(retriever.query(query).scores(labels)).any()
    assert not retriever.query(query).excluded(labels).any()


@pytest.mark.parametrize(
    "query",
    [
        words("apple " * 200_000),
        words("apple_" * 200_000),
        words(" ".join(f"apple w{at}" for at in range(100_000))),
        Query(("apple",), exclusions=("x " * 500_000,)),
        words("apple " + "x" * 1_000_000),
    ],
)
def test_a_megabyte_of_query_is_answered(retriever: Bm25Arm, query: Query) -> None:
    assert len(retriever.query(query).search(5).labels) == 5


def test_identifiers_rank_first_where_their_parts_are_adjacent(tmp_path: Path) -> None:
    write(
        tmp_path,
        [
            row(1, "construction of ef and the construction again"),
            row(2, "the value of ef_construction decides"),
            row(3, "call parseHTTPRequest first"),
            row(4, "parse the HTTP request first"),
        ],
    )
    retriever = Bm25Arm(tmp_path, "english")
    assert retriever.query(words("ef_construction")).search(5).labels.tolist() == [2, 1]
    assert retriever.query(words("parseHTTPRequest")).search(5).labels.tolist() == [3, 4]


def test_title_headings_and_path_are_searched(tmp_path: Path) -> None:
    write(
        tmp_path,
        [
            row(1, "nothing here", title="Key rotation", path="guides/first.md"),
            row(2, "nothing here", headings=("Backups", "Rotating keys"), path="guides/second.md"),
            row(3, "nothing there", path="src/bm25.py"),
            row(4, "py bm25 elsewhere", path="src/other.py"),
        ],
    )
    retriever = Bm25Arm(tmp_path, "english")
    assert set(retriever.query(words("rotate keys")).search(5).labels.tolist()) == {1, 2}
    assert retriever.query(Query(phrases=("bm25.py",))).search(5).labels.tolist() == [3]
    assert retriever.query(Query(phrases=("backups rotating",))).notes() == [
        'Nothing has the phrase "backups rotating": BM25 looks for the words.'
    ], "not across headings"


def test_chinese_japanese_and_korean(tmp_path: Path) -> None:
    write(tmp_path, [row(1, "全文検索エンジンTantivy入門"), row(2, "検査の索引"), row(3, "한국어 검색")])
    retriever = Bm25Arm(tmp_path, "english")
    assert retriever.query(words("検索")).search(5).labels.tolist() == [1]
    assert retriever.query(words("索")).search(5).labels.tolist() == [2, 1]
    assert retriever.query(words("tantivy")).search(5).labels.tolist() == [1]
    assert retriever.query(words("검색")).search(5).labels.tolist() == [3]
    assert retriever.query(Query(phrases=("文検索エ",))).search(5).labels.tolist() == [1]
    assert retriever.query(Query(phrases=("検索入門",))).notes()


def test_the_matcher_knows_stems_and_phrases(retriever: Bm25Arm, tmp_path: Path) -> None:
    write(tmp_path, [row(1, "x")])
    matches = Bm25Arm(tmp_path, "english").matcher(Query(("rotate", "検索"), ("ef_construction",), ("draft",)))
    matching = [word for word in ("Rotating", "constructed", "ef", "検", "draft", "keys") if matches(word)]
    assert matching == ["Rotating", "constructed", "ef", "検"]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_new_generation_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    old, new = tmp_path / "1", tmp_path / "2"
    first = [
        row((part << 32) | at, f"apple number{at}", doc_key=(part << 32) | (at // 2))
        for part in (1, 2)
        for at in range(10)
    ]
    assert write(old, first) == Bm25Rows(20, 0)
    before, reader = snapshot(old), Bm25Arm(old, "english")
    with Bm25Writer(new, "english", HEAP, previous=old) as writer:
        for document in (*first[4:6], *first[10:]):
            writer.bury(document)
        writer.add(row(3 << 32, "apple pie"))
        assert writer.commit() == Bm25Rows(9, 25, exact=False)  # 12 dead rows, their tombstones, and a filler
    everything = words("apple")
    assert snapshot(old) == before
    for old_reader in (reader, Bm25Arm(old, "english")):
        assert old_reader.rows == 20
        assert set(old_reader.query(everything).search(50).labels.tolist()) == {document.label for document in first}
    kept = {(1 << 32) | at for at in range(10) if at not in (4, 5)} | {3 << 32}
    new_reader = Bm25Arm(new, "english")
    assert set(new_reader.query(everything).search(50).labels.tolist()) == kept
    assert new_reader.rows == 9
    segments = {file.name for file in old.iterdir() if file.suffix == ".store"}
    assert segments
    assert all((old / name).samefile(new / name) for name in segments), "unchanged files are links"


def test_many_generations_merge_and_equal_one(tmp_path: Path) -> None:
    """Twelve commits make Tantivy merge segments in the new folder; the old folders must not notice."""
    folders = [tmp_path / str(at) for at in range(12)]
    documents = [row(label, f"apple {'pear ' * (label % 3)} number{label}") for label in range(60)]
    for at, folder in enumerate(folders):
        with Bm25Writer(folder, "english", HEAP, folders[at - 1] if at else None) as writer:
            for document in documents[at * 5 : at * 5 + 5]:
                writer.add(document)
            assert writer.commit() == Bm25Rows((at + 1) * 5, 0)
    write(tmp_path / "whole", documents)
    expected = Bm25Arm(tmp_path / "whole", "english").query(words("pear apple")).search(7)
    found = Bm25Arm(folders[-1], "english").query(words("pear apple")).search(7)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.scores, expected.scores)
    for at, folder in enumerate(folders):
        assert Bm25Arm(folder, "english").rows == (at + 1) * 5


def test_files_are_copied_where_they_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    write(tmp_path / "1", [row(1, "apple")])
    monkeypatch.setattr(os, "link", refuse)
    with Bm25Writer(tmp_path / "2", "english", HEAP, tmp_path / "1") as writer:
        writer.add(row(2, "apple"))
        writer.commit()
    assert Bm25Arm(tmp_path / "2", "english").query(words("apple")).search(5).labels.tolist() == [1, 2]


def fail_halfway(folder: Path, previous: Path) -> None:
    with Bm25Writer(folder, "english", HEAP, previous) as writer:
        writer.bury(row(1, "apple"))
        writer.add(row(2, "pear"))
        raise KeyError


def test_leaving_without_commit_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "1", [row(1, "apple")])
    with pytest.raises(KeyError):
        fail_halfway(tmp_path / "2", previous=tmp_path / "1")
    with Bm25Writer(tmp_path / "3", "english", HEAP, tmp_path / "1") as writer:
        writer.add(row(2, "pear"))
    for name in ("1", "2", "3"):
        assert Bm25Arm(tmp_path / name, "english").query(words("apple pear")).search(5).labels.tolist() == [1]


def test_reading_neither_needs_nor_makes_a_writable_folder(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    write(folder, [row(1, "apple")])
    assert {stat.S_IMODE(file.stat().st_mode) & 0o044 for file in folder.iterdir()} == {0o044}
    before = snapshot(folder)
    folder.chmod(0o555)
    try:
        assert len(Bm25Arm(folder, "english").query(words("apple")).search(1).labels) == 1
        assert snapshot(folder) == before
    finally:
        folder.chmod(0o755)


def test_an_empty_index_answers(tmp_path: Path) -> None:
    assert write(tmp_path, []) == Bm25Rows(0, 0)
    retriever = Bm25Arm(tmp_path, "english")
    assert retriever.rows == 0
    assert not len(retriever.query(words("apple")).search(5).labels)


def test_another_language_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "1", [row(1, "apple")])
    with pytest.raises(MismatchError, match="english"):
        Bm25Arm(tmp_path / "1", "german")
    with pytest.raises(MismatchError, match="english"), Bm25Writer(tmp_path / "2", "german", HEAP, tmp_path / "1"):
        pass


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="no BM25 index"):
        Bm25Arm(tmp_path / "missing", "english")
    folder = tmp_path / "1"
    write(folder, [row(1, "apple")])
    next(folder.glob("*.store")).unlink()
    with pytest.raises(DamagedError, match=str(folder)):
        Bm25Arm(folder, "english")
    (folder / "meta.json").write_text("{")
    with pytest.raises(DamagedError, match=str(folder)):
        Bm25Arm(folder, "english")
