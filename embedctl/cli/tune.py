"""``tune``: fits the ranking to judged queries, and goes back."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ..config import RuntimeConfig
from ..config.measuring import TuneConfig
from ..config.setting import setting
from ..errors import UsageError
from .common_options import CommonOptions, WriteOptions
from .output import emit, emit_json

EXAMPLES = ("embedctl tune --queries queries.jsonl --qrels qrels.tsv", "embedctl tune --show", "embedctl tune --undo")


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """Judged queries to fit to, or another action."""

    queries: Path | None = setting(None, "JSON Lines, .tsv, or lines of text, as for query.", "FILE")
    qrels: Path | None = setting(None, "Judgements: BEIR's three columns, or TREC's four.", "FILE")
    dry_run: bool = setting(False, "Print what would be changed; write nothing.", panel="Fit")
    undo: bool = setting(False, "Rank as before the last tuning.", panel="Fit")
    show: bool = setting(False, "Print how the store ranks, and since which tuning.", panel="Fit")

    def action(self) -> str:
        """Return ``fit``, ``undo`` or ``show``.

        Raises:
            UsageError: the flags do not go together.
        """
        asked = [name for name, given in (("undo", self.undo), ("show", self.show)) if given]
        fitting = self.queries is not None or self.qrels is not None or self.dry_run
        if len(asked) + fitting > 1:
            raise UsageError("Fitting, --undo and --show were asked for at once.", "Ask for one of them.")
        return asked[0] if asked else "fit"

    def judged(self) -> tuple[Path, Path]:
        """Return the files of queries and of judgements.

        Raises:
            UsageError: one is missing.
        """
        if self.queries is None or self.qrels is None:
            raise UsageError(
                "There is nothing to fit to.", "Name judged queries: embedctl tune --queries FILE --qrels FILE."
            )
        return self.queries, self.qrels


def tune(
    judgements: TuneOptions, fit: TuneConfig, encoder: RuntimeConfig, write: WriteOptions, common: CommonOptions
) -> int:
    """Fit the ranking to judged queries of your own, and keep it if it is better on queries held out.

    Fusion, weights, BM25's numbers and the number of candidates are chosen by cross-validation. Without a gain that is
    more than chance nothing is written; the code is 0 all the same.
    """
    from ..evaluation.tuning.tuning import tune_json
    from .screen import Screen
    from .views.tune import render_state, render_tuning

    asked = judgements.action()
    store = common.opened(encoder)
    found = None
    if asked == "fit":
        found = store.tune(*judgements.judged(), fit, dry_run=judgements.dry_run, wait=write.wait)
    state = store.undo_tune(wait=write.wait) if asked == "undo" else store.tuned()
    if write.json:
        emit_json(tune_json(asked, state, found))
    elif found is not None:
        emit(render_tuning(found, state, Screen(sys.stdout)))
    else:
        emit(render_state(state, Screen(sys.stdout)))
    return 0
