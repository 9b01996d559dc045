"""Flags of ``eval``, besides those of its configuration: what to measure with, and what is printed and kept."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ..config.measuring import AnnConfig, SyntheticConfig
from ..config.setting import setting
from ..errors import UsageError

_SYNTHETIC = SyntheticConfig()
_ANN = AnnConfig()


@dataclass(frozen=True, slots=True)
class JudgedOptions:
    """Queries, what should be found, and how that is measured."""

    queries: Path | None = setting(None, "Queries with ids: JSON Lines, or .tsv, as for query.", "FILE")
    qrels: Path | None = setting(None, "Judgements: BEIR's three columns, or TREC's four.", "FILE")
    run: tuple[Path, ...] = setting((), "Also measure a TREC run of another tool; may be repeated.", "FILE")
    baseline: Path | None = setting(None, "Compare with what --save kept.", "FILE", panel="Gate")

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


@dataclass(frozen=True, slots=True)
class UnjudgedOptions:
    """What is measured without judgements."""

    synthetic: bool = setting(False, "Measure with queries made from the corpus.")
    save_queries: Path | None = setting(None, "With --synthetic: write these queries and judgements there.", "FOLDER")
    ann: bool = setting(False, "Measure what each dense plan loses against an exact search; needs no judgements.")
    number: int | None = setting(
        None, "Queries to make, or --ann to ask.", "-n --number N", min=1, usual=_SYNTHETIC.queries
    )
    target_recall: float | None = setting(None, "With --ann: recall to reach.", "X", min=0, usual=_ANN.target)
    build: bool = setting(False, f"With --ann: build a graph to measure for more than {_ANN.build_rows:,} chunks, too.")

    def check(self, judged: JudgedOptions) -> None:
        """Raise a ``UsageError`` for flags that do not go together."""
        if self.synthetic and (self.ann or judged.queries or judged.qrels or judged.run):
            raise UsageError(
                "--synthetic makes its own queries and judgements.", "Leave out --queries, --qrels, --run and --ann."
            )
        if not self.synthetic and self.save_queries is not None:
            raise UsageError("--save-queries is about queries that are made.", "Add --synthetic.")
        if not self.ann and (self.build or self.target_recall is not None):
            raise UsageError("--build and --target-recall are about the dense plans.", "Add --ann.")
        if not (self.synthetic or self.ann) and self.number is not None:
            raise UsageError("--number is about --synthetic and --ann.", "Leave it out, or add one of them.")
        if self.target_recall is not None and self.target_recall > 1:
            raise UsageError("A recall is at most 1.", "Write --target-recall 0.99, for instance.")
        if self.save_queries is not None and self.save_queries.exists():
            raise UsageError(
                f'"{self.save_queries}" is there already, and somebody may have edited what is in it.',
                "Name a new folder for --save-queries.",
            )

    def check_alone(self, *groups: object) -> None:
        """Raise a ``UsageError`` for a group that is not at its default: ``--ann`` has no use for its flags."""
        if any(group != type(group)() for group in groups):
            raise UsageError(
                "--ann compares the dense plans with an exact search, and nothing else.",
                "Besides --queries, -n, --target-recall and --build it takes --json, --save, --refresh, and what says "
                "which store, and how the encoder is run.",
            )

    def synthetic_config(self) -> SyntheticConfig:
        """Return how queries are made."""
        return _SYNTHETIC if self.number is None else replace(_SYNTHETIC, queries=self.number)

    def ann_config(self) -> AnnConfig:
        """Return how the dense plans are measured."""
        config = _ANN if self.number is None else replace(_ANN, queries=self.number, sampled=self.number)
        target = _ANN.target if self.target_recall is None else self.target_recall
        return replace(config, target=target, build_rows=sys.maxsize if self.build else _ANN.build_rows)


@dataclass(frozen=True, slots=True)
class KeptOptions:
    """What is printed, and what is kept."""

    per_query: bool = setting(False, "List the queries, too, the worst first.")
    json: bool = setting(False, "Print one JSON object.")
    save: Path | None = setting(None, "Keep that object: a baseline for later.", "FILE")
    target: Path | None = setting(None, "Write what the setting in use finds: a TREC run.", "-o --output FILE")
