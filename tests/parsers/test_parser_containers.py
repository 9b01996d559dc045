"""Books and notebooks: parts in order, and what is left out."""

from __future__ import annotations

import json

import pytest
from parser_samples import epub, notebook

from embedctl.errors import ParseError
from embedctl.parsers import parse


def test_book_follows_its_spine() -> None:
    chapters = {"a": "<h1>Last</h1><p>z</p>", "b": "<h1>First</h1><p>&#160;x</p>", "unused": "<p>not in the spine</p>"}
    parsed = parse(epub(chapters, spine=["b", "a"]), "a.epub")
    assert parsed.text == "# First\n\nx\n\n# Last\n\nz"
    assert (parsed.title, parsed.language) == ("Book of vectors", "en")
    assert parsed.metadata == {"author": "Ann, Bob"}


def test_notebook_cells_and_outputs() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m\n"]}
    result = {"output_type": "execute_result", "data": {"text/plain": ["384"], "image/png": "AAAA"}}
    long = {"output_type": "stream", "text": "y" * 5000}
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": 'x = "```"', "outputs": [stream, result]},
        {"cell_type": "code", "source": "", "outputs": [long]},
        {"cell_type": "raw", "source": "raw"},
    ]
    parsed = parse(notebook(cells, language_info={"name": "python"}), "a.ipynb")
    assert parsed.text.startswith('# Title\ntext\n\n````python\nx = "```"\n````\n\n```\nred\n```\n\n```\n384\n```')
    assert "y" * 2000 + "\n[output cut]\n```\n\nraw" in parsed.text
    assert "AAAA" not in parsed.text
    assert (parsed.title, parsed.language) == ("Title", "python")


def test_notebook_of_format_3() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Old"},
        {"cell_type": "code", "language": "julia", "input": "1+1", "outputs": [{"output_type": "pyout", "text": "2"}]},
    ]
    parsed = parse(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode(), "a.ipynb")
    assert parsed.text == "## Old\n\n```julia\n1+1\n```\n\n```\n2\n```"


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'"x"', b"{", b"[" * 100_000])
def test_json_that_is_no_notebook(data: bytes) -> None:
    with pytest.raises(ParseError, match="not a notebook"):
        parse(data, "a.ipynb")


def test_surrogates_in_a_notebook_are_dropped() -> None:
    data = b'{"cells": [{"cell_type": "markdown", "source": "a\\ud800\\u0000b"}]}'
    assert parse(data, "a.ipynb").text == "ab"
