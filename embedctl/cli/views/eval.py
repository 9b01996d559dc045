"""What settings are worth: a table, what differs from the setting in use, the queries, and the verdict of the gate.

Known-item queries are named as synthetic above the figures, and each kind of them has its own below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...evaluation.gate import verdict_notes
from ...plural import counted
from ..screen import harmless, one_line
from ..styled import StyledText, cells, table

if TYPE_CHECKING:
    from ...evaluation.evaluation import Evaluation, GateVerdict, Loss, Setting
    from ...evaluation.metrics import Metric
    from ...evaluation.significance import Difference
    from ..screen import Screen

_SHORT = {"ndcg": "nDCG", "recall": "R", "precision": "P", "mrr": "MRR", "map": "MAP", "success": "S"}
_LONG = {**_SHORT, "recall": "recall", "precision": "precision", "success": "success"}
_ID, _FOUND = 16, 34
"""Most columns of a query's id and of what it found."""
_STYLES = {"better": "green", "worse": "red"}
_KINDS = {
    "title": "title, held out of every chunk",
    "heading": "heading, held out of its section",
    "sentence": "sentence, held out of its chunk",
    "terms": "words of a sentence, held out",
}


def render_evaluation(evaluation: Evaluation, screen: Screen) -> str:
    """Return the table of settings, what differs from the one in use, and how much that says."""
    count = len(evaluation.queries)
    asked = f"{counted(count, 'query')} with judged {evaluation.level}"
    if evaluation.known_items is not None:
        asked = f"{counted(count, 'synthetic query')}: nobody asked them"
    lines = table([_heads(evaluation), *(_cells(evaluation, one) for one in evaluation.settings)], right=True)
    legend = f"* in use, over {asked}"
    if timed := evaluation.in_use.latency:
        legend += f"; ms: median and 95th percentile of {counted(timed.queries, 'query')}, one at a time, warm"
    lines += _wrapped(legend, screen.width, "dim")
    lines += _comparison(evaluation, screen)
    if evaluation.notes:
        lines.append(StyledText())
    for told in evaluation.notes:
        lines += _wrapped(f"note: {told}", screen.width)
    return screen.render(lines)


def render_synthetic(evaluation: Evaluation, screen: Screen) -> str:
    """Return the evaluation, framed by what it is worth and by the kinds of its queries."""
    known = evaluation.known_items
    assert known is not None
    made = known.made
    told = (
        f"Synthetic: {counted(len(made.queries), 'known-item query')} made from "
        f"{made.usable:,} of {counted(made.looked_at, 'document')} looked at ({made.documents:,} in the index), each "
        "to be found by what is left of it. They compare settings roughly, and do not say how good answers are."
    )
    settings = [setting.name for setting in evaluation.settings]
    rows = [["", *(f"{one.kind} ({one.queries:,})" for one in known.kinds)]]
    rows += [[one_line(name), *(f"{one.means[name]:.3f}" for one in known.kinds)] for name in settings]
    title = StyledText(f"{evaluation.metric} by kind of query", "bold")
    kinds = [StyledText(f"  {one.kind}: {_KINDS[one.kind]}", "dim") for one in known.kinds]
    return (
        screen.render([*StyledText(told, "bold").wrapped(screen.width), StyledText()])
        + render_evaluation(evaluation, screen)
        + screen.render([StyledText(), title, *table(rows, right=True, head=""), *kinds])
    )


def render_queries(evaluation: Evaluation, screen: Screen) -> str:
    """Return a line for each query, the worst first by the setting in use."""
    rows = [[_title(evaluation.metric), "query", "found first", "text"]]
    for row in evaluation.rows():
        found = "nothing" if row.first is None else _cut(row.first, _FOUND)
        rows.append([f"{row.value:.3f}", _cut(row.query.id, _ID), found, one_line(row.query.text)])
    return screen.render([line.shortened(screen.width) for line in table(rows)])


def render_verdict(verdict: GateVerdict, screen: Screen) -> str:
    """Return the comparison with a baseline: figures, sentence, and the queries that lost most."""
    change = verdict.change
    lines = [
        StyledText("baseline ", "bold").append(
            f"{verdict.metric} {verdict.before:.4f} ({verdict.setting_before}), now {verdict.after:.4f} "
            f"({verdict.setting_after}) over {counted(verdict.compared, 'query')}"
        ),
        StyledText("change   ", "bold").append(f"{_change(change)}, {_moves(change)}"),
    ]
    style = "green" if verdict.passed and not verdict.dropped else "bold red"
    lines += _wrapped(sentence(verdict), screen.width, style)
    for told in verdict_notes(verdict):
        lines += _wrapped(told, screen.width)
    if verdict.losses and (verdict.dropped or not verdict.passed):
        lines.append(StyledText("lost most", "bold"))
        for loss in verdict.losses:
            lines += _loss(loss, screen)
    return screen.render(lines)


