"""References to notes, raised figures, readings of words, and formulas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_tree import LONG_LABEL, become, become_text, closest, drop, is_in, text_of, tokens

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_READING = frozenset({"rt"})
_ARROWS = frozenset("↩↩︎↑^⏎#¶§🔗⬆←")
_NOTE_TARGET = re.compile(r"#(?:[\w:.-]*[-_:.])?(?:fn|footnote|endnote|note|cite|sdfootnote|ftn)[\w:.-]*$", re.I)
_BACK_TARGET = re.compile(r"#(?:[\w:.-]*[-_:.])?(?:fnref|cite_ref|footnote-ref|noteref|ftnref|sdfootnote\w+anc)", re.I)
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_RAISABLE = re.compile(r"[+\-−]?[0-9]+|n")
_WORD_BEFORE = re.compile(r"[^\W\d_]{4,}[.,;:!?\"'”’)]*$|[.,;:!?\"”]$")
_TEX = re.compile(r"math/tex|application/x-tex", re.IGNORECASE)


def mark_references(links: list[Element]) -> None:
    """Make references to notes ``[1]``, and drop links that lead back from them or to the place where they stand."""
    for link in links:
        target = link.get("href")
        if not target:
            continue
        if "#" not in target:
            if target.startswith(("javascript:", "data:")):
                del link.attrib["href"]
            continue
        role = (link.get("role") or link.get("epub:type") or "").lower()
        if not (role or target.startswith("#") or _NOTE_TARGET.search(target)):
            continue
        text = text_of(link)
        if role.endswith("backlink") or not text or set(text) <= _ARROWS:
            if target.startswith("#") or role.endswith("backlink"):
                drop(link)
            continue
        short = len(text) <= LONG_LABEL or text.strip("[]()*").isdigit()
        if not (short or role):
            continue
        raised = link.find("sup") is not None or closest(link, frozenset({"sup"})) is not None
        names = " ".join(tokens(link))
        if role.endswith("noteref") or (short and ("footnote" in names or raised or _NOTE_TARGET.search(target))):
            if _BACK_TARGET.search(target) and not raised:
                continue
            become_text(link, f"[{text.strip('[]()')}]")
            around = link.getparent()
            if around is not None and around.tag == "sup" and text_of(around) == link.text:
                become(around, "span")


def raise_figure(raised: Element) -> None:
    """Keep a raised figure apart from the word in front of it."""
    text = text_of(raised)
    if len(raised) or not _RAISABLE.fullmatch(text):
        return
    previous, parent = raised.getprevious(), raised.getparent()
    before = previous.tail if previous is not None else parent.text if parent is not None else ""
    if text.isdigit() and _WORD_BEFORE.search(before or ""):
        become_text(raised, f"[{text}]")
    else:
        become_text(raised, text.translate(_RAISED))


def join_ruby(ruby: Element) -> None:
    """Put the reading of a word behind the word."""
    readings = [text_of(each) for each in ruby.iter("rt") if closest(each, _READING) is None]
    for each in [*ruby.iter("rt", "rp", "rtc")]:
        if is_in(each, ruby):
            drop(each)
    reading = (" " if any(each.isascii() for each in readings) else "").join(readings)
    become_text(ruby, "".join(text_of(ruby).split()) + (f"({reading})" if reading else ""))


def keep_formulas(formulas: list[Element], scripts: list[Element]) -> None:
    """Keep formulas as TeX where the page has that, and once."""
    for script in scripts:
        if _TEX.match(script.get("type") or "") and script.text:
            become_text(script, f"${script.text.strip()}$")
            for name in ("MathJax", "MathJax_Preview", "MathJax_Display"):
                before = script.getprevious()
                while before is not None and name in (before.get("class") or ""):
                    drop(before)
                    before = script.getprevious()
    for formula in formulas:
        tex = next((each.text for each in formula.iter("annotation") if _TEX.match(each.get("encoding") or "")), None)
        tex = tex or formula.get("alttext")
        if tex:
            become_text(formula, f"${tex.strip()}$")
        else:
            for each in [*formula.iter("annotation", "annotation-xml")]:
                drop(each)
