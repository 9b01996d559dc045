"""A chunker: a chunk for each stanza."""

import re

from embedctl.outline import Outline, Section


def outline(document):
    starts = [found.end() for found in re.finditer(r"\n\n+", document.text[: len(document.text.rstrip())])]
    return Outline(sections=[Section(start, 1) for start in starts], join_sections=False)
