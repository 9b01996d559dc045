"""Flags of ``eval``: what to measure with, what is printed and kept, and when a change for the worse fails."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..config import QueryConfig
from ..config.measuring import EvaluationConfig, GateConfig, SettingName
from ..errors import UsageError
from .parameters import option

_EVALUATION = EvaluationConfig()
_GATE = GateConfig()


@dataclass(frozen=True, slots=True)
class JudgedOptions:
    """Queries, what should be found, and how that is measured."""

    queries: Annotated[
        Path | None, option(metavar="FILE", help="Queries with ids: JSON Lines, or .tsv, as for query.")
    ] = None
    qrels: Annotated[Path | None, option(metavar="FILE", help="Judgements: BEIR's three columns, or TREC's four.")] = (
        None
    )
    metric: Annotated[str, option(metavar="METRIC", help="What is compared: ndcg@10, recall@100, map ...")] = (
        _EVALUATION.metric
    )
    metrics: Annotated[
        str, option(metavar="LIST", help="What else is shown, with commas between.", show_default=False)
    ] = ",".join(_EVALUATION.metrics)
    only: Annotated[
        list[SettingName] | None,
        option(metavar="NAME", help="Compare only with this: bm25, dense, a fusion, or in-use; may be repeated."),
    ] = None
    timed: Annotated[
        int, option(min=0, metavar="N", help="Queries asked one at a time, to tell how long an answer takes.")
    ] = _EVALUATION.timed
    run: Annotated[
        list[Path] | None, option(metavar="FILE", help="Also measure a TREC run of another tool; may be repeated.")
    ] = None

    def files(self) -> tuple[Path, Path]:
        """Return the files of queries and of judgements.

        Raises:
            UsageError: one is missing.
        """
        if self.queries is None or self.qrels is None:
            raise UsageError(
                "There is nothing to measure with.",
                "Name queries and judgements: embedctl eval --queries FILE --qrels FILE; or have queries made from the "
                "corpus: embedctl eval --synthetic. See docs/eval.md.",
            )
        return self.queries, self.qrels

    def config(self, query: QueryConfig) -> EvaluationConfig:
        """Return what to measure, with ``query`` as the setting in use."""
        names = tuple(name for name in self.metrics.split(",") if name.strip())
        only = tuple(self.only or ())
        return EvaluationConfig(query, self.metric, names, only, timed=self.timed)


@dataclass(frozen=True, slots=True)
class KeptOptions:
    """What is printed, and what is kept."""

    per_query: Annotated[bool, option("--per-query", help="List the queries, too, the worst first.")] = False
    json: Annotated[bool, option("--json", help="Print one JSON object.")] = False
    save: Annotated[Path | None, option(metavar="FILE", help="Keep that object: a baseline for later.")] = None
    target: Annotated[
        Path | None, option("-o", "--output", metavar="FILE", help="Write what the setting in use finds: a TREC run.")
    ] = None


@dataclass(frozen=True, slots=True)
class GateOptions:
    """When a change for the worse ends with code 7."""

    baseline: Annotated[Path | None, option(metavar="FILE", help="Compare with what --save kept.")] = None
    max_drop: Annotated[
        float | None,
        option(min=0.0, metavar="X", help=f"With --baseline: the metric may fall so far; {_GATE.max_drop} without."),
    ] = None
    strict: Annotated[bool, option("--strict", help="With --baseline: fail on a drop that may be chance, too.")] = False

    def gate(self) -> GateConfig:
        """Return the rules.

        Raises:
            UsageError: there are some, but nothing to compare with.
        """
        if self.baseline is None and (self.strict or self.max_drop is not None):
            raise UsageError(
                "--max-drop and --strict are about a comparison.", "Name what to compare with: --baseline FILE."
            )
        return GateConfig(_GATE.max_drop if self.max_drop is None else self.max_drop, self.strict)
