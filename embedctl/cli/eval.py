"""``eval``: how good the answers to judged queries are, and whether they got worse."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ..config import FilterConfig, QueryConfig, RankingRequest, RuntimeConfig
from ..config.measuring import EvaluationConfig, GateConfig
from ..errors import EXIT_OK, EXIT_WORSE, UsageError
from .common_options import CommonOptions
from .eval_options import JudgedOptions, KeptOptions, UnjudgedOptions
from .output import emit, emit_json, emit_result, json_text, note, write_text
from .query_options import RefreshOptions, query_config

if TYPE_CHECKING:
    from pathlib import Path

    from ..api import Store
    from ..evaluation.evaluation import Evaluation, GateVerdict
    from ..evaluation.synthetic.queries import SyntheticSet

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
    from ..evaluation.judgements import read_run

    unjudged = without_judgements
    unjudged.check(judgements)
    if unjudged.ann:
        printed, asked = replace(output, json=False, save=None), replace(judgements, queries=None)
        unjudged.check_alone(asked, measure, printed, gate, search, ranking, filters)
        return _ann(refresh.opened(common, encoder), judgements.queries, unjudged, output)
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
    runs = {path.name: read_run(path) for path in judgements.run}
    store = refresh.opened(common, encoder)
    if files is None:
        evaluation = store.evaluate_synthetic(config, synthetic=unjudged.synthetic_config())
    else:
        evaluation = store.evaluate(*files, config, runs=runs)
    verdict = None if before is None else judge(evaluation, before, gate, config.significance)
    _print(evaluation, verdict, output)
    _keep(evaluation, verdict, output, judgements.baseline)
    if unjudged.save_queries is not None and evaluation.known_items is not None:
        _save_queries(evaluation.known_items.made, unjudged.save_queries)
    return EXIT_OK if verdict is None or verdict.passed else EXIT_WORSE


def _ann(store: "Store", queries: "Path | None", unjudged: UnjudgedOptions, kept: KeptOptions) -> int:
    """Measure the dense plans, print the result, and keep it where that was asked for."""
    from .views.ann import render_ann

    report = store.measure_ann(unjudged.ann_config(), queries=queries)
    emit_result(report, kept.json, render_ann)
    if kept.save is not None:
        write_text(kept.save, [json_text(report.to_json(), indent=1)])
    return EXIT_OK


def _print(evaluation: "Evaluation", verdict: "GateVerdict | None", kept: KeptOptions) -> None:
    from .screen import Screen
    from .views import eval as views

    screen = Screen(sys.stdout)
    if kept.json:
        emit_json(evaluation.to_json(verdict))
        if verdict is not None and not verdict.passed:
            note(f"embedctl: {views.sentence(verdict)}")
        return
    render = views.render_evaluation if evaluation.known_items is None else views.render_synthetic
    emit(render(evaluation, screen))
    if kept.per_query:
        emit("\n" + views.render_queries(evaluation, screen))
    if verdict is not None:
        emit("\n" + views.render_verdict(verdict, screen))


def _keep(evaluation: "Evaluation", verdict: "GateVerdict | None", kept: KeptOptions, baseline: "Path | None") -> None:
    """Write the files that were asked for; a baseline is not replaced by what failed against it."""
    if kept.target is not None:
        from ..evaluation.judgements import run_lines
        from .views.formats import RUN_TAG

        write_text(kept.target, run_lines(evaluation.in_use.run, RUN_TAG))
    if kept.save is None:
        return
    failed = verdict is not None and not verdict.passed
    if failed and baseline is not None and kept.save.resolve() == baseline.resolve():
        note(f'embedctl: "{kept.save}" stays as it is: what failed against it is no baseline.')
        return
    write_text(kept.save, [json_text(evaluation.to_json(verdict), indent=1)])


def _save_queries(made: "SyntheticSet", folder: "Path") -> None:
    """Write queries and judgements to a folder."""
    from ..evaluation.synthetic.queries import JUDGEMENTS, QUERIES, judgement_lines, query_lines

    queries, judgements = folder / QUERIES, folder / JUDGEMENTS
    folder.mkdir(parents=True, exist_ok=True)
    write_text(queries, query_lines(made))
    write_text(judgements, judgement_lines(made))
    note(
        f'embedctl: Wrote {len(made.queries):,} synthetic queries to "{queries}", judgements to "{judgements}". As '
        "they are they find their own words: rewrite them as you would ask before you measure with them."
    )
