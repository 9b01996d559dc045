"""``python -m benchmarks``: every measurement, as a JSON file, a Markdown table and plots.

Data are collections in BEIR's form (corpus.jsonl, queries.jsonl, qrels/test.tsv), other folders or record files;
without any, the sample corpus. Progress goes to stderr. What fails is told in the results, and by the exit code.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .bench import Bench, SkipError
from .machine import this_machine
from .measurements import MEASUREMENTS
from .render import markdown
from .results import Gap, Results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .results import Row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 if something failed."""
    asked = _parser().parse_args(arguments)
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        work=(asked.work or out / "work").absolute(),
        sizes=tuple(sorted(asked.sizes)),
        data=tuple(asked.data),
        repeat=asked.repeat,
        queries=asked.queries,
        texts=asked.texts,
        folder_bytes=asked.folder_bytes,
        others_python=asked.others_python,
        largest_other=asked.largest_other,
    )
    bench.work.mkdir(parents=True, exist_ok=True)
    results = Results(this_machine(asked.others_python), {name: _plain(value) for name, value in vars(asked).items()})
    for name in asked.only or MEASUREMENTS:
        for size in bench.sizes if MEASUREMENTS[name].sized else (None,):
            results = run(bench, name, size, results)
            _save(results, out)  # after each, so that nothing is lost with a later one
    _draw(bench, results, out)
    sys.stdout.write(markdown(results))
    return 1 if results.failed else 0


def run(bench: Bench, name: str, size: int | None, results: Results) -> Results:
    """Add what a measurement gives, or why it gave nothing; figures that came before a failure are kept."""
    bench.say(name if size is None else f"{name}, {size:,} chunks")
    rows: list[Row] = []
    gaps: list[Gap] = []
    try:
        for row in MEASUREMENTS[name].rows(bench, size):
            rows.append(replace(row, value=float(row.value)))  # noqa: PERF401 - what came before a failure is kept
    except SkipError as skipped:
        gaps.append(Gap(name, str(skipped), failed=False, chunks=size))
    except Exception as error:  # noqa: BLE001 - told in the results and by the exit code; the others go on
        traceback.print_exc()
        gaps.append(Gap(name, f"{type(error).__name__}: {error}", failed=True, chunks=size))
    for gap in gaps:
        bench.say(f"{name} {'failed' if gap.failed else 'was skipped'}: {gap.reason}")
    return replace(results, rows=(*results.rows, *rows), gaps=(*results.gaps, *gaps))


def _save(results: Results, out: Path) -> None:
    (out / "results.json").write_text(results.to_json(), encoding="utf-8")
    (out / "results.md").write_text(markdown(results), encoding="utf-8")


def _draw(bench: Bench, results: Results, out: Path) -> None:
    """Draw the plots, where matplotlib is installed."""
    try:
        from .plots import draw
    except ImportError as error:
        bench.say(f'no plots: {error}; "pip install embedctl[bench]" brings what they need')
        return
    for path in draw(results, out):
        bench.say(f"drew {path}")


def _plain(value: object) -> object:
    return (
        [str(each) if isinstance(each, Path) else each for each in value]
        if isinstance(value, list)
        else (str(value) if isinstance(value, Path) else value)
    )


def _size(text: str) -> int:
    """Return a number of chunks: ``10000``, ``10k`` or ``1M``.

    Raises:
        ValueError: it is not a positive number.
    """
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    size = int(text.rstrip("kKmM")) * factor
    if size < 1:
        raise ValueError(text)
    return size


def _others() -> str:
    """Return the interpreter that ``make bench-others`` made, or this one."""
    made = Path("build/others/bin/python")
    return str(made.absolute()) if made.exists() else sys.executable


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--only", choices=tuple(MEASUREMENTS), action="append", metavar="NAME", help=", ".join(MEASUREMENTS))
    add("--sizes", type=_size, nargs="+", default=[10_000, 100_000], metavar="N", help="chunks: 1k 100k 1M")
    add("--data", type=Path, nargs="+", default=[], metavar="PATH", help="collections; default: the sample corpus")
    add("--out", type=Path, default=Path("build/benchmarks"), metavar="FOLDER", help="default: build/benchmarks")
    add("--work", type=Path, metavar="FOLDER", help="generated stores, kept between runs; default: OUT/work")
    add("--repeat", type=int, default=7, metavar="N", help="runs of each whole process; default: 7")
    add("--queries", type=int, default=500, metavar="N", help="queries of a session or batch; default: 500")
    add("--texts", type=int, default=256, metavar="N", help="texts that are embedded; default: 256")
    add("--folder-bytes", type=int, default=50_000_000, metavar="N", help="folder of the memory measurement")
    add("--others-python", default=_others(), metavar="PATH", help="interpreter that has LanceDB and txtai")
    add("--largest-other", type=_size, default=10_000, metavar="N", help="size up to which those are measured")
    return parser


if __name__ == "__main__":
    sys.exit(main())
