"""History does not show: an index grown and pruned in many runs ranks as one that was built in one."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tantivy

from embedctl.arms.bm25.analysis import analyzer, languages, terms, tokenizer_name
from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.live import FILLER_TERM
from embedctl.arms.bm25.query import Bm25Query
from embedctl.arms.bm25.tantivy_files import DEAD, can_bury
from embedctl.arms.bm25.writer import Bm25Change, Bm25Rows, Bm25Writer, build_bm25
from embedctl.arms.kind import TextRow
from embedctl.config import Bm25Config, Rm3Config
from embedctl.errors import DamagedError
from embedctl.query.filters import LabelSet
from embedctl.query.parse import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HEAP = 15_000_000


def word(number: int) -> str:
    """Return a word of letters only: digits behind letters would have the letters as a part."""
    return "word" + "".join("abcdefghij"[int(digit)] for digit in str(number))


VOCABULARY = [*map(word, range(800)), "the", "and", FILLER_TERM, "ef", "construction", "検索"]
WEIGHTS = [1 / (at + 2) for at in range(len(VOCABULARY))]
QUERIES = (
    "worda",
    "wordd wordbh wordcaa",
    "the wordf wordf and wordea",
    "the and",
    "wordc -wordb",
    'wordj -"worda wordb"',
    '"worda wordb"',
    'wordh "wordb worda" "wordc worda"',
    "ef_construction",
    "wordb.worda/wordd",
    "wordhjj wordb neverseen",
    FILLER_TERM,
    f"{FILLER_TERM} wordg",
    "検索 worde",
)


@dataclass
class Life:
    """An index through its runs, and the rows that ought to be alive in it."""

    folder: Path
    random: random.Random
    alive: dict[int, TextRow] = field(default_factory=dict)
    runs: int = 0
    rebuilt: int = 0

    def run(self, added: Iterable[TextRow], dying: Iterable[int] = ()) -> Bm25Rows:
        """Publish another generation: rows that die and rows that are added."""
        added, buried = list(added), [self.alive.pop(label) for label in dying]
        self.alive |= {document.label: document for document in added}
        change = Bm25Change(self.newest, None, buried, added) if self.runs else None
        self.runs += 1
        return build_bm25(self.newest, "english", HEAP, self._everything(), change)

    def _everything(self) -> Iterator[TextRow]:
        self.rebuilt += 1
        yield from self.alive.values()

    @property
    def newest(self) -> Path:
        return self.folder / str(self.runs)

    def in_one_run(self) -> Bm25Arm:
        with Bm25Writer(self.folder / "one", "english", HEAP) as writer:
            for label in sorted(self.alive):
                writer.add(self.alive[label])
            writer.commit()
        return Bm25Arm(self.folder / "one", "english")

    def document(self, label: int) -> TextRow:
        def some(least: int, most: int) -> str:
            return " ".join(self.random.choices(VOCABULARY, WEIGHTS, k=self.random.randint(least, most)))

        title = some(1, 4) if self.random.random() < 0.6 else ""
        return TextRow(label, label, some(5, 120), title, (some(1, 3),), f"{some(2, 4)}.md")


def segments(folder: Path) -> int:
    return len(json.loads((folder / "meta.json").read_bytes())["segments"])


def assert_alike(found: Bm25Query, expected: Bm25Query, text: str, allowed: LabelSet | None = None) -> None:
    """Assert equal rows and scores; neighbours that score the same but for rounding may change places."""
    own, other = found.search(10_000, allowed), expected.search(10_000, allowed)
    assert sorted(own.labels.tolist()) == sorted(other.labels.tolist()), text
    np.testing.assert_allclose(own.scores, other.scores, rtol=5e-6, err_msg=text)
    np.testing.assert_allclose(found.scores(other.labels), other.scores, rtol=5e-6, err_msg=text)
    first, of_first = found.search(10, allowed), dict(zip(other.labels.tolist(), other.scores.tolist(), strict=True))
    np.testing.assert_allclose([of_first[label] for label in first.labels.tolist()], other.scores[:10], rtol=5e-6)
    assert found.most() == pytest.approx(expected.most(), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_many_runs_rank_as_one(tmp_path: Path, seed: int) -> None:
    """Adds, deletes and changes in eighteen runs, over which Tantivy merges segments, dead rows and all."""
    life = Life(tmp_path, random.Random(seed))
    part = 4_000
    life.run(life.document(label) for label in range(part))
    dead = 0
    for run in range(1, 19):
        dying = life.random.sample(sorted(life.alive), life.random.choice([0, 1, 3, 30]))
        if run == 6:
            dying = [label for label in life.alive if label % 10 == 3]  # of a source that is gone
        grown = life.random.choice([0, 1, 12, 80])
        rows = life.run((life.document(run << 32 | row) for row in range(grown + len(dying) // 2)), dying)
        assert (rows.live, rows.exact) == (len(life.alive), True)
        dead = rows.dead
    assert dead, "the newest index should hold dead rows"
    assert life.rebuilt < 10
    assert segments(life.newest) < life.runs + 4, "segments should have been merged"

    own, other = Bm25Arm(life.newest, "english"), life.in_one_run()
    assert own.rows == other.rows == len(life.alive)
    some = np.array(sorted(life.alive), dtype=np.uint64)
    for text in QUERIES:
        query = parse_query(text)
        for weights in (Bm25Config(), Bm25Config(1.0, 0.0, 2.0, 0.0)):
            assert_alike(own.query(query, weights), other.query(query, weights), text)
        for allowed in (LabelSet(some[::7]), LabelSet(some[:-1])):
            assert_alike(own.query(query), other.query(query), text, allowed)
        found, expected = own.query(query), other.query(query)
        first = expected.search(8)
        hits, scores = [life.alive[label].body for label in first.labels.tolist()], first.scores.tolist()
        rm3 = Rm3Config(hits=8, most_common=0.2)
        added, wanted = found.expansion(hits, scores, rm3), expected.expansion(hits, scores, rm3)
        assert added == wanted
        assert_alike(found.expanded(added), expected.expanded(wanted), text)


def test_dead_rows_are_nowhere(tmp_path: Path) -> None:
    life = Life(tmp_path, random.Random(5))
    life.run(life.document(label) for label in range(3_000))
    gone = {label: life.alive[label] for label in range(0, 300, 2)}
    assert life.run((), gone).dead > 2 * len(gone)
    retriever, labels = Bm25Arm(life.newest, "english"), np.arange(3_000, dtype=np.uint64)
    assert retriever.part_labels(0, len(life.alive)).tolist() == sorted(life.alive)
    query = retriever.query(parse_query(f"worda {FILLER_TERM}"))
    assert not set(query.search(5_000).labels.tolist()) - life.alive.keys()
    assert np.isnan(query.scores(labels)[sorted(gone)]).all()
    assert not np.isnan(query.scores(labels)[sorted(set(query.search(5_000).labels.tolist()))]).any()


def test_a_small_index_is_rebuilt_where_no_filler_does(tmp_path: Path) -> None:
    life = Life(tmp_path, random.Random(6))
    life.run(life.document(label) for label in range(30))
    assert life.run([life.document(1 << 32)], [7]) == Bm25Rows(30, 0)
    assert life.rebuilt == 2
    assert life.run([life.document(1 << 32 | 1)]) == Bm25Rows(31, 0), "nothing is dead: the index is extended"
    assert life.rebuilt == 2
    own, other = Bm25Arm(life.newest, "english"), life.in_one_run()
    for text in QUERIES:
        own_best, best = own.query(parse_query(text)).search(50), other.query(parse_query(text)).search(50)
        assert own_best.labels.tolist() == best.labels.tolist()
        assert own_best.scores.tolist() == best.scores.tolist()


def test_an_index_that_is_mostly_dead_is_rebuilt(tmp_path: Path) -> None:
    life = Life(tmp_path, random.Random(7))
    life.run(life.document(label) for label in range(3_000))
    assert life.run((), range(100)).dead
    assert life.run((), range(100, 1_100)) == Bm25Rows(1_900, 0)
    assert life.run((), list(life.alive)) == Bm25Rows(0, 0)
    assert not len(Bm25Arm(life.newest, "english").query(parse_query("worda")).search(5).labels)


def test_rows_without_titles_do_not_hinder(tmp_path: Path) -> None:
    """The last row with a title dies: there is no average length of titles any more, and none is needed."""
    life = Life(tmp_path, random.Random(8))
    untitled = [life.document(label)._replace(title="", headings=()) for label in range(3_000)]
    life.run([*untitled, life.document(1 << 32)._replace(title="worda wordb")])
    assert life.run((), [1 << 32]).dead
    own, other = Bm25Arm(life.newest, "english"), life.in_one_run()
    for text in QUERIES:
        assert_alike(own.query(parse_query(text)), other.query(parse_query(text)), text)


def test_rows_that_cannot_be_read_when_they_die_lead_to_a_rebuild(tmp_path: Path) -> None:
    def damaged() -> Iterator[TextRow]:
        yield document
        raise DamagedError("documents/000001.parquet is not what was written.")

    life = Life(tmp_path, random.Random(11))
    life.run(life.document(label) for label in range(20))
    document = life.alive.pop(4)
    change = Bm25Change(life.newest, None, damaged(), ())
    assert build_bm25(tmp_path / "new", "english", HEAP, life.alive.values(), change) == Bm25Rows(19, 0)


def test_an_index_of_format_3_is_read_but_not_extended(tmp_path: Path) -> None:
    """It has rows that were deleted inside Tantivy, and no fields for buried ones."""
    builder, name = tantivy.SchemaBuilder(), tokenizer_name("english")
    for number, fast in (("label", True), ("doc_key", True), ("part", False)):
        builder.add_unsigned_field(number, indexed=True, fast=fast)
    builder.add_bytes_field("payload", stored=True)
    for text in ("body", "title", "path"):
        builder.add_text_field(text, tokenizer_name=name)
    schema = builder.build()
    life = Life(tmp_path, random.Random(9))
    life.newest.mkdir()
    index = tantivy.Index(schema, str(life.newest), reuse=False)
    index.register_tokenizer(name, analyzer("english"))
    writer = index.writer(HEAP, 1)
    for label in range(500):
        document, entry = life.document(label), tantivy.Document()
        entry.add_unsigned("label", label)
        entry.add_unsigned("doc_key", label)
        for text in ("body", "title", "path"):
            entry.add_text(text, getattr(document, text))
        writer.add_document(entry)
    writer.commit()
    writer.delete_documents_by_query(tantivy.Query.term_set_query(schema, "doc_key", [3, 4]))
    writer.commit()
    writer.wait_merging_threads()
    old = Bm25Arm(life.newest, "english")
    assert old.rows == 498
    assert set(old.query(parse_query("worda wordb wordc")).search(500).labels.tolist()) <= set(range(500)) - {3, 4}
    assert not can_bury(life.newest)
    life.run([life.document(1)])
    assert can_bury(life.newest)


@pytest.mark.parametrize("damage", ["cut", "order", "more"])
def test_damaged_labels_of_dead_rows_are_reported(tmp_path: Path, damage: str) -> None:
    life = Life(tmp_path, random.Random(10))
    life.run(life.document(label) for label in range(3_000))
    assert life.run((), [3, 9]).dead
    path = life.newest / DEAD
    data = {
        "cut": path.read_bytes()[:-3],
        "order": path.read_bytes()[::-1],
        "more": np.arange(90_000, dtype="<u8").tobytes(),
    }
    path.unlink()
    path.write_bytes(data[damage])
    with pytest.raises(DamagedError, match=str(life.newest)):
        Bm25Arm(life.newest, "english")


@pytest.mark.parametrize("language", languages())
def test_no_analysis_changes_the_term_of_fillers(language: str) -> None:
    assert [term.text for term in terms(FILLER_TERM, language)] == [FILLER_TERM]
