"""Show that two checkouts rank alike, and how their speed compares.

    nice python -m benchmarks.compare --before ../old --after . --data path/to/cranfield path/to/npl

Both are run by this interpreter through their command lines, on the collections named (folders in BEIR's form) and on
the sample corpus. Each has its own stores and cache in the work folder; they are built once and kept, and so are the
answers of --before. --rebuild builds again the stores that other code has built. The exit code is 1 if rankings or
scores differ, or a command fails, in a setting that --allow does not name; slow figures do not change it.

Every ratio of the second table is after by before: above 1 is slower. "ratio" compares medians of wall time, "best" the
shortest ones, "cpu" medians of processor time, which other programs disturb least. More than 5 % more processor time is
marked "slower", more than 5 % of wall time alone "recheck". Each half takes minutes: leave one out with --skip.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..machine import this_machine
from ..processes import ProcessError
from . import rankings, speed
from .checkouts import Checkout
from .datasets import SAMPLE, notes, prepare
from .tables import figure_json, is_allowed, outcome_json, ranking_lines, speed_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .datasets import Dataset
    from .rankings import Outcome
    from .speed import Figure

SCHEMA_VERSION = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two checkouts; return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    settings = {setting.name for setting in rankings.SETTINGS}
    if unknown := {name for name in asked.allow if name.rsplit("/", 1)[-1] not in settings}:
        parser.error(f"--allow knows no {', '.join(sorted(unknown))}; there are {', '.join(sorted(settings))}")
    work: Path = asked.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    checkouts = [Checkout("before", asked.before.resolve(), work), Checkout("after", asked.after.resolve(), work)]
    timed = "speed" not in asked.skip
    try:
        for checkout in checkouts:
            checkout.check()
        datasets = [prepare(path.absolute(), work) for path in (SAMPLE, *asked.data)]
        many = notes(work)
        stale = _build(checkouts, [*datasets, many] if timed else datasets, asked.rebuild)
    except (ProcessError, FileNotFoundError) as error:
        parser.error(str(error))

    outcomes: list[Outcome] = []
    figures: list[Figure] = []
    allowed = frozenset(asked.allow)
    if "rankings" not in asked.skip:
        outcomes += rankings.measure(checkouts, datasets, _say)
        _show(ranking_lines(outcomes, allowed))
    if timed:
        plan = speed.Plan(asked.rounds, asked.queries)
        figures += speed.measure(checkouts, datasets, many, plan, _say)
        _show(speed_lines(figures))
        _show([f"load average {os.getloadavg()[1]:.1f} on {this_machine().cores} processors"])
    _show(stale)
    if asked.json:
        asked.json.write_text(_json(checkouts, outcomes, figures), encoding="utf-8")
    differs = any(not outcome.passed and not is_allowed(outcome, allowed) for outcome in outcomes)
    return 1 if differs or any(figure.failure for figure in figures) else 0


def _build(checkouts: Sequence[Checkout], datasets: Sequence[Dataset], rebuild: bool) -> list[str]:
    """Build the stores that are missing; return a line for each that other code has built."""
    stale = {}
    for checkout in checkouts:
        for dataset in datasets:
            if rebuild and checkout.is_built(dataset) and not checkout.is_current(dataset):
                checkout.discard(dataset)
            if not checkout.is_built(dataset):
                _say(f"{checkout.folder.name} indexes {dataset.name}")
            checkout.store(dataset)
            if not checkout.is_current(dataset):
                stale[checkout.folder, dataset.name] = (
                    f"note: {checkout.folder.name} has changed since it built its store of {dataset.name}; "
                    "--rebuild builds it again"
                )
    return list(stale.values())


def _json(checkouts: Sequence[Checkout], outcomes: Sequence[Outcome], figures: Sequence[Figure]) -> str:
    result = {
        "schema_version": SCHEMA_VERSION,
        "machine": asdict(this_machine()),
        **{each.role: {"folder": each.folder.name, "commit": each.commit()} for each in checkouts},
        "rankings": [outcome_json(outcome) for outcome in outcomes],
        "speed": [figure_json(figure) for figure in figures],
    }
    return json.dumps(result, indent=1) + "\n"


def _show(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(f"compare: {text}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--before", type=Path, required=True, metavar="DIR", help="checkout to compare with")
    add("--after", type=Path, required=True, metavar="DIR", help="checkout to judge")
    add("--data", type=Path, nargs="+", default=[], metavar="DIR", help="collections besides the sample corpus")
    add("--work", type=Path, default=Path("build/compare"), metavar="DIR", help="kept; default: build/compare")
    add("--skip", choices=("rankings", "speed"), action="append", default=[], help="leave out one half")
    add("--allow", action="append", default=[], metavar="NAME", help="setting that may differ: rm3, npl/rm3")
    add("--rebuild", action="store_true", help="build stores again that other code has built")
    add("--rounds", type=int, default=15, metavar="N", help="runs of short commands; long ones: half; default: 15")
    add("--queries", type=int, default=500, metavar="N", help="queries of a batch; default: 500")
    add("--json", type=Path, metavar="FILE", help="write every sample and difference there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
