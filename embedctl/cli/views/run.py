"""What a run did, in a few lines, and what it would do: a line for each file, and totals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...plural import counted
from ...records import Outcome
from ..screen import one_line
from ..units import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...stages.preflight import Preflight
    from ...stages.report import RunReport

LISTED_FAILURES = 10
LISTED_NOTES = 5
LISTED_REASONS = 5
_WIDEST_PATH = 60


def render_run(report: RunReport, store: Path, verbose: bool = False, quiet: bool = False) -> str:
    """Return the summary; ``quiet`` leaves only failures, ``verbose`` lists every input that was skipped."""
    failed = _of(report, Outcome.FAILED, "failed:", LISTED_FAILURES)
    if quiet:
        return "\n".join(failed)
    told = filter(None, [outcomes(report), *_counts(report), _time(report, store)])
    noted = _of(report, Outcome.NOTED, "indexed, but not all of it:", LISTED_NOTES)
    return "\n".join([*told, *_skipped(report, verbose), *noted, *failed])


def outcomes(of: RunReport | Preflight) -> str:
    """Return ``added 12, unchanged 340, failed 1``; empty when the run looked at no inputs."""
    return ", ".join(f"{kind.value} {of.outcomes[kind.value]:,}" for kind in Outcome if of.outcomes[kind.value])


def render_dry_run(plan: Preflight, verbose: bool = False) -> str:
    """Return the list and the totals; unchanged files are only counted unless ``verbose``."""
    files = [entry for entry in plan.files if verbose or entry["outcome"] != Outcome.UNCHANGED.value]
    width = min(_WIDEST_PATH, max((len(entry["path"]) for entry in files), default=0))
    lines = [
        f"{entry['outcome']:<9}  {one_line(entry['path']):<{width}}  {one_line(entry['reason'])}".rstrip()
        for entry in files
    ]
    if files:
        lines.append("")
    lines.append(outcomes(plan) or "no files")
    amounts = [counted(plan.documents, "document"), counted(plan.chunks, "chunk"), counted(plan.tokens, "token")]
    estimate = f"; about {time_text(plan.seconds)} to embed, by {plan.basis}" if plan.tokens else ""
    lines.append(f"to do: {', '.join(amounts)}{estimate}")
    lines.append("dry run: nothing was written")
    return "\n".join(lines) + "\n"


def _counts(report: RunReport) -> list[str]:
    counts = report.counts
    told = []
    if counts.get("chunks"):
        told.append(f"{counted(counts['chunks'], 'chunk')}, {counted(counts.get('tokens', 0), 'token')}")
    if "embedded" in counts:
        told.append(f"{counts['embedded']:,} embedded, {counts.get('reused', 0):,} reused")
    if counts.get("secrets"):
        told.append(f"{counted(counts['secrets'], 'secret')} masked")
    if counts.get("chunks_withheld"):
        told.append(f"{counted(counts['chunks_withheld'], 'chunk')} left out for them")
    if "taught" in counts:
        told.append(f"{counts['taught']:,} embedded by the model to learn from")
    if counts.get("indexed"):
        told.append(f"{counts['indexed']:,} added to the index")
    if counts.get("parts_compacted"):
        told.append(f"{counted(counts['parts_compacted'], 'part')} compacted")
    lines = ["; ".join(told)] if told else []
    if (student := report.student) is not None:
        lines.append(
            f"distilled from {student['sample']:,} of {student['chunks']:,} distinct chunks; mean cosine to the model "
            f"{student['cosine']:.3f} on {student['held_out']:,} that it did not learn from"
        )
    return lines


def _time(report: RunReport, store: Path) -> str:
    slow = [f"{stage} {time_text(spent)}" for stage, spent in report.seconds.items() if spent >= 0.1]
    stages = f" ({', '.join(slow)})" if len(slow) > 1 else ""
    return f"{report.command}: {time_text(sum(report.seconds.values()))}{stages}, store {store}"


def _skipped(report: RunReport, verbose: bool) -> list[str]:
    skipped = _problems(report, Outcome.SKIPPED)
    if not skipped:
        return []
    if verbose:
        return ["skipped:", *_listed(skipped)]
    of_skipped = {why: count for (kind, why), count in report.reasons.items() if kind == Outcome.SKIPPED.value}
    reasons = Counter(of_skipped).most_common(LISTED_REASONS)
    told = [f"{reason} ({count:,})" for reason, count in reasons]
    rest = max(report.outcomes[Outcome.SKIPPED.value], sum(of_skipped.values())) - sum(count for _, count in reasons)
    if rest:
        told.append(f"other reasons ({rest:,})")
    return [f"skipped: {', '.join(told)}; -v lists them"]


def _of(report: RunReport, outcome: Outcome, heading: str, most: int) -> list[str]:
    found = _problems(report, outcome)
    if not found:
        return []
    more = max(len(found), report.outcomes[outcome.value]) - most
    rest = [f'  and {more:,} more: "embedctl status --files {outcome.value}"'] if more > 0 else []
    return [heading, *_listed(found[:most]), *rest]


def _listed(problems: Iterable[dict[str, str]]) -> list[str]:
    return [f"  {one_line(problem['path'])}: {one_line(problem['reason'])}" for problem in problems]


def _problems(report: RunReport, outcome: Outcome) -> list[dict[str, str]]:
    return [problem for problem in report.problems if problem["outcome"] == outcome.value]
