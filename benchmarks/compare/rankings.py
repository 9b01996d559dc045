"""The same queries by both checkouts, hit by hit."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..processes import ProcessError
from .checkouts import code_of
from .datasets import SAMPLE, Query, with_syntax, write_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .checkouts import Checkout
    from .datasets import Dataset

DEPTH = 100
"""Hits of each query that are compared."""
TOLERANCE = 1e-5
"""Relative difference of scores that counts as none."""
LAST_DIGIT = 1.5e-6
"""Absolute difference that counts as none: scores are printed with six digits after the point."""
ALONE = 4
"""Queries of each dataset that are also asked in a process of their own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way of asking."""

    name: str
    flags: tuple[str, ...] = ()
    syntax: bool = False
    """Whether the queries get phrases and exclusions."""
    dataset: str | None = None
    """Name of the one dataset that it makes sense for; ``None``: all of them."""
    alone: bool = False
    """Whether every query has a process of its own; there are few of them then."""


SETTINGS = (
    Setting("hybrid"),
    Setting("bm25", ("--mode", "bm25")),
    Setting("dense", ("--mode", "dense")),
    Setting("absolute", ("--fusion", "absolute")),
    Setting("convex", ("--fusion", "convex")),
    Setting("convex-minmax", ("--fusion", "convex-minmax")),
    Setting("dbsf", ("--fusion", "dbsf")),
    Setting("combmnz", ("--fusion", "combmnz")),
    Setting("round-robin", ("--fusion", "round-robin")),
    Setting("weights", ("--bm25-weight", "0.3", "--dense-weight", "0.7", "--rrf-k", "10", "--candidates", "40")),
    Setting("rm3", ("--rm3",)),
    Setting("rocchio", ("--rocchio",)),
    Setting("feedback", ("--rm3", "--rocchio", "--fusion", "convex")),
    Setting("syntax", syntax=True),
    Setting("syntax-bm25", ("--mode", "bm25"), syntax=True),
    Setting("one-per-file", ("--max-per-file", "1")),
    Setting("thresholds", ("--min-cosine", "0.25", "--min-bm25", "2")),
    Setting("path", ("--path", "ranking/**", "--path", "*.md", "--path", "!glove.md"), dataset=SAMPLE.name),
    Setting("where", ("--where", "year >= 2014 and level < 3 or tags is null"), dataset=SAMPLE.name),
    Setting("type", ("--type", "md", "--max-per-file", "2", "--fusion", "absolute"), dataset=SAMPLE.name),
    Setting("trec", ("--format", "trec")),
    Setting("alone", alone=True),
    Setting("alone-bm25", ("--mode", "bm25"), alone=True),
    Setting("alone-dense", ("--mode", "dense"), alone=True),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """What is compared of a hit."""

    id: str
    score: float
    bm25: float | None = None
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between two answers to one query."""

    query: str
    order: bool
    """Whether the hits differ, and not their scores alone."""
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One setting on one dataset."""

    dataset: str
    setting: str
    queries: int
    hits: int
    """Hits of the first checkout, all queries together: none means that nothing was compared."""
    differences: tuple[Difference, ...] = ()
    failure: str = ""
    """Why there is nothing to compare; empty if there is."""

    @property
    def identical(self) -> int:
        """Number of queries that both checkouts answer alike."""
        return 0 if self.failure else self.queries - len(self.differences)

    @property
    def passed(self) -> bool:
        """Whether all queries were answered alike."""
        return not self.failure and not self.differences


Answers = dict[str, list[Hit]]
EXACT = ("--dense", "flat")
"""Both search exactly: whether a batch walks a graph is another matter, and what it loses is measured by "recall"."""


def measure(
    checkouts: Sequence[Checkout], datasets: Sequence[Dataset], say: Callable[[str], None]
) -> Iterator[Outcome]:
    """Ask every dataset in every way that makes sense for it."""
    for dataset in datasets:
        for setting in SETTINGS:
            if setting.dataset in {None, dataset.name}:
                say(f"{dataset.name}, {setting.name}")
                yield _outcome(checkouts, dataset, setting)


def _outcome(checkouts: Sequence[Checkout], dataset: Dataset, setting: Setting) -> Outcome:
    queries = dataset.queries()
    if setting.syntax:
        queries = with_syntax(queries)
    if setting.alone:
        queries = queries[:: max(1, len(queries) // ALONE)][:ALONE]
    try:
        before = _remembered(checkouts[0], dataset, setting, queries)
        after = _ask(checkouts[1], dataset, setting, queries)
    except ProcessError as failed:
        return Outcome(dataset.name, setting.name, len(queries), 0, failure=str(failed))
    found = tuple(differences(before, after))
    return Outcome(dataset.name, setting.name, len(queries), sum(map(len, before.values())), found)


def _remembered(checkout: Checkout, dataset: Dataset, setting: Setting, queries: Sequence[Query]) -> Answers:
    """Return what the same code answered to the same questions from the same store, or ask."""
    store = checkout.store(dataset)
    asked = (DEPTH, asdict(setting), [asdict(query) for query in queries], code_of(checkout.folder))
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    path = store.parent / "answers" / f"{setting.name}-{key}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {query: [Hit(*hit) for hit in hits] for query, hits in kept.items()}
    answers = _ask(checkout, dataset, setting, queries)
    path.parent.mkdir(exist_ok=True)
    whole = path.with_suffix(".new")
    whole.write_text(json.dumps({query: [astuple(hit) for hit in hits] for query, hits in answers.items()}))
    whole.replace(path)
    return answers


def _ask(checkout: Checkout, dataset: Dataset, setting: Setting, queries: Sequence[Query]) -> Answers:
    store = checkout.store(dataset)
    with tempfile.TemporaryDirectory() as folder:
        if setting.alone:
            out = Path(folder) / "answer.json"
            return {query.id: _ask_one(checkout, store, setting, query, out) for query in queries}
        asked, out = write_queries(Path(folder) / "queries.jsonl", queries), Path(folder) / "answers"
        flags = ("-n", DEPTH, "-q", *EXACT, *setting.flags)
        checkout.run("query", "--queries", asked, "--store", store, *flags, stdout=out)
        found = _read_run(out) if "trec" in setting.flags else _read_lines(out)
    return {query.id: [] for query in queries} | found


def _ask_one(checkout: Checkout, store: Path, setting: Setting, query: Query, out: Path) -> list[Hit]:
    checkout.run("query", "-n", DEPTH, "--json", *setting.flags, "--store", store, "--", query.text, stdout=out)
    return _hits(json.loads(out.read_text(encoding="utf-8")))


def differences(before: Mapping[str, Sequence[Hit]], after: Mapping[str, Sequence[Hit]]) -> Iterator[Difference]:
    """Yield the first difference of every query whose answers are not the same."""
    for query in {**before, **after}:
        if query not in before or query not in after:
            yield Difference(query, True, f"answered only {'before' if query in before else 'after'}")
        elif found := _first_difference(query, before[query], after[query]):
            yield found


def _first_difference(query: str, before: Sequence[Hit], after: Sequence[Hit]) -> Difference | None:
    for rank, (old, new) in enumerate(zip(before, after, strict=False), 1):
        if old.id != new.id:
            return Difference(query, True, f"hit {rank}: {old.id} ({old.score}) -> {new.id} ({new.score})")
    if len(before) != len(after):
        return Difference(query, True, f"{len(before)} hits -> {len(after)} hits")
    for rank, (old, new) in enumerate(zip(before, after, strict=True), 1):
        for name in ("score", "bm25", "cosine"):
            was, became = getattr(old, name), getattr(new, name)
            if not _alike(was, became):
                return Difference(query, False, f"hit {rank}, {old.id}: {name} {was} -> {became}")
    return None


def _alike(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=LAST_DIGIT)


def _read_lines(path: Path) -> Answers:
    with path.open(encoding="utf-8") as stream:
        return {answer["query_id"]: _hits(answer) for answer in map(json.loads, stream)}


def _hits(answer: Mapping[str, object]) -> list[Hit]:
    hits = answer["hits"]
    assert isinstance(hits, list)
    return [Hit(hit["id"], hit["score"], hit["scores"]["bm25"], hit["scores"]["cosine"]) for hit in hits]


def _read_run(path: Path) -> Answers:
    answers: Answers = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, document, _, score, _ = line.split()
        answers.setdefault(query, []).append(Hit(document, float(score)))
    return answers
