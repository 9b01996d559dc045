"""Results of an evaluation and of its gate, and their JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .judgements import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import RankingConfig
    from ..config.measuring import SyntheticKind
    from ..query.query_file import NamedQuery
    from .judgements import Judgements, Run
    from .metrics import Metric, Values
    from .resolve import JudgementLevel
    from .significance import Difference, Interval
    from .synthetic.queries import SyntheticSet

SCHEMA_VERSION = 1
FIRST = 3
"""Of what a query finds, so many are in the JSON."""


class Latency(NamedTuple):
    """Time of one answer in a warm process, one query at a time; milliseconds."""

    median: float
    p95: float
    queries: int


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to rank, with its figures."""

    name: str
    """``bm25``, ``dense``, a fusion, ``stored``, or that of a run."""
    run: Run
    values: Values
    """float64 ``(queries, metrics)``, the primary metric first."""
    means: tuple[float, ...]
    """Of each metric over the queries."""
    interval: Interval
    """Of the primary metric."""
    mode: str | None = None
    """``hybrid``, or the name of the only arm; ``None``: a run of another tool."""
    ranking: RankingConfig | None = None
    in_use: bool = False
    """The setting that the others are compared with."""
    latency: Latency | None = None
    versus: Difference | None = None
    """Difference to the setting in use, by the primary metric; ``None``: it is that one."""
    p_holm: float | None = None
    """``versus.p`` corrected for all the settings that are compared."""
    dense_plan: str | None = None
    """Plan that found the nearest vectors, and the reason for it."""


class QueryRow(NamedTuple):
    """One query, measured by the setting in use."""

    query: NamedQuery
    value: float
    """Of the primary metric."""
    first: str | None
    """Name of the first hit; ``None``: no hit."""


class KindMeans(NamedTuple):
    """Results of the queries of one kind."""

    kind: SyntheticKind
    queries: int
    means: dict[str, float]
    """Mean of the primary metric by name of the setting."""


@dataclass(frozen=True, slots=True)
class KnownItems:
    """Queries that were made from the corpus, and the results of each kind.

    Kinds favour arms, titles the dense one and words of a sentence BM25; and people do not ask them in these shares.
    """

    made: SyntheticSet
    kinds: tuple[KindMeans, ...]

    def to_json(self) -> dict[str, Any]:
        """Return ``known_items`` of ``docs/schema/eval.v1.json``."""
        counts = {name: getattr(self.made, name) for name in ("documents", "looked_at", "usable")}
        return {**counts, "kinds": rounded(self.kinds)}


