"""The page as HTML: everything that is shown is escaped, and only the page's own two scripts may run.

A Content-Security-Policy forbids every request; scripts are allowed by their hashes, so that no text of a document
becomes one, even if it got past the escaping. Styles are the exception: the charts set some as they are drawn, and a
style that may load nothing can do no harm.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..query.parse import whole_characters
from .blocks import Chart
from .vega import CONFIG, DATA, library_script

if TYPE_CHECKING:
    from .blocks import ReportPage

_HARMLESS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""Characters that could end a script or begin a tag, with JSON escapes for them."""


def page_html(page: ReportPage) -> str:
    """Return the page: one file that needs nothing else, the same for the same ``page``."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    library, program = library_script(), _template("program.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    html = environment.from_string(_template("page.html")).render(
        page=page,
        style=Markup(_template("style.css")),  # noqa: S704 - these four are ours, or harmless JSON
        charts=Markup(_charts(page)),  # noqa: S704
        library=Markup(library),  # noqa: S704
        program=Markup(program),  # noqa: S704
        script_sources=" ".join(map(_source, (library, program))),
    )
    return whole_characters(html)


def _charts(page: ReportPage) -> str:
    """Return what the program draws, as JSON that can stand in a script element."""
    figures: dict[str, Any] = {
        block.name: {"variants": list(block.variants.values()), "rows": block.rows}
        for section in page.sections
        for block in section.blocks
        if isinstance(block, Chart)
    }
    value = {"config": CONFIG, "data": DATA, "figures": figures}
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return whole_characters(text).translate(_HARMLESS)


def _source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _template(name: str) -> str:
    return files(__package__).joinpath("template", name).read_text(encoding="utf-8")
