"""What a fit found: before and after, what changes, how sure that is, and how to go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...config import RankingConfig
from ...config.ranking_changes import changes, settings, value_text
from ...plural import counted
from ..screen import one_line
from ..styled import StyledText, beside
from ..units import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...config.ranking_changes import RankingChange
    from ...evaluation.tuning.tuning import QueryGain, TunedState, Tuning
    from ...store.manifest import TunedRecord
    from ..screen import Screen

_LISTED = 5
"""Queries that gain most, and that lose most; the JSON has all."""
_CHOICES = 5
_LABEL = 14
_LEAST = 0.00005
"""A gain that is shown as 0 is none."""


def render_tuning(fit: Tuning, state: TunedState, screen: Screen) -> str:
    """Return the outcome of one fit; ``state``: of the store afterwards."""
    lines = [
        StyledText(
            f"{fit.metric} over {fit.queries:,} judged queries, {fit.folds} folds x {fit.repeats}, "
            f"{counted(fit.tried, 'ranking')} tried in {time_text(fit.seconds)}",
            "dim",
        ),
        *(line for note in fit.notes for line in StyledText(note).wrapped(screen.width)),
        StyledText(),
        *_scores(fit),
        *_section("what the fit to all queries would change" if not fit.written else "what changes"),
        *_changes(fit.changes),
        *_section(f"what {fit.folds * fit.repeats} fits to all folds but one would change"),
        *_choices(fit, screen.width),
        *_queries(fit.per_query, screen.width),
        StyledText(),
        *_verdict(fit, state, screen.width),
    ]
    return screen.render(lines)


def render_state(state: TunedState, screen: Screen) -> str:
    """Return how a store ranks, and what was undone."""
    lines: list[StyledText] = []
    if state.undone is not None:
        lines += [*_labelled("undone", _record(state.undone), screen.width), StyledText()]
    default = settings(RankingConfig())
    tuned = state.history[-1] if state.history else None
    lines += _labelled("ranking", "as tuned" if tuned else "by default", screen.width)
    for name, value in settings(state.ranking).items():
        usual = f"  (default {value_text(default[name])})" if name in default and default[name] != value else ""
        lines.append(StyledText(f"  {name:<{_LABEL}}{value_text(value):<14}").append(usual, "dim").rstripped())
    if tuned:
        lines += _labelled("fitted", _measured(tuned), screen.width)
    for earlier in reversed(state.history[:-1]):
        lines += _labelled("before that", _record(earlier), screen.width)
    if tuned:
        lines.append(StyledText('"embedctl tune --undo" goes back.', "dim"))
    return screen.render(lines)


def _scores(fit: Tuning) -> Iterable[StyledText]:
    gain = fit.gain
    yield StyledText(f"{'':<20}{'before':>8}{'after':>8}{'gain':>9}  {'95 % interval':<18}{'p':>8}", "bold")
    row = f"{'on held-out queries':<20}{fit.before_score:>8.4f}{fit.held_out_score:>8.4f}{gain.mean:>+9.4f}"
    interval = f"{gain.low or 0.0:+.4f} to {gain.high or 0.0:+.4f}"
    yield StyledText(row, "green" if fit.real else "").append(f"  {interval:<18}{gain.p:>8.4f}")
    fitted = fit.fitted_score - fit.before_score
    row = f"{'as fitted to all':<20}{fit.before_score:>8.4f}{fit.fitted_score:>8.4f}{fitted:>+9.4f}"
    yield StyledText(f"{row}  flatters: not to be believed", "dim")


def _section(title: str) -> Iterable[StyledText]:
    yield StyledText()
    yield StyledText(title, "bold")


def _changes(changed: Sequence[RankingChange]) -> Iterable[StyledText]:
    if not changed:
        yield StyledText("  nothing: the ranking in use is the simplest of those that are as good as the best")
    for one in changed:
        yield StyledText(f"  {one.name:<{_LABEL}}{value_text(one.before):>10}  ->  {value_text(one.after)}")


def _choices(fit: Tuning, width: int) -> Iterable[StyledText]:
    for ranking, folds in fit.choices[:_CHOICES]:
        told = ", ".join(map(str, changes(fit.before, ranking))) or "nothing"
        yield from beside(StyledText(f"{folds:>4}  "), StyledText(told).wrapped(width - 6))
    if left := fit.choices[_CHOICES:]:
        yield StyledText(f"{sum(folds for _, folds in left):>4}  something else", "dim")


def _queries(gains: Sequence[QueryGain], width: int) -> Iterable[StyledText]:
    ordered = sorted(gains, key=lambda one: one.gain)
    lost = [one for one in ordered[:_LISTED] if one.gain < -_LEAST]
    won = [one for one in reversed(ordered[-_LISTED:]) if one.gain > _LEAST]
    for title, shown, style in (("queries that gain most", won, "green"), ("queries that lose most", lost, "red")):
        if shown:
            yield from _section(f"{title}, held out")
            for one in shown:
                line = StyledText("  ").append(f"{one.gain:+.3f}", style)
                line.append(f"  {one.before:.3f} -> {one.after:.3f}  ").append(f"{one_line(one.id)} ", "magenta")
                yield line.append(one_line(one.query)).shortened(width)


def _verdict(fit: Tuning, state: TunedState, width: int) -> Iterable[StyledText]:
    if fit.written:
        yield StyledText(f"The gain is real, and written: snapshot {state.snapshot} ranks by it.", "green")
        yield StyledText('"embedctl tune --undo" goes back.')
        return
    if fit.real:
        yield StyledText("The gain is real. Nothing was written (--dry-run).", "green")
        return
    if not fit.changes:
        told = "Nothing better was found; nothing was written."
    elif fit.gain.mean <= 0:
        told = "On queries that it was not fitted to, nothing that was found is better; nothing was written."
    else:
        told = "This gain may be chance: the rule is an interval above 0 and p below 0.05. Nothing was written."
        if fit.queries_needed is not None:
            told += f" If it is as large as it looks, about {_round_figure(fit.queries_needed)} judged queries show it."
    yield from StyledText(told).wrapped(width)


def _round_figure(count: int) -> str:
    """Return a number with two digits that count: it is an estimate of an estimate."""
    rounded = int(float(f"{count:.1e}"))
    return f"{rounded:,}" if rounded <= 1_000_000 else "more than a million"


def _record(record: TunedRecord) -> str:
    told = ", ".join(map(str, changes(RankingConfig(), record.ranking))) or "the default"
    return f"{told}; {_measured(record)}"


def _measured(record: TunedRecord) -> str:
    return (
        f"to {record.queries:,} judged queries: {record.metric} {record.before:.4f} -> {record.after:.4f} on held-out "
        f"queries ({record.low:+.4f} to {record.high:+.4f})"
    )


def _labelled(label: str, value: str, width: int) -> list[StyledText]:
    return beside(StyledText(f"{label:<{_LABEL}}", "bold"), StyledText(value).wrapped(width - _LABEL))
