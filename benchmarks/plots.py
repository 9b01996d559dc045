"""Results as plots: throughput, latency against size, recall against latency, and what making an index takes.

They have no background and middle tones, so that they are read on white and on black alike. The colours are those of
Okabe and Ito, which colour-blind people tell apart; marks and labels say the same as the colours.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")  # no window, whatever the machine has
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from .results import digits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from .results import Results

INK = "#6e7781"
GRID = "#8c959f40"
COLOURS = {
    "embedctl": "#1f83c9", "LanceDB": "#e69f00", "txtai": "#cc79a7",
    "hybrid": "#1f83c9", "dense": "#009e73", "bm25": "#d55e00",
    "flat": "#009e73", "binary": "#1f83c9", "hnsw": "#d55e00",
}  # fmt: skip
MARKS = {
    "embedctl": "o", "LanceDB": "D", "txtai": "s", "hybrid": "o", "dense": "^", "bm25": "v",
    "flat": "^", "binary": "o", "hnsw": "v",
}  # fmt: skip
NAMES = {"bm25": "BM25", "flat": "exact scan", "binary": "sign bits (rescored)", "hnsw": "HNSW graph (ef)"}
ALTERNATIVES = {
    "throughput": "Bars: texts embedded a second, by runtime",
    "latency": "Lines: query latency against the size of the index, by mode",
    "recall": "Curves: recall@10 against latency, by dense plan",
    "building": "Lines: time and peak memory of indexing against size, by engine",
}
_ROUND_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1_800, 3_600, 10_800)
_STYLE: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 10, "svg.fonttype": "path",
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.edgecolor": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "axes.axisbelow": True, "grid.color": GRID, "grid.linewidth": 0.8, "axes.titlesize": 11, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 12, "figure.facecolor": "none", "axes.facecolor": "none",
    "savefig.transparent": True, "lines.linewidth": 2.0, "lines.markersize": 6, "svg.hashsalt": "embedctl",
}  # fmt: skip


def draw(results: Results, folder: Path, formats: Sequence[str] = ("svg", "png")) -> list[Path]:
    """Draw every plot that there are figures for; return the files."""
    drawn: list[Path] = []
    makers: dict[str, Callable[[Results], Any]] = {
        "throughput": _throughput, "latency": _latency, "recall": _recall, "building": _building
    }  # fmt: skip
    with plt.rc_context(_STYLE):
        for name, make in makers.items():
            figure = make(results)
            if figure is None:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            for kind in formats:
                path = folder / f"{name}.{kind}"
                metadata = {"Date": None} if kind == "svg" else {}  # equal results, equal files
                figure.savefig(path, bbox_inches="tight", dpi=160, metadata=metadata)
                drawn.append(path)
            plt.close(figure)
    return drawn


def _throughput(results: Results) -> Any:
    rows = [row for row in results.rows if row.measurement == "embedding" and row.metric == "texts"]
    if not rows:
        return None
    rows.sort(key=lambda row: row.value)
    figure, axes = plt.subplots(figsize=(8.0, 0.9 + 0.5 * len(rows)))
    slowest = min(row.value for row in rows)
    for place, row in enumerate(rows):
        own = row.engine.startswith("embedctl")
        axes.barh(place, row.value, height=0.62, color=COLOURS["embedctl"] if own else "#9aa4ae")
        times = f"  {row.value / slowest:.1f}×" if row.value > slowest else ""
        axes.annotate(
            f"{digits(row.value)}{times}", (row.value, place), xytext=(5, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(rows)), [row.engine for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 1.18 * max(row.value for row in rows))
    axes.set_xlabel("texts a second")
    axes.set_title(f"Embedding throughput ({rows[0].case}; {results.machine.cores} cores)", x=0, loc="left")
    axes.spines["left"].set_visible(False)
    return figure


def _latency(results: Results) -> Any:
    kinds = {"one process a query": "A process for each query", "session": "A session that is open"}
    found = {
        kind: {mode: _line(results, "latency", f"{mode}, {kind}", "p50") for mode in ("hybrid", "dense", "bm25")}
        for kind in kinds
    }
    if not any(line for lines in found.values() for line in lines.values()):
        return None
    figure, panels = plt.subplots(1, 2, figsize=(10.4, 4.3), layout="constrained")
    figure.set_layout_engine("constrained", wspace=0.08)
    for axes, (kind, title) in zip(panels, kinds.items(), strict=True):
        ends = []
        for mode, line in found[kind].items():
            if line:
                _plot(axes, line, mode)
                ends.append((line[-1], NAMES.get(mode, mode), COLOURS[mode]))
        for engine in ("LanceDB", "txtai"):
            line = _line(results, "comparison", f"hybrid, {kind}", "p50", engine)
            if line:
                _plot(axes, line, engine, "--")
                ends.append((line[-1], f"{engine}, hybrid", COLOURS[engine]))
        axes.set_title(title)
        _logarithmic(axes, _shown_milliseconds)
        axes.set_xlabel("chunks")
        _label_ends(axes, ends)
    panels[0].set_ylabel("latency of a query, median")
    return figure


def _recall(results: Results) -> Any:
    rows = [row for row in results.rows if row.measurement == "recall" and row.x is not None]
    sizes = sorted({row.chunks for row in rows if row.chunks and row.case != "flat"})
    if not sizes:
        return None
    figure, panels = plt.subplots(
        1, len(sizes), figsize=(1.2 + 4.6 * len(sizes), 4.3), layout="constrained", sharey=True, squeeze=False
    )
    for axes, size in zip(panels[0], sizes, strict=True):
        own = [row for row in rows if row.chunks == size]
        for plan in dict.fromkeys(row.case for row in own):
            recall = {row.x: row.value for row in own if row.case == plan and row.metric == "recall@10"}
            latency = {row.x: row.value for row in own if row.case == plan and row.metric == "p50"}
            places = sorted(set(recall) & set(latency), key=lambda x: x or 0.0)
            points = [(latency[x], recall[x]) for x in places]
            _plot(axes, points, plan)
            alone = len(points) == 1
            axes.annotate(
                NAMES.get(plan, plan), points[0], xytext=(0, 13) if alone else (-6, -15), va="center",
                ha="center" if alone else "left", textcoords="offset points", color=COLOURS[plan], fontweight="bold",
            )  # fmt: skip
            if alone:
                continue
            for x, point in zip(places, points, strict=True):
                axes.annotate(f"{x:g}", point, xytext=(-7, 3), textcoords="offset points", ha="right", fontsize=7.5)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(_shown_milliseconds))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(f"{size:,} chunks")
        axes.set_xlabel("latency of a search, median")
        axes.margins(x=0.16, y=0.14)
    panels[0][0].set_ylabel("recall@10 against the exact ten")
    return figure


def _building(results: Results) -> Any:
    case = "index, vectors ready"
    wanted = {"time": ("Time to index", _shown_seconds, "vectors ready"), "peak memory": ("Peak memory", _shown_mb, "")}
    lines = {
        metric: {
            "embedctl": _line(results, "building", case, metric) or _line(results, "comparison", case, metric),
            **{engine: _line(results, "comparison", case, metric, engine) for engine in ("LanceDB", "txtai")},
        }
        for metric in wanted
    }
    if not any(line for each in lines.values() for line in each.values()):
        return None
    figure, panels = plt.subplots(1, 2, figsize=(10.4, 4.0), layout="constrained")
    figure.set_layout_engine("constrained", wspace=0.08)
    for axes, (metric, (title, formatter, note)) in zip(panels, wanted.items(), strict=True):
        ends = []
        for engine, line in lines[metric].items():
            if line:
                _plot(axes, line, engine, "-" if engine == "embedctl" else "--")
                ends.append((line[-1], engine, COLOURS[engine]))
        axes.set_title(f"{title}, {note}" if note else title)
        _logarithmic(axes, formatter)
        axes.set_xlabel("chunks")
        _label_ends(axes, ends)
    return figure


def _line(
    results: Results, measurement: str, case: str, metric: str, engine: str = "embedctl"
) -> list[tuple[float, float]]:
    """Return size and figure, by size."""
    wanted = (measurement, case, metric, engine)
    return sorted(
        (float(row.chunks), row.value)
        for row in results.rows
        if row.chunks and (row.measurement, row.case, row.metric, row.engine) == wanted
    )


def _plot(axes: Any, points: Iterable[tuple[float, float]], name: str, line: str = "-") -> None:
    horizontal, vertical = zip(*points, strict=True)
    axes.plot(horizontal, vertical, line, marker=MARKS[name], color=COLOURS[name])


def _label_ends(axes: Any, ends: Sequence[tuple[tuple[float, float], str, str]]) -> None:
    """Write what each line is beside its last point, moved apart where they would overlap."""
    axes.figure.canvas.draw()
    least = 13.0 * axes.figure.dpi / 72
    places = [axes.transData.transform(point) for point, _, _ in ends]
    order = sorted(range(len(ends)), key=lambda at: places[at][1])
    heights = {at: float(places[at][1]) for at in order}
    for below, above in pairwise(order):
        heights[above] = max(heights[above], heights[below] + least)
    for at in order:
        point, text, colour = ends[at]
        shift = (heights[at] - float(places[at][1])) * 72 / axes.figure.dpi
        axes.annotate(
            text, point, xytext=(9, shift), textcoords="offset points", va="center", color=colour, fontweight="bold",
            annotation_clip=False,
        )  # fmt: skip


def _logarithmic(axes: Any, formatter: Callable[[float, object], str]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(_shown_count))
    axes.yaxis.set_major_formatter(FuncFormatter(formatter))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08, y=0.1)
    low, high = axes.get_ylim()
    if formatter is _shown_seconds:
        axes.yaxis.set_major_locator(FixedLocator(_ROUND_SECONDS))
        axes.set_ylim(low, high)
    elif high / low < 200:  # too few powers of ten to read from
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())


def _shown_count(value: float, _: object = None) -> str:
    for step, unit in ((1e6, "M"), (1e3, "k")):
        if value >= step:
            return f"{value / step:g} {unit}"
    return f"{value:g}"


def _shown_milliseconds(value: float, _: object = None) -> str:
    return f"{value / 1e3:g} s" if value >= 1e3 else f"{value:g} ms"


def _shown_seconds(value: float, _: object = None) -> str:
    return f"{value / 60:.3g} min" if value >= 60 else f"{value:g} s"


def _shown_mb(value: float, _: object = None) -> str:
    return f"{value / 1e3:g} GB" if value >= 1e3 else f"{value:g} MB"
