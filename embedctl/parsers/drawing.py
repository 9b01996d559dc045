"""Drawings of Office files: text of shapes, diagrams and pictures, and where charts are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .charts import CHART, EXTENDED, chart
from .equations import MATH, equation
from .markup import one_line
from .ooxml import ALTERNATE, CHOICE, DRAWING, FALLBACK, OFFICE, RELATION_ID, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ooxml import Package


_DIAGRAM = f"{{{OFFICE}/drawingml/2006/diagram}}"
_DIAGRAM_DATA = f"{{{OFFICE}/officeDocument/2006/relationships}}dm"
_MADE = re.compile(
    r"\s*(?:Description automatically generated.*|(?:AI-generated|Automatically generated) .*)$", re.DOTALL
)
_FILE = re.compile(r"(?:\w+://|[\w-]+:\\)?\S+\.\w{2,5}$")


def paragraph_text(paragraph: Any) -> str:
    """Return the text of ``a:p``: runs, fields and equations, a line break for each of its own."""
    parts: list[str] = []
    for child in paragraph.iterchildren("*"):
        name = local(child)
        if name in ("r", "fld"):
            parts += [text.text or "" for text in child.iterchildren(f"{DRAWING}t")]
        elif name == "br":
            parts.append("\n")
        elif name == "tab":
            parts.append("\t")
        elif child.tag == ALTERNATE or child.tag.startswith(MATH) or name == "m":
            parts += [equation(each) for each in chosen(child, f"{MATH}oMath")]
    return "".join(parts)


def chosen(element: Any, tag: str) -> list[Any]:
    """Return the elements of that name below, of alternatives the first that has any."""
    if element.tag != ALTERNATE:
        return list(element.iter(tag))
    alternatives = [list(each.iter(tag)) for each in element if each.tag in (CHOICE, FALLBACK)]
    return next(filter(None, alternatives), [])


def lines(container: Any) -> list[str]:
    """Return the paragraphs of ``a:p`` below an element, each as one line."""
    found = (one_line(paragraph_text(each)) for each in container.iter(f"{DRAWING}p"))
    return [line for line in found if line]


def alternative_text(properties: Any) -> str:
    """Return the description of a picture, unless a program wrote it or it is only a file name."""
    text = one_line(_MADE.sub("", properties.get("descr") or "")) if properties is not None else ""
    return "" if _FILE.match(text) else text


def graphics(frame: Any, package: Package, part: str) -> Iterator[str]:
    """Yield the blocks of the charts and diagrams to which a drawing of ``part`` refers."""
    relations = package.relations(part)
    for element in frame.iter("*"):
        if element.tag in (f"{CHART}chart", f"{EXTENDED}chart"):
            identifier = element.get(RELATION_ID)
        elif element.tag == f"{_DIAGRAM}relIds":
            identifier = element.get(_DIAGRAM_DATA)
        else:
            continue
        relation = relations.get(identifier or "")
        root = package.xml(relation.target) if relation else None
        if root is not None:
            yield from chart(root) if "chart" in root.tag else ["\n".join(lines(root))]
