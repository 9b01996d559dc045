"""The table in ``docs/reliability.md``, from what the long tests counted.

``python tests/reliability/table.py docs/reliability.json docs/reliability.md`` puts it between its two marks.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

BEGIN = "<!-- table: made by tests/reliability/table.py -->"
END = "<!-- end of table -->"
_BETWEEN = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)


def table_of(counted: dict[str, dict[str, Any]]) -> str:
    """Return Markdown: one row for each kind of fault, and their sum."""
    rows = [counted[name] for name in sorted(counted)]
    total = {name: sum(row[name] for row in rows) for name in ("tried", "survived", "lost", "seconds")}
    lines = ["| what was done | tried | survived | lost | seconds |", "|---|---|---|---|---|"]
    for row in (*rows, {"what": "**all**", **total}):
        lines.append("| {what} | {tried:,} | {survived:,} | {lost:,} | {seconds:,.0f} |".format(**row))
    return "\n".join(lines)


def with_table(page: str, counted: dict[str, dict[str, Any]]) -> str:
    """Return a page with this table between its marks.

    Raises:
        ValueError: it has no marks.
    """
    if not _BETWEEN.search(page):
        raise ValueError(f"The page has no place for the table: a line {BEGIN} and a line {END}.")
    whole = f"{BEGIN}\n{table_of(counted)}\n{END}"
    return _BETWEEN.sub(lambda _: whole, page)


def main() -> None:
    """Put the table of one file into another."""
    source, page = map(Path, sys.argv[1:3])
    counted = json.loads(source.read_text(encoding="utf-8"))
    page.write_text(with_table(page.read_text(encoding="utf-8"), counted), encoding="utf-8")


if __name__ == "__main__":
    main()
