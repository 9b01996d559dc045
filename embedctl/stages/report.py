"""What a run did: counted, listed where something went wrong, and kept as ``runs/<id>.json``."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_OK, EXIT_SOME_FAILED, UsageError, exit_code_of
from ..records import Outcome
from ..store.durable import make_folder, mode_of, replace_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..store.layout import Layout

SCHEMA_VERSION = 1
LISTED_PROBLEMS = 1_000
KEPT_RUNS = 500


@dataclass(slots=True)
class RunReport:
    """One run of one command."""

    command: str
    id: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Inputs (files, and records of record files) by outcome."""
    problems: list[dict[str, str]] = field(default_factory=list)
    """Inputs that were skipped, failed or not indexed as a whole, the first thousand of each: path, outcome, reason."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many inputs have each outcome and reason; those beyond a thousand reasons are not counted."""
    counts: dict[str, int] = field(default_factory=dict)
    """What the stages made: documents, chunks, tokens, vectors embedded and reused, rows indexed ..."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by stage."""
    student: dict[str, float] | None = None
    """The encoder that the run distilled: ``sample`` of how many ``chunks``, texts ``held_out``, ``cosine`` on them."""
    stopped: BaseException | None = None
    """What ended the run before it was done."""
    _listed: Counter[str] = field(default_factory=Counter, repr=False)

    def problem(self, path: str, outcome: Outcome, reason: str, inputs: int = 1) -> None:
        """Count an input that was left out, with the reason; or several, of which ``path`` is the first."""
        self.outcomes[outcome.value] += inputs
        self._list(path, outcome, reason, inputs)

    def note(self, path: str, reason: str) -> None:
        """List an input that was read, but not all of it."""
        self._list(path, Outcome.NOTED, reason)

    def withheld(self, path: str, reason: str, chunks: int) -> None:
        """Note that chunks of a document stay out of the index; the document is counted as what it is."""
        self.add("chunks_withheld", chunks)
        self._list(path, Outcome.SKIPPED, reason)

    def _list(self, path: str, outcome: Outcome, reason: str, inputs: int = 1) -> None:
        self._listed[outcome.value] += 1
        if self._listed[outcome.value] <= LISTED_PROBLEMS:
            self.problems.append({"path": path, "outcome": outcome.value, "reason": reason})
        if len(self.reasons) < LISTED_PROBLEMS or (outcome.value, reason) in self.reasons:
            self.reasons[outcome.value, reason] += inputs

    def add(self, name: str, amount: int) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + amount

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the body's wall time to ``seconds``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start

    @property
    def changed(self) -> int:
        """How many inputs differ from what the store held before."""
        kinds = (Outcome.ADDED, Outcome.CHANGED, Outcome.MOVED, Outcome.DELETED)
        return sum(self.outcomes[kind.value] for kind in kinds)

    @property
    def failed(self) -> int:
        """How many inputs could not be read."""
        return self.outcomes[Outcome.FAILED.value]

    @property
    def exit_code(self) -> int:
        """0, 3 when some inputs failed, or the code of what stopped the run."""
        if self.stopped is not None:
            return exit_code_of(self.stopped)
        return EXIT_SOME_FAILED if self.failed else EXIT_OK

    def to_json(self) -> dict[str, Any]:
        """Return the report as ``docs/schema/run.v1.json`` describes it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "command": self.command,
            "exit_code": self.exit_code,
            "stopped": None if self.stopped is None else str(self.stopped) or type(self.stopped).__name__,
            "outcomes": {kind.value: self.outcomes[kind.value] for kind in Outcome if kind.is_counted},
            "counts": dict(sorted(self.counts.items())),
            "seconds": {name: round(value, 4) for name, value in self.seconds.items()},
            "student": self.student,
            "problems": self.problems,
        }


@contextmanager
def reported(layout: Layout, report: RunReport) -> Iterator[None]:
    """Save the report when the body ends, however it ends; a command that made no sense is no run.

    Where a run has failed, its own error is what is told, also when the report cannot be written for the same reason.
    """
    try:
        yield
    except BaseException as error:
        report.stopped = error
        if layout.manifest.exists() and not isinstance(error, UsageError):
            with suppress(OSError):
                save_report(layout, report)
        raise
    if layout.manifest.exists():
        save_report(layout, report)


def save_report(layout: Layout, report: RunReport) -> None:
    """Give the report the next number, write it, and drop all but the last 500."""
    mode = mode_of(layout.root)
    make_folder(layout.runs, mode)
    earlier = sorted(layout.runs.glob("*.json"))
    number = int(earlier[-1].name.split("-", 1)[0]) + 1 if earlier else 1
    report.id = f"{number:06d}-{report.command}"
    text = json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n"
    replace_text(layout.runs / f"{report.id}.json", text, mode, lasting=False)
    for old in earlier[: max(0, len(earlier) - KEPT_RUNS + 1)]:
        old.unlink(missing_ok=True)


def reports(layout: Layout) -> Iterator[dict[str, Any]]:
    """Yield the kept reports, newest first; a report is a convenience, so damaged ones are passed over."""
    for path in sorted(layout.runs.glob("*.json"), reverse=True):
        if path.is_symlink() or not path.is_file():
            continue  # a named pipe would be waited for
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if _is_report(report):
            yield report


def _is_report(told: Any) -> bool:
    """Return whether JSON has what others read of a report."""
    if not isinstance(told, dict) or not isinstance(told.get("stopped", 0), str | None):
        return False
    kinds = {"id": str, "command": str, "exit_code": int, "outcomes": dict, "counts": dict, "seconds": dict}
    return all(isinstance(told.get(name), kind) for name, kind in kinds.items()) and all(
        isinstance(number, int | float) for name in ("outcomes", "counts", "seconds") for number in told[name].values()
    )
