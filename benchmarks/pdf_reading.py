"""Read PDFs with embedctl and with another library; list the pages on which embedctl glues or misses words.

::

    pip install pdfplumber pypdf
    python -m benchmarks.pdf_reading FOLDER [--reader pdfplumber|pypdf]

Test files of public packages serve well: the source packages of pypdf, pdfminer.six, pikepdf and ocrmypdf hold some
hundred. A word is a run of letters and digits, in lower case, ligatures dissolved. ``missing``: the other library has
the word on the page, and embedctl has it nowhere on it, not even as part of a word. ``glued``: embedctl has a word that
is two or more neighbouring words of the other.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from embedctl.errors import ParseError
from embedctl.parsers.pdf import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
_LINE_HYPHEN = re.compile(r"([^\W\d_])[-\u00ad\u2010]\s*\n\s*(?=[^\W\d_])")
MOST_NEIGHBOURS = 12
"""Words of the other library that make one glued word."""


def words(text: str) -> list[str]:
    """Return the words of a text, in order."""
    plain = unicodedata.normalize("NFKC", _LINE_HYPHEN.sub(r"\1", text)).replace("\u00ad", "")
    return _WORD.findall(plain.casefold())


def missing(ours: list[str], others: list[str]) -> list[str]:
    """Return the other library's words that are no part of anything in ours."""
    known, run = set(ours), "".join(ours)
    return [word for word in dict.fromkeys(others) if word not in known and word not in run]


def glued(ours: list[str], others: list[str]) -> list[str]:
    """Return our words that are neighbouring words of the other library, run together."""
    theirs = set(others)
    follow: dict[str, list[int]] = {}
    for place, word in enumerate(others):
        follow.setdefault(word[:1], []).append(place)
    found = []
    for word in dict.fromkeys(ours):
        if word in theirs or len(word) < 2:
            continue
        if any(_spells(word, others, place) for place in follow.get(word[0], ())):
            found.append(word)
    return found


def _spells(word: str, others: list[str], place: int) -> bool:
    spelled = ""
    for count, other in enumerate(others[place : place + MOST_NEIGHBOURS], 1):
        spelled += other
        if spelled == word:
            return count > 1
        if not word.startswith(spelled):
            return False
    return False


def our_pages(data: bytes) -> list[str]:
    """Return embedctl's text of each page."""
    document = parse(data, "a.pdf")
    ends = [*document.pages[1:], len(document.text)]
    return [document.text[start:end] for start, end in zip(document.pages, ends, strict=True)]


def other_pages(path: Path, library: str) -> Iterator[str]:
    """Yield another library's text of each page."""
    if library == "pypdf":
        from pypdf import PdfReader

        for page in PdfReader(path).pages:
            yield page.extract_text()
    else:
        import pdfplumber

        with pdfplumber.open(path) as document:
            for page in document.pages:
                yield page.dedupe_chars().extract_text() or ""


def main() -> int:
    """Run the comparison and print it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--reader", choices=("pdfplumber", "pypdf"), default="pdfplumber")
    options.add_argument("--pages", type=int, default=60, help="pages of each file")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    tally: Counter[str] = Counter()
    for path in sorted(chosen.folder.rglob("*.pdf")):
        try:
            pages = our_pages(path.read_bytes())
        except ParseError as error:
            print(f"{path.name}: not read: {error.message}")
            tally["not read"] += 1
            continue
        others = other_pages(path, chosen.reader)
        for number, ours in enumerate(pages[: chosen.pages], 1):
            text = None
            with contextlib.suppress(Exception):  # its failures are no measure of ours
                text = next(others, None)
            if text is None:
                break
            tally["pages"] += 1
            mine, theirs = words(ours), words(text)
            for kind, found in (("missing", missing(mine, theirs)), ("glued", glued(mine, theirs))):
                if found:
                    tally[f"pages with {kind} words"] += 1
                    print(f"{path.name} p.{number}: {len(found)} {kind}: {' '.join(found[:8])}")
    print(", ".join(f"{count} {what}" for what, count in sorted(tally.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