class Loss(NamedTuple):
    """A query that is answered worse than it was."""

    id: str
    text: str
    before: float
    after: float
    first_before: str | None
    first_after: str | None
    grade_after: int | None
    """Of the first hit now; ``None``: it is not judged."""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Result of the comparison with a baseline."""

    metric: str
    before: float
    after: float
    change: Difference
    """Above 0 is a gain."""
    max_drop: float
    significant: bool
    passed: bool
    compared: int
    """Queries that both have."""
    only_before: int
    """Queries of the baseline that are missing or unjudged now."""
    only_after: int
    changed: int
    """Queries of one id whose text or judgements changed; they are left out."""
    setting_before: str
    setting_after: str
    losses: tuple[Loss, ...]
    """Queries that lost most, the worst first."""

    @property
    def dropped(self) -> bool:
        """The mean fell by more than is allowed, perhaps by chance."""
        return beyond(self.change.mean, self.max_drop)

    def to_json(self) -> dict[str, Any]:
        """Return the ``gate`` of ``docs/schema/eval.v1.json``."""
        return {**rounded(asdict(self)), "max_drop": self.max_drop, "dropped": self.dropped}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of each setting on the same queries."""

    store: str
    snapshot: int
    level: JudgementLevel
    """Items that were ranked and judged: ``documents`` or ``chunks``."""
    metrics: tuple[Metric, ...]
    """The first is the primary one, by which settings are compared."""
    queries: tuple[NamedQuery, ...]
    judgements: Judgements
    """Of these queries, by the names that the runs use."""
    settings: tuple[Setting, ...]
    notes: tuple[str, ...]
    """Remarks on queries and judgements; finished sentences."""
    detectable: float | None
    """Least difference of the primary metric that so many queries can show; ``None``: unknown."""
    alpha: float
    known_items: KnownItems | None = None
    """Of queries that were made from the corpus; ``None``: queries and judgements were given."""

    @property
    def synthetic(self) -> bool:
        """The queries were made from the corpus itself."""
        return self.known_items is not None

    @property
    def in_use(self) -> Setting:
        """The setting that others are compared with."""
        return next(setting for setting in self.settings if setting.in_use)

    @property
    def metric(self) -> Metric:
        """The primary one."""
        return self.metrics[0]

    def rows(self) -> list[QueryRow]:
        """Return the queries, worst first by the setting in use; ties in the order of the file."""
        values, rankings = self.in_use.values[:, 0], self.in_use.run.rankings
        found = (rankings.get(query.id, ()) for query in self.queries)
        rows = [
            QueryRow(query, float(value), ids[0] if ids else None)
            for query, value, ids in zip(self.queries, values, found, strict=True)
        ]
        return sorted(rows, key=lambda row: row.value)

    def to_json(self, verdict: GateVerdict | None = None) -> dict[str, Any]:
        """Return what ``docs/schema/eval.v1.json`` describes; ``verdict``: of the comparison with a baseline."""
        return {
            "schema_version": SCHEMA_VERSION,
            "store": self.store,
            "snapshot": self.snapshot,
            "level": self.level,
            "synthetic": self.synthetic,
            "known_items": None if self.known_items is None else self.known_items.to_json(),
            "metric": str(self.metric),
            "metrics": [str(metric) for metric in self.metrics],
            "detectable": rounded(self.detectable),
            "notes": list(self.notes),
            "settings": [self._setting(setting) for setting in self.settings],
            "queries": list(self._queries()),
            "gate": None if verdict is None else verdict.to_json(),
        }

    def _setting(self, setting: Setting) -> dict[str, Any]:
        return {
            "name": setting.name,
            "in_use": setting.in_use,
            "mode": setting.mode,
            "ranking": None if setting.ranking is None else setting.ranking.to_json(),
            "dense_plan": setting.dense_plan,
            "means": dict(zip(map(str, self.metrics), rounded(setting.means), strict=True)),
            "interval": rounded({"low": setting.interval.low, "high": setting.interval.high}),
            "latency_ms": rounded(setting.latency, 3),
            "versus_in_use": setting.versus and rounded({**setting.versus._asdict(), "p_holm": setting.p_holm}),
        }

    def _queries(self) -> Iterator[dict[str, Any]]:
        names = [str(metric) for metric in self.metrics]
        found = self.in_use.run.rankings
        for at, query in enumerate(self.queries):
            grades = self.judgements.grades[query.id]
            yield {
                "id": query.id,
                "text": query.text,
                "judgements": digest_of(grades),
                "relevant": sum(grade > 0 for grade in grades.values()),
                "first": [{"id": name, "grade": grades.get(name)} for name in found.get(query.id, ())[:FIRST]],
                "values": {
                    setting.name: dict(zip(names, rounded(setting.values[at].tolist()), strict=True))
                    for setting in self.settings
                },
            }


def beyond(change: float, max_drop: float) -> bool:
    """Return whether a mean fell by more than is allowed, rounding apart."""
    return change < -max_drop - 1e-9


def rounded(value: Any, digits: int = 6) -> Any:
    """Return numbers, lists, maps and named tuples as JSON has them, with every float to so many digits."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: rounded(one, digits) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one, digits) for one in value]
    return round(value, digits) if isinstance(value, float) else value
