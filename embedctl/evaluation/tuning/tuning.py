"""What ``tune`` found, did and left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ...config import RankingConfig
from ...config.ranking_changes import changes
from ..evaluation import rounded

if TYPE_CHECKING:
    from ...config.ranking_changes import RankingChange
    from ...store.manifest import Manifest, TunedRecord
    from ..significance import Difference

SCHEMA_VERSION = 1


class QueryGain(NamedTuple):
    """One judged query: its score in use, and by rankings that were chosen without it."""

    id: str
    query: str
    before: float
    after: float

    @property
    def gain(self) -> float:
        """What it won; below 0: what it lost."""
        return self.after - self.before


def is_shown(gain: Difference, alpha: float) -> bool:
    """Return whether a gain is more than chance: its interval lies above 0, and p is below ``alpha``."""
    return gain.low is not None and gain.low > 0 and gain.p < alpha


@dataclass(frozen=True, slots=True)
class Tuning:
    """The outcome of one fit."""

    metric: str
    queries: int
    folds: int
    repeats: int
    tried: int
    """Different rankings that were scored."""
    before: RankingConfig
    """In use when the fit began."""
    best: RankingConfig
    """Fitted to all queries."""
    before_score: float
    """Mean over the queries by the ranking in use."""
    held_out_score: float
    """Mean over the queries, each by rankings that were chosen without it."""
    fitted_score: float
    """Mean over the queries by ``best``, which was chosen by them: better than can be expected of others."""
    gain: Difference
    """Of the held-out score over the one before."""
    choices: tuple[tuple[RankingConfig, int], ...]
    """Rankings that the folds chose, and how many chose each, the most frequent first."""
    per_query: tuple[QueryGain, ...]
    """In the order of the file."""
    real: bool
    """Whether ``best`` is another ranking, and the gain is one by the rule in ``docs/tune.md``."""
    queries_needed: int | None
    """That would probably show a gain of this size; ``None``: it is shown, or there is none."""
    notes: tuple[str, ...]
    """What a person should know about the queries and the judgements, as sentences."""
    seconds: float
    written: bool = False
    """Whether the store ranks by ``best`` from now on."""

    @property
    def changes(self) -> tuple[RankingChange, ...]:
        """What ``best`` has otherwise than the ranking in use."""
        return changes(self.before, self.best)

    def to_json(self) -> dict[str, Any]:
        """Return the member ``fit`` of ``docs/schema/tune.v1.json``."""
        plain = ("metric", "queries", "folds", "repeats", "tried", "real", "written", "queries_needed")
        return {
            **{name: getattr(self, name) for name in plain},
            "before": self.before.to_json(),
            "best": self.best.to_json(),
            "changes": [change._asdict() for change in self.changes],
            "scores": rounded(
                {"before": self.before_score, "held_out": self.held_out_score, "fitted": self.fitted_score}
            ),
            "gain": rounded({name: getattr(self.gain, name) for name in ("mean", "low", "high", "p")}),
            "choices": [
                {
                    "ranking": ranking.to_json(),
                    "changes": [change._asdict() for change in changes(self.before, ranking)],
                    "folds": folds,
                }
                for ranking, folds in self.choices
            ],
            "per_query": rounded([{**one._asdict(), "gain": one.gain} for one in self.per_query]),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class TunedState:
    """How a store ranks, and how it came to."""

    snapshot: int
    ranking: RankingConfig
    """In use."""
    history: tuple[TunedRecord, ...]
    """The last one is in use; none: the default is."""
    undone: TunedRecord | None = None
    """What was in use before ``--undo``."""

    @classmethod
    def of(cls, manifest: Manifest, undone: TunedRecord | None = None) -> TunedState:
        """Return how a snapshot ranks."""
        return cls(manifest.snapshot, manifest.ranking, manifest.tuned, undone)

    @property
    def changes(self) -> tuple[RankingChange, ...]:
        """What the ranking in use has otherwise than the default."""
        return changes(RankingConfig(), self.ranking)


def tune_json(action: str, state: TunedState, fit: Tuning | None = None) -> dict[str, Any]:
    """Return what ``docs/schema/tune.v1.json`` describes, after the action ``fit``, ``undo`` or ``show``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "action": action,
        "snapshot": state.snapshot,
        "ranking": state.ranking.to_json(),
        "changes": [change._asdict() for change in state.changes],
        "history": [record.to_json() for record in state.history],
        "undone": None if state.undone is None else state.undone.to_json(),
        "fit": None if fit is None else fit.to_json(),
    }
