"""The table in the documents is that of the counts that are kept beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import table
from tally import counted

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_shows_what_was_counted() -> None:
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    results = json.loads((DOCS / "reliability.json").read_text(encoding="utf-8"))
    assert table.with_table(page, results) == page
    assert [row["lost"] for row in results.values()] == [0] * len(results)


def test_a_row_for_each_kind_and_their_sum(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    for what, tries in (("kills", 3), ("a full disk", 1_200)):
        with counted(what, kept) as tally:
            for _ in range(tries):
                with tally.one():
                    pass
    with pytest.raises(OSError, match="lost"), counted("kills that were too much", kept) as tally, tally.one():
        raise OSError("lost")
    shown = re.sub(r"\d+ \|$", "- |", table.table_of(json.loads(kept.read_text(encoding="utf-8"))), flags=re.MULTILINE)
    assert shown.splitlines()[2:] == [
        "| a full disk | 1,200 | 1,200 | 0 | - |",
        "| kills | 3 | 3 | 0 | - |",
        "| kills that were too much | 1 | 0 | 1 | - |",
        "| **all** | 1,204 | 1,203 | 1 | - |",
    ]


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the table"):
        table.with_table("# Reliability\n", {})
