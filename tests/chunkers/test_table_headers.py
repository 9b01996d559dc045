# ruff: noqa: E501 - tables in one line
"""Every chunk that begins inside a table has the table's header for its innermost heading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chunker_samples import document

from embedctl.chunkers.batch import chunk_documents
from embedctl.config import ChunkConfig

if TYPE_CHECKING:
    from embedctl.contracts import Tokenizer
    from embedctl.records import Chunk

ROWS = [(f"sloop {number}", str(number * 3), "north pier") for number in range(120)]
HEAD = ("vessel", "berth in metres", "place")
PIPES = "\n".join(f"| {' | '.join(row)} |" for row in ROWS)
GRID_EDGE = "+-----------+-----------------+------------+"
GRID = "\n".join(f"| {a:<9} | {b:<15} | {c:<10} |\n{GRID_EDGE}" for a, b, c in ROWS)
SIMPLE_EDGE = "=========  ===============  =========="
SIMPLE = "\n".join(f"{a:<9}  {b:<15}  {c:<10}" for a, b, c in ROWS)
SHEET = "\n".join(";".join(row) for row in ROWS)

TABLES = {
    "pipes": ("markdown", "", f"# Berths\n\n| {' | '.join(HEAD)} |\n| --- | --- | --- |\n{PIPES}\n\nAfter the table.\n"),
    "bare pipes": ("markdown", "", f"# Berths\n\n{' | '.join(HEAD)}\n---|---|---\n{PIPES.replace('| ', '', 1)}\n"),
    "pages": ("markdown", "", f"## Berths\n\nSpring\n\n| {' | '.join(HEAD)} |\n| --- | --- | --- |\n{PIPES}"),
    "grid": (
        "rst", "",
        f"Berths\n======\n\n{GRID_EDGE}\n| vessel    | berth in metres | place      |\n{GRID_EDGE.replace('-', '=')}\n{GRID}\n",
    ),
    "simple": ("rst", "", f"Berths\n======\n\n{SIMPLE_EDGE}\nvessel     berth in metres  place\n{SIMPLE_EDGE}\n{SIMPLE}\n{SIMPLE_EDGE}\n"),
    "sheet": ("plain", "text/csv", f"sep=;\n{';'.join(HEAD)}\n{SHEET}\n"),
    "tabs": ("plain", "text/tab-separated-values", "\t".join(HEAD) + "\n" + SHEET.replace(";", "\t")),
}  # fmt: skip


def chunks_of(tokenizer: Tokenizer, markup: str, media_type: str, text: str, size: int = 128) -> list[Chunk]:
    given = document(text, markup, **({"media_type": media_type} if media_type else {}))
    (chunks,) = chunk_documents([given], tokenizer, ChunkConfig(size=size))
    return list(chunks)


@pytest.mark.parametrize("name", TABLES)
def test_rows_below_the_first_chunk_have_the_header(wordpiece: Tokenizer, name: str) -> None:
    chunks = chunks_of(wordpiece, *TABLES[name])
    later = [chunk for chunk in chunks[1:] if "sloop" in chunk.text]
    assert len(later) > 3
    assert {chunk.heading[-1] for chunk in later} == {"vessel | berth in metres | place"}
    assert all("berth in metres" in chunk.context for chunk in later)
    assert all(chunk.tokens <= 128 for chunk in chunks)


def test_a_chunk_that_begins_elsewhere_has_it_not(wordpiece: Tokenizer) -> None:
    prose = "Anchors hold where the ground is soft. " * 40
    text = (
        f"# One\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n{prose}\n\n| c | d |\n| - | - |\n| 3 | 4 |\n\n## Two\n\n{prose}"
    )
    assert {chunk.heading for chunk in chunks_of(wordpiece, "markdown", "", text)} == {("One",), ("One", "Two")}


def test_marks_and_escapes_are_left_out_of_a_header(wordpiece: Tokenizer) -> None:
    text = f"| **vessel** | `berth` \\| quay | [place](x) |\n| --- | --- | --- |\n{PIPES}\n"
    assert chunks_of(wordpiece, "markdown", "", text)[1].heading == ("vessel | berth | quay | place",)


def test_a_header_that_is_too_long_is_cut_and_never_costs_the_chunk_its_size(wordpiece: Tokenizer) -> None:
    head = "| " + " | ".join(f"column{number} of metres" for number in range(60)) + " |\n" + "| - " * 60 + "|\n"
    row = "| " + " | ".join(str(number) for number in range(60)) + " |\n"
    chunks = chunks_of(wordpiece, "markdown", "", f"# Title\n\n{head}{row * 40}")
    assert all(chunk.tokens <= 128 for chunk in chunks)
    assert all(chunk.context.startswith("column0 of metres | column1 of metres") for chunk in chunks[-5:])


def test_a_header_of_empty_cells_is_none(wordpiece: Tokenizer) -> None:
    assert {chunk.heading for chunk in chunks_of(wordpiece, "markdown", "", f"|  |  |  |\n| - | - | - |\n{PIPES}")} == {
        ()
    }
