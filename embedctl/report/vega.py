"""Charts: Vega-Lite specifications in the page's own colours, and the script that turns them into SVG.

Vega-Lite, Vega and Vega-Embed come as JavaScript inside the package vl-convert-python, so nothing has to be loaded from
anywhere. Expressions are interpreted (``ast``), never compiled, so that a page can forbid ``eval``. Colours are CSS
variables of the page: a chart follows its theme without being drawn again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .blocks import Datum, Spec

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_INK, _MUTED, _GRID = "var(--ink)", "var(--muted)", "var(--grid)"
COLOURS = tuple(f"var(--colour-{at})" for at in range(1, 9))
"""Told apart by people with any common colour vision, on light and on dark; the last one is grey."""
_FONT = "system-ui, sans-serif"

_WORDS = {
    "labelColor": _INK,
    "titleColor": _INK,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
}
CONFIG: Spec = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "domainColor": _MUTED,
        "tickColor": _MUTED,
        "gridColor": _GRID,
        **_WORDS,
        "labelLimit": 220,
        "labelFlush": False,
        "labelOverlap": "parity",
        "labelSeparation": 6,
        "titlePadding": 8,
    },
    "legend": {**_WORDS, "labelLimit": 240, "symbolOpacity": 1, "orient": "bottom", "rowPadding": 5},
    "text": {"color": _INK, "fontSize": 12},
    "rule": {"color": _MUTED},
}
"""Looks of every chart."""


def require_library() -> None:
    """Refuse early where what draws a report is not installed.

    Raises:
        UsageError: with the command that installs it.
    """
    from importlib.util import find_spec

    needed = {"vl_convert": "vl-convert-python", "jinja2": "Jinja2", "sklearn": "scikit-learn"}
    missing = [name for module, name in needed.items() if find_spec(module) is None]
    if missing:
        raise UsageError(
            f"A report needs packages that are not installed: {', '.join(missing)}.",
            "Install them with \"pip install 'embedctl[report]'\".",
        )


@cache
def library_script() -> str:
    """Return the JavaScript that defines ``window.vegaEmbed``: one script without imports, some 900 kB."""
    import vl_convert

    script: str = vl_convert.javascript_bundle(_SNIPPET)
    return script


HEIGHT = 220
"""Of most charts, in pixels."""
DATA = "rows"
"""Name under which every chart finds its rows."""


def base(description: str, height: int) -> Spec:
    """Return a specification without marks, as wide as the page."""
    return {
        "description": description,
        "data": {"name": DATA},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding", "resize": True},
    }


def nominal(field: str, **more: object) -> Spec:
    """Return the encoding of a name."""
    return {"field": field, "type": "nominal", **more}


def coloured(field: str, names: Sequence[str]) -> Spec:
    """Return the encoding of a name by a colour, in the order of ``names``."""
    scale = {"domain": list(names), "range": [COLOURS[at % len(COLOURS)] for at in range(len(names))]}
    return nominal(field, title=None, scale=scale)


def formatted(form: str, *fields: str) -> list[Spec]:
    """Return the encodings of numbers in a tooltip."""
    return [{"field": field, "type": "quantitative", "format": form} for field in fields]


def quantity(field: str, title: str, **scale: object) -> Spec:
    """Return the encoding of a number on an axis."""
    return {"field": field, "type": "quantitative", "title": title, **({"scale": scale} if scale else {})}


def histogram(groups: Mapping[str, NDArray[np.float64]], bins: int) -> list[Datum]:
    """Return a row for each bar: ``group``, ``from``, ``to``, ``count`` and ``share`` of its group.

    All groups have the same bars; values that are not finite are left out.
    """
    finite = {name: values[np.isfinite(values)] for name, values in groups.items()}
    every = np.concatenate([np.empty(0), *finite.values()])
    if not len(every):
        return []
    edges = np.histogram_bin_edges(every, bins=bins).tolist()
    rows: list[Datum] = []
    for name, values in finite.items():
        for low, high, count in zip(edges, edges[1:], np.histogram(values, bins=edges)[0].tolist(), strict=False):
            share = round(count / max(len(values), 1), 6)
            rows.append({"group": name, "from": round(low, 6), "to": round(high, 6), "count": count, "share": share})
    return rows


def bars(description: str, title: str, groups: Sequence[str], by_share: bool) -> Spec:
    """Return the bars of :func:`histogram`, one group before the other; ``title`` is that of the values' axis."""
    what = quantity("share", "share of its group") if by_share else quantity("count", "chunks")
    if by_share:
        what["axis"] = {"format": ".0%"}
    tooltip = [*formatted(",.3~f", "from", "to"), *formatted(",", "count")]
    encoding: Spec = {
        "x": {"field": "from", "bin": {"binned": True}, "type": "quantitative", "title": title},
        "x2": {"field": "to"},
        "y": {**what, "stack": None},
        "tooltip": tooltip,
    }
    mark: Spec = {"type": "bar", "binSpacing": 1, "color": COLOURS[0]}
    if len(groups) > 1:
        encoding["color"] = coloured("group", groups)
        mark["fillOpacity"] = 0.55
        tooltip.insert(0, nominal("group"))
    return {**base(description, HEIGHT), "mark": mark, "encoding": encoding}


def uneven_bars(description: str, title: str) -> Spec:
    """Return bars of one width for ranges that are not: each row is named by ``range``."""
    return {
        **base(description, HEIGHT),
        "mark": {"type": "bar", "color": COLOURS[0]},
        "encoding": {
            "x": {"field": "range", "type": "ordinal", "title": title, "sort": None, "axis": {"labelAngle": 0}},
            "y": quantity("count", "count"),
            "tooltip": [*formatted(",.3~f", "from", "to"), *formatted(",", "count")],
        },
    }
