"""Outputs of notebooks in the form that says most."""

from __future__ import annotations

import pytest
from parser_samples import notebook

from embedctl.parsers import parse


def shown(*outputs: dict[str, object]) -> str:
    cell = {"cell_type": "code", "source": "show()", "outputs": list(outputs)}
    return parse(notebook([cell]), "a.ipynb").text.removeprefix("```\nshow()\n```").strip()


def display(**data: object) -> dict[str, object]:
    kinds = {"html": "text/html", "markdown": "text/markdown", "latex": "text/latex", "plain": "text/plain"}
    return {"output_type": "display_data", "data": {kinds.get(name, name): value for name, value in data.items()}}


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (display(html=["<p>The <b>pump</b>", " runs</p>"]), "The **pump** runs"),
        (display(html="<p>runs</p>", plain="<IPython.core.display.HTML object>"), "runs"),
        (display(markdown="## Pumps", html="<h2>no</h2>", plain="<IPython.core.display.Markdown object>"), "## Pumps"),
        (display(latex=r"$\frac{a}{b}$", plain="<IPython.core.display.Latex object>"), r"$\frac{a}{b}$"),
        (display(plain="pump  12", html="<table><tr><td>pump</td></tr></table>"), "```\npump  12\n```"),
        (display(html="<p>x</p>", plain="<pandas.io.formats.style.Styler at 0x7f01>"), "x"),
        (display(**{"application/json": {"pump": 12}}), '```json\n{\n "pump": 12\n}\n```'),
        ({"output_type": "pyout", "html": ["<p>old form</p>"]}, "old form"),
    ],
)
def test_an_output_is_shown_as_what_it_says(output: dict[str, object], text: str) -> None:
    assert shown(output) == text


def test_pictures_without_text_are_noted() -> None:
    picture = display(**{"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 640x480 with 1 Axes>"})
    named = display(**{"image/png": "iVBORw0KGgo="})
    cell = {"cell_type": "code", "source": "plot()", "outputs": [picture, named, named]}
    document = parse(notebook([cell]), "a.ipynb")
    assert document.notes == ("2 of its 3 outputs are pictures without text",)
