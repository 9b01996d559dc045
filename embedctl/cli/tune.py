"""``tune``: fits the ranking to judged queries, and goes back."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..config.measuring import TuneConfig
from ..errors import UsageError
from .common_options import CommonOptions, WriteOptions
from .output import emit, emit_json
from .parameters import option
from .runtime_options import RuntimeOptions

_TUNE = TuneConfig()


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What to fit to, or what to do instead."""

    queries: Annotated[
        Path | None, option(metavar="FILE", help="Queries: JSON Lines, .tsv, or lines of text, as for query.")
    ] = None
    qrels: Annotated[Path | None, option(metavar="FILE", help="Judgements: BEIR's three columns, or TREC's four.")] = (
        None
    )
    metric: Annotated[str, option(metavar="METRIC", help="What to raise: ndcg@10, recall@100, map ...")] = _TUNE.metric
    folds: Annotated[int, option(min=2, metavar="N", help="Parts of the queries, each held out once.")] = _TUNE.folds
    dry_run: Annotated[bool, option("--dry-run", help="Say what would be changed; write nothing.")] = False
    undo: Annotated[bool, option("--undo", help="Rank as before the last tuning.")] = False
    show: Annotated[bool, option("--show", help="Say how the store ranks, and since which tuning.")] = False

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


def tune(action: TuneOptions, runtime: RuntimeOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Fit the ranking to judged queries of your own, and keep it if it is better on queries held out.

    Fusion, weights, BM25's numbers and the number of candidates are chosen by cross-validation. Without a gain that is
    more than chance nothing is written; the code is 0 all the same.
    """
    import embedctl

    from ..evaluation.tuning.tuning import tune_json
    from .screen import Screen
    from .views.tune import render_state, render_tuning

    asked = action.action()
    store = embedctl.open(common.store, reporter=common.reporter(), runtime=runtime.config())
    fit = None
    if asked == "fit":
        queries, qrels = action.judged()
        how = TuneConfig(metric=action.metric, folds=action.folds)
        fit = store.tune(queries, qrels, how, dry_run=action.dry_run, wait=write.wait)
    state = store.undo_tune(wait=write.wait) if asked == "undo" else store.tuned()
    if write.json:
        emit_json(tune_json(asked, state, fit))
    elif fit is not None:
        emit(render_tuning(fit, state, Screen(sys.stdout)))
    else:
        emit(render_state(state, Screen(sys.stdout)))
    return 0