def sentence(verdict: GateVerdict) -> str:
    """Return what the gate says, finished."""
    limit = f"by more than {verdict.max_drop:g}"
    if not verdict.dropped:
        return f"Passed: {verdict.metric} did not fall {limit}."
    told = f"{verdict.metric} fell by {-verdict.change.mean:.4f}, {limit}"
    if verdict.significant:
        return f"Worse: {told}, and that is not chance (p {_p(verdict.change.p)})."
    if verdict.passed:
        return f"Passed, but look: {told}; with these queries that may be chance (p {_p(verdict.change.p)})."
    return f"Worse: {told}; it may be chance (p {_p(verdict.change.p)}), which --strict does not excuse."


def _heads(evaluation: Evaluation) -> list[str]:
    primary = _title(evaluation.metric)
    others = [_title(metric, _SHORT) for metric in evaluation.metrics[1:]]
    timed = ["ms", "p95"] if evaluation.in_use.latency else []
    return ["setting", primary, "95% interval", *others, *timed]


def _cells(evaluation: Evaluation, setting: Setting) -> list[str]:
    means = [f"{mean:.3f}" for mean in setting.means[1:]]
    timed: list[str] = []
    if evaluation.in_use.latency:
        latency = setting.latency
        timed = ["", ""] if latency is None else [_ms(latency.median), _ms(latency.p95)]
    interval = setting.interval
    between = "" if interval.low is None or interval.high is None else f"{interval.low:.3f}-{interval.high:.3f}"
    name = f"{one_line(setting.name)}{' *' if setting.in_use else ''}"
    return [name, f"{interval.mean:.4f}", between, *means, *timed]


def _comparison(evaluation: Evaluation, screen: Screen) -> list[StyledText]:
    others = [setting for setting in evaluation.settings if setting.versus is not None]
    if not others:
        return []
    width = max(cells(one_line(setting.name)) for setting in others)
    lines = [StyledText(), StyledText(f"Against {evaluation.in_use.name}, {_title(evaluation.metric)}", "bold")]
    for setting in others:
        assert setting.versus is not None
        assert setting.p_holm is not None
        verdict = _verdict(setting.versus, setting.p_holm, evaluation.alpha)
        name = one_line(setting.name)
        line = StyledText(f"  {name}{' ' * (width - cells(name))}  {_change(setting.versus)}  ")
        lines.append(line.append(f"{verdict:<10}", _STYLES.get(verdict, "")).append(f" {_moves(setting.versus)}"))
    told = counted(len(evaluation.queries), "query")
    if evaluation.detectable is not None:
        told += f" would show a difference of {evaluation.detectable:.3f} four times out of five; less may stay hidden"
    else:
        told += " cannot say how small a difference they would show"
    several = f", corrected for {len(others)} comparisons" if len(others) > 1 else ""
    lines += _wrapped(
        f"{told}. Better and worse: p < {evaluation.alpha:g}{several}; else it may be chance.", screen.width
    )
    return lines


def _verdict(change: Difference, p: float, alpha: float) -> str:
    if change.wins + change.losses == 0:
        return "the same"
    if p >= alpha:
        return "not sure"
    return "better" if change.mean > 0 else "worse"


def _change(change: Difference) -> str:
    between = "" if change.low is None or change.high is None else f" ({change.low:+.3f} to {change.high:+.3f})"
    return f"{change.mean:+.4f}{between}  p {_p(change.p)}"


def _moves(change: Difference) -> str:
    return f"{change.wins:,} up, {change.losses:,} down, {change.ties:,} alike"


def _loss(loss: Loss, screen: Screen) -> list[StyledText]:
    head = StyledText(f"  {loss.before:.3f} -> {loss.after:.3f}  ").append(one_line(loss.id), "bold")
    head.append(f"  {one_line(loss.text)}")
    grade = "not judged" if loss.grade_after is None else f"grade {loss.grade_after}"
    now = "nothing" if loss.first_after is None else f"{one_line(loss.first_after)} ({grade})"
    first = f"first now: {now}"
    if loss.first_before not in (None, loss.first_after):
        first += f"; before: {one_line(loss.first_before or '')}"
    return [head.shortened(screen.width), StyledText(f"      {first}").shortened(screen.width)]


def _cut(text: str, width: int) -> str:
    return StyledText(one_line(text)).shortened(width).plain


def _wrapped(text: str, width: int, style: str = "") -> list[StyledText]:
    return StyledText(harmless(text), style).wrapped(width)


def _title(metric: Metric, names: dict[str, str] = _LONG) -> str:
    return names[metric.measure] + ("" if metric.k is None else f"@{metric.k}")


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "<0.0001"
