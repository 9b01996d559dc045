"""What settings are worth: a table, what differs from the setting in use, the queries, and the verdict of the gate."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from ...evaluation.gate import verdict_notes
from ..screen import harmless, one_line
from ..styled import StyledText, cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...evaluation.evaluation import Evaluation, GateVerdict, Loss, Setting
    from ...evaluation.metrics import Metric
    from ...evaluation.significance import Difference
    from ..screen import Screen

_SHORT = {"ndcg": "nDCG", "recall": "R", "precision": "P", "mrr": "MRR", "map": "MAP", "success": "S"}
_LONG = {**_SHORT, "recall": "recall", "precision": "precision", "success": "success"}
_ID, _FOUND = 16, 34
"""Most columns of a query's id and of what it found."""
_STYLES = {"better": "green", "worse": "red"}


def render_evaluation(evaluation: Evaluation, screen: Screen) -> str:
    """Return the table of settings, what differs from the one in use, and how much that says."""
    count = len(evaluation.queries)
    asked = f"{_queries(count)} with judged {evaluation.level}"
    if evaluation.known_items is not None:
        asked = f"{_queries(count, 'synthetic ')}: nobody asked them"
    lines = _table(_heads(evaluation), [_cells(evaluation, setting) for setting in evaluation.settings])
    lines[0].stylize("bold", 0, len(lines[0].plain))
    legend = f"* in use, over {asked}"
    if timed := evaluation.in_use.latency:
        legend += f"; ms: median and 95th percentile of {_queries(timed.queries)}, one at a time, warm"
    lines += _indented(legend, screen.width, "dim")
    lines += _comparison(evaluation, screen)
    if evaluation.notes:
        lines.append(StyledText())
    for told in evaluation.notes:
        lines += _indented(f"note: {told}", screen.width)
    return screen.render(lines)


def render_queries(evaluation: Evaluation, screen: Screen) -> str:
    """Return a line for each query, the worst first by the setting in use."""
    rows = [
        [
            f"{row.value:.3f}",
            one_line(row.query.id),
            one_line(row.first) if row.first is not None else "nothing",
            one_line(row.query.text),
        ]
        for row in evaluation.rows()
    ]
    heads = [_title(evaluation.metric), "query", "found first", "text"]
    return screen.render([line.shortened(screen.width) for line in _columns(heads, rows)])


def render_verdict(verdict: GateVerdict, screen: Screen) -> str:
    """Return the comparison with a baseline: figures, sentence, and the queries that lost most."""
    change = verdict.change
    lines = [
        StyledText("baseline ", "bold").append(
            f"{verdict.metric} {verdict.before:.4f} ({verdict.setting_before}), now {verdict.after:.4f} "
            f"({verdict.setting_after}) over {_queries(verdict.compared)}"
        ),
        StyledText("change   ", "bold").append(f"{_change(change)}, {_moves(change)}"),
    ]
    style = "green" if verdict.passed and not verdict.dropped else "bold red"
    lines += _indented(sentence(verdict), screen.width, style)
    for told in verdict_notes(verdict):
        lines += _indented(told, screen.width)
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
    others = [_title(metric, _SHORT) for metric in evaluation.metrics if metric != evaluation.metric]
    timed = ["ms", "p95"] if evaluation.in_use.latency else []
    return ["setting", primary, "95% interval", *others, *timed]


def _cells(evaluation: Evaluation, setting: Setting) -> list[str]:
    means = [f"{mean:.3f}" for at, mean in enumerate(setting.means) if at != evaluation.column]
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
    told = f"{_queries(len(evaluation.queries)).capitalize()}"
    if evaluation.detectable is not None:
        told += f" would show a difference of {evaluation.detectable:.3f} four times out of five; less may stay hidden"
    else:
        told += " cannot say how small a difference they would show"
    several = f", corrected for {len(others)} comparisons" if len(others) > 1 else ""
    lines += _indented(
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


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[StyledText]:
    """Return aligned lines: the first column to the left, all others to the right."""
    widths = [max(map(cells, column)) for column in zip_longest(heads, *rows, fillvalue="")]
    return [
        StyledText(
            "  ".join(
                [
                    _padded(row[0], widths[0]),
                    *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
                ]
            )
        )
        for row in (heads, *rows)
    ]


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[StyledText]:
    """Return aligned lines, all columns to the left, the id and what was found no wider than they may be."""
    most = (8, _ID, _FOUND)
    shown = [
        [*(StyledText(cell).shortened(width).plain for cell, width in zip(row, most, strict=False)), row[3]]
        for row in rows
    ]
    widths = [max(map(cells, column)) for column in zip(*(row[:3] for row in (heads, *shown)), strict=True)]
    lines = [
        StyledText("  ".join([*(_padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[3]]))
        for row in (heads, *shown)
    ]
    lines[0].stylize("bold", 0, len(lines[0].plain))
    return lines


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def _indented(text: str, width: int, style: str = "") -> Iterable[StyledText]:
    for line in StyledText(harmless(text)).wrapped(width):
        line.stylize(style, 0, len(line.plain) if style else 0)
        yield line


def _title(metric: Metric, names: dict[str, str] = _LONG) -> str:
    return names[metric.measure] + ("" if metric.k is None else f"@{metric.k}")


def _queries(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}{'query' if count == 1 else 'queries'}"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "<0.0001"
