"""Flags of ``eval`` for who has no judgements: queries made from the corpus, and what the dense plans lose."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ..config.measuring import AnnConfig, SyntheticConfig
from ..config.setting import setting
from ..errors import UsageError
from .eval_options import JudgedOptions

_SYNTHETIC = SyntheticConfig()
_ANN = AnnConfig()


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
        """Refuse flags that do not go together.

        Raises:
            UsageError: there are such.
        """
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
        """Refuse every flag of these groups of options that is not at its default: ``--ann`` has no use for it.

        Raises:
            UsageError: there is one.
        """
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
        return replace(
            _ANN,
            queries=_ANN.queries if self.number is None else self.number,
            sampled=_ANN.sampled if self.number is None else self.number,
            target=_ANN.target if self.target_recall is None else self.target_recall,
            build_rows=sys.maxsize if self.build else _ANN.build_rows,
        )
