"""``python -m benchmarks.render RESULTS.json [--into docs/benchmarks.md]``: results as Markdown.

With ``--into``, what stands between the two marks in that file is replaced, and the plots, drawn from the same
results, are put into a folder beside it that has its name.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .headlines import headlines
from .measurements import MEASUREMENTS
from .results import Results, Row, digits, read_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BEGIN = "<!-- begin: written by python -m benchmarks.render -->"
END = "<!-- end: written by python -m benchmarks.render -->"


def markdown(results: Results) -> str:
    """Return machine, tables and gaps."""
    blocks = [machine_block(results)]
    if short := [f"| {what} | {shown(row)} |" for what, row in headlines(results)]:
        blocks.append("\n".join(["### In short", "", "| embedctl | |", "| --- | --: |", *short]))
    for name, measurement in MEASUREMENTS.items():
        rows = [row for row in results.rows if row.measurement == name and row.x is None]
        if rows:
            blocks.append(f"### {measurement.title}\n\n{table(rows)}")
    if results.gaps:
        blocks.append("### Not measured\n\n" + "\n".join(_gaps(results)))
    return "\n\n".join(blocks) + "\n"


def machine_block(results: Results) -> str:
    """Return the machine and the versions as a list."""
    machine = results.machine
    lines = [
        f"- Processor: {machine.processor}; {machine.cores} cores; {', '.join(machine.flags) or 'no special flags'}",
        f"- Memory: {machine.memory_gb:g} GB. System: {machine.system}. Python {machine.python}",
        f"- Versions: {', '.join(f'{name} {version}' for name, version in machine.versions.items())}",
        f"- Commit {machine.commit}, {machine.date}",
    ]
    return "\n".join(lines)


def table(rows: Sequence[Row]) -> str:
    """Return one line for each case, size and engine, one column for each metric."""
    metrics = list(dict.fromkeys(row.metric for row in rows))
    sized, engines = any(row.chunks for row in rows), {row.engine for row in rows} != {"embedctl"}
    heads = ["case", *(["chunks"] if sized else []), *(["engine"] if engines else []), *metrics]
    rule = ["---", *(["--:"] if sized else []), *(["---"] if engines else []), *("--:" for _ in metrics)]
    grouped: dict[tuple[str, int | None, str], dict[str, Row]] = {}
    for row in rows:
        grouped.setdefault((row.case, row.chunks, row.engine), {})[row.metric] = row
    order = list(dict.fromkeys(case for case, _, _ in grouped))
    lines = [heads, rule]
    for (case, chunks, engine), figures in sorted(grouped.items(), key=lambda item: order.index(item[0][0])):
        cells = [case]
        if sized:
            cells.append(f"{chunks:,}" if chunks else "")
        if engines:
            cells.append(engine)
        cells += [shown(figures[metric]) if metric in figures else "" for metric in metrics]
        lines.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def shown(row: Row) -> str:
    """Return a figure with its unit, to three digits: ``0.312``, ``12.4 ms``, ``1.25 GB``, ``5.50 min``."""
    value, unit = row.value, row.unit
    if unit == "ms" and value >= 1_000:
        value, unit = value / 1_000, "s"
    if unit == "texts":
        return f"{value:,.0f} texts"
    if unit == "s" and value >= 120:
        value, unit = value / 60, "min"
    if unit == "MB" and value >= 1_000:
        value, unit = value / 1_000, "GB"
    return f"{digits(value)} {unit}".strip()


def into(text: str, block: str, plots: Iterable[tuple[str, str]]) -> str:
    """Return ``text`` with what stands between the marks replaced.

    Raises:
        ValueError: the marks are not there, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f'The file must have one line "{BEGIN}" and, below it, one line "{END}".')
    pictures = "".join(f"\n![{alt}]({path})\n" for path, alt in plots)
    return f"{before}{BEGIN}\n\n{block}{pictures}\n{END}{after}"


def _gaps(results: Results) -> Iterator[str]:
    for gap in results.gaps:
        size = f", {gap.chunks:,} chunks" if gap.chunks else ""
        yield f"- {gap.measurement}{size}, {'failed' if gap.failed else 'skipped'}: {gap.reason}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, or put them and the plots where they belong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.render", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--into", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    results = read_results(asked.results)
    if asked.into is None:
        sys.stdout.write(markdown(results))
        return 0
    from .plots import ALTERNATIVES, draw

    folder: Path = asked.into.with_suffix("")
    drawn = [path for path in draw(results, folder, ("svg",)) if path.suffix == ".svg"]
    plots = [(f"{folder.name}/{path.name}", ALTERNATIVES[path.stem]) for path in drawn]
    text = into(asked.into.read_text(encoding="utf-8"), markdown(results), plots)
    asked.into.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
