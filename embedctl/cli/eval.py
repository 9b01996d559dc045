"""``eval``: how good the answers to judged queries are, and whether they got worse."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ..config import FilterConfig, QueryConfig, RankingRequest, RuntimeConfig
from ..config.measuring import EvaluationConfig, GateConfig
from ..errors import EXIT_OK, EXIT_WORSE, UsageError
from .common_options import CommonOptions
from .eval_options import JudgedOptions, KeptOptions
from .eval_unjudged import eval_ann, save_queries
from .output import emit, emit_json, json_text, new_text_file, note
from .query_options import RefreshOptions, query_config
from .unjudged_options import UnjudgedOptions

if TYPE_CHECKING:
    from pathlib import Path

    from ..api import Store
    from ..evaluation.evaluation import Evaluation, GateVerdict
    from ..evaluation.runs import Run

EXAMPLES = (
    "embedctl eval --queries queries.jsonl --qrels qrels.tsv",
    "embedctl eval --synthetic --arms bm25,dense",
    "embedctl eval --queries q.jsonl --qrels qrels.tsv --baseline old.json",
)


def eval(  # noqa: A001 - as the command is called
    *,
    judgements: JudgedOptions,
    measure: EvaluationConfig,
    without_judgements: UnjudgedOptions,
    gate: GateConfig,
    output: KeptOptions,
    search: QueryConfig,
    refresh: RefreshOptions,
    ranking: RankingRequest,
    filters: FilterConfig,
    encoder: RuntimeConfig,
    common: CommonOptions,
) -> int:
    """Measure how good the answers to judged queries are: of each arm, and of every fusion.

    The flags of query say what is in use; all else is compared with that. With --baseline the code is 7 if the answers
    are worse than they were. Files, metrics and the gate are explained in docs/eval.md. Without judgements, --synthetic
    makes queries from the corpus (docs/synthetic.md), and --ann measures the dense plans (docs/ann.md).
    """
    unjudged = without_judgements
    unjudged.check(judgements)
    if unjudged.ann:
        printed, asked = replace(output, json=False, save=None), replace(judgements, queries=None)
        unjudged.check_alone(asked, measure, printed, gate, search, ranking, filters)
        store = _opened(common, encoder, refresh)
        return eval_ann(store, judgements.queries, unjudged, output)
    if judgements.baseline is None and gate != GateConfig():
        raise UsageError(
            "--max-drop and --strict are about a comparison.", "Name what to compare with: --baseline FILE."
        )
    config = replace(measure, query=query_config(search, ranking, filters))
    files = None if unjudged.synthetic else judgements.files()
    before = None
    if judgements.baseline is not None:
        from ..evaluation.gate import judge, read_baseline
        from ..evaluation.metrics import parse_metric

        before = read_baseline(judgements.baseline, str(parse_metric(config.metric)))
    runs = _runs(judgements.run)
    store = _opened(common, encoder, refresh)
    if files is None:
        evaluation = store.evaluate_synthetic(config, synthetic=unjudged.synthetic_config())
    else:
        evaluation = store.evaluate(*files, config, runs=runs)
    verdict = None if before is None else judge(evaluation, before, gate, config.significance)
    _print(evaluation, verdict, output)
    _keep(evaluation, verdict, output, judgements.baseline)
    if unjudged.save_queries is not None and evaluation.known_items is not None:
        save_queries(evaluation.known_items.made, unjudged.save_queries)
    return EXIT_OK if verdict is None or verdict.passed else EXIT_WORSE


def _opened(common: CommonOptions, encoder: RuntimeConfig, refresh: RefreshOptions) -> "Store":
    """Return the store, refreshed where that was asked for."""
    import embedctl

    from .refresh import refreshed

    store = embedctl.open(common.store, reporter=common.reporter(), runtime=encoder)
    refreshed(store, refresh, common.quiet)
    return store


def _runs(paths: "tuple[Path, ...]") -> "dict[str, Run]":
    """Return other tools' runs by the names of their files."""
    from ..evaluation.runs import read_run

    return {path.name: read_run(path) for path in paths}


def _print(evaluation: "Evaluation", verdict: "GateVerdict | None", kept: KeptOptions) -> None:
    from .screen import Screen
    from .views import eval as views

    screen = Screen(sys.stdout)
    if kept.json:
        emit_json(evaluation.to_json(verdict))
        if verdict is not None and not verdict.passed:
            note(f"embedctl: {views.sentence(verdict)}")
        return
    if evaluation.known_items is None:
        emit(views.render_evaluation(evaluation, screen))
    else:
        from .views.synthetic import render_synthetic

        emit(render_synthetic(evaluation, screen))
    if kept.per_query:
        emit("\n" + views.render_queries(evaluation, screen))
    if verdict is not None:
        emit("\n" + views.render_verdict(verdict, screen))


def _keep(evaluation: "Evaluation", verdict: "GateVerdict | None", kept: KeptOptions, baseline: "Path | None") -> None:
    """Write the files that were asked for; a baseline is not replaced by what failed against it."""
    if kept.target is not None:
        from ..evaluation.runs import run_lines
        from .views.formats import RUN_TAG

        with new_text_file(kept.target) as write:
            for line in run_lines(evaluation.in_use.run, RUN_TAG):
                write(line)
    if kept.save is None:
        return
    if (
        verdict is not None
        and not verdict.passed
        and baseline is not None
        and kept.save.resolve() == baseline.resolve()
    ):
        note(f'embedctl: "{kept.save}" stays as it is: what failed against it is no baseline.')
        return
    with new_text_file(kept.save) as write:
        write(json_text(evaluation.to_json(verdict), indent=1))
