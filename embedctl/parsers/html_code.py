"""Code in pages: its lines as they stand, without line numbers, whatever it is built of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_tree import become_text, by_name, closest, is_in, text_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

_NUMBERS = re.compile(
    r"(?:.*-)?line-?(?:no|nos|num|nums|number|numbers)(?:-rows|s)?|lnt|ln|gutter|rouge-gutter|blob-num|hljs-ln-n\w*"
)
_COPY = re.compile(r"copy.*|.*-copy|copybtn|clipboard.*")
_LINES = frozenset({"div", "p", "li", "tr", "ol", "ul", "table", "tbody"})
_LINE = re.compile(r"(?:code|token|view|ec|diff|cm)-line|line|cl|loc|row")
_CODE_TABLE = re.compile(
    r"(?:.*-)?(?:highlight(?:table)?|code|lntable|rouge-table|syntaxhighlighter|hljs-ln|blob|diff)\b.*"
)
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|highlight|src)-([\w+#.-]+)|brush:([\w+#]+)", re.IGNORECASE)
_NAMED_NEXT = re.compile(r"(?:sourcecode|highlight|brush:)\s+([\w+#]+)", re.IGNORECASE)
_NO_LANGUAGE = {"default", "none", "plaintext", "notranslate", "source", "src"}
_SPACES = re.compile(r"[ \t\r\n]+")
_OLD_NAMES = ("listing", "xmp", "plaintext")
_NO_TEXT = frozenset({"button", "script", "style", "template"})
_NUMBER_ROWS = 2
_NEAR = 5
_WRAPPERS = frozenset({"div", "figure", "td", "tr", "table", "tbody"})
_TABLE = frozenset({"table"})
_PRE, _CODE = frozenset({"pre"}), frozenset({"code"})


def mend_code(root: Element) -> list[tuple[Element, str]]:
    """Make every block of code a ``pre`` with a ``code`` of nothing but text; return these, and their languages."""
    found = by_name(root, "table", "pre", "br", *_OLD_NAMES)
    code_tables = (table for table in found["table"] if is_in(table, root) and closest(table, _PRE) is None)
    blocks = [_become_code(table, *code) for table in code_tables if (code := _code_of_table(table))]
    pres = (pre for name in ("pre", *_OLD_NAMES) for pre in found[name])
    blocks += [_become_code(pre, _lines(pre), _language(pre)) for pre in pres if is_in(pre, root)]
    for line_end in found["br"]:
        code = closest(line_end, _CODE)
        if code is not None and closest(code, _PRE) is None and is_in(code, root):
            for text in code.iter():
                text.text, text.tail = (_SPACES.sub(" ", each or "") for each in (text.text, text.tail))
            blocks.append(_become_code(code, "\n".join(each.strip(" ") for each in _lines(code).split("\n")), ""))
    return blocks


def _become_code(element: Element, text: str, language: str) -> tuple[Element, str]:
    become_text(element, "", "pre")
    code = element.makeelement("code", {})
    code.text = text.replace("\xa0", " ").strip("\n")
    element.append(code)
    return code, language


def _language(pre: Element) -> str:
    """Return the language that a block of code, what is in it or what is around it names."""
    around, near = pre.getparent(), [*pre.iterfind("code"), pre]
    for each in near:
        if name := _named_language(each):
            return name
    for _ in range(_NEAR):
        if around is None or around.tag not in _WRAPPERS:
            break
        if name := _named_language(around):
            return name
        around = around.getparent()
    return ""


def _named_language(element: Element) -> str:
    names = element.get("class") or ""
    given = (
        element.get("data-lang") or element.get("data-language") or (element.tag == "pre" and element.get("lang")) or ""
    )
    named = [match[1] or match[2] for name in names.split() if (match := _LANGUAGE.fullmatch(name))]
    if element.tag in ("pre", "figure", "code") and (match := _NAMED_NEXT.match(names)):
        named.append(match[1])
    return next((name.lower() for name in (given, *named) if name and name.lower() not in _NO_LANGUAGE), "")


def _lines(block: Element) -> str:
    """Return the text of a block; elements that stand on lines of their own end lines."""
    codes = len(block.findall("code")) > 1
    pieces: list[str] = []
    pending = False
    for kind, value in _events(block, codes):
        if kind == "edge":
            pending = bool(pieces) and not pieces[-1].endswith("\n")
        elif kind == "break":
            pieces.append("\n")
            pending = False
        elif value:
            if pending and not value.startswith(("\n", "\r\n")):
                pieces.append("\n")
            pieces.append(value)
            pending = False
    return "".join(pieces)


def _events(element: Element, codes: bool) -> Iterator[tuple[str, str]]:
    yield "text", element.text or ""
    for child in element:
        if child.tag == "br":
            yield "break", ""
        elif child.tag not in _NO_TEXT and not _is_beside(child):
            alone = child.tag in _LINES or (codes and child.tag == "code")
            alone = alone or (child.tag == "span" and any(_LINE.fullmatch(each) for each in tokens(child)))
            if alone:
                yield "edge", ""
            yield from _events(child, codes)
            if alone:
                yield "edge", ""
        yield "text", child.tail or ""


def _is_beside(element: Element) -> bool:
    """Return whether an element in a block of code is a line's number, or a way to copy it."""
    names = tokens(element)
    if any(_COPY.fullmatch(name) for name in names):
        return True
    return any(_NUMBERS.fullmatch(name) for name in names) and not text_of(element).replace(" ", "").strip("0123456789")


def _code_of_table(table: Element) -> tuple[str, str] | None:
    """Return code and language where a table only sets line numbers beside code."""
    rows = [row for row in table.iter("tr") if closest(row, _TABLE) is table]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    if not cells or any(len(row) not in (2, 3) for row in cells):
        return None
    numbered = [all(map(_is_number, row[:-1])) for row in cells]
    if not all(numbered):
        return None
    named = any(_CODE_TABLE.fullmatch(each) for part in (table, *table.iter("td")) for each in tokens(part))
    around = closest(table, frozenset({"figure", "code"})) is not None
    holds_code = all(row[-1].find(".//pre") is not None or row[-1].find(".//code") is not None for row in cells)
    if not (named or around or holds_code) or (len(rows) < _NUMBER_ROWS and not (holds_code or named)):
        return None
    return "\n".join(_lines(row[-1]).strip("\n") for row in cells), _language(
        next(cells[0][-1].iter("code", "pre"), table)
    )


def _is_number(cell: Element) -> bool:
    return text_of(cell).replace(" ", "").isdigit() or (
        not text_of(cell) and any(_NUMBERS.fullmatch(each) for each in tokens(cell))
    )
