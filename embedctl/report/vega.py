"""The library that draws: Vega-Lite specifications in the page's own colours, and the script that turns them into SVG.

Vega-Lite, Vega and Vega-Embed come as JavaScript inside the package vl-convert-python, so nothing has to be loaded from
anywhere. Expressions are interpreted (``ast``), never compiled, so that a page can forbid ``eval``. Colours are CSS
variables of the page: a chart follows its theme without being drawn again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..errors import UsageError

Spec = dict[str, Any]
"""A Vega-Lite specification."""

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
