"""Parts of pages that people see and a converter would lose: labels, alternative texts, notes, readings, formulas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_tree import become, become_text, by_name, closest, drop, is_in, of_own_making, text_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element as Element

_MENDED = (
    *("template", "noscript", "button", "input", "svg", "img", "area", "iframe", "video", "audio", "summary"),
    *("a", "sup", "abbr", "ruby", "table", "label", "span"),
)
_BADGES = ("tag", "badge", "label", "chip", "pill", "btn")
_INVISIBLE = ("script", "style", "head", "select", "textarea", "datalist", "noframes", "link")
_LABELS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "legend", "th", "caption", "figcaption"})
_INLINE = frozenset({"a", "button", "span", "li", "label", "summary", *_LABELS})
_QUIET = frozenset({"span", "i", "a", "em", "b", "svg", "small", "sup"})
_TABLE_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th", "caption")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("table", "pre", *_HEADINGS)
_READING = frozenset({"rt"})
_TABLE = frozenset({"table"})
_OPENING = re.compile(r"accordion|collaps|toggle|expand|faq|question|tab|disclosure|summary|panel|title", re.IGNORECASE)
_ARROWS = frozenset("↩↩︎↑^⏎#¶§🔗⬆←")
_FILE_NAME = re.compile(r"[\w%.-]+\.(?:png|jpe?g|gif|svg|webp|avif|bmp)", re.IGNORECASE)
_NOTE_TARGET = re.compile(r"#(?:[\w:.-]*[-_:.])?(?:fn|footnote|endnote|note|cite|sdfootnote|ftn)[\w:.-]*$", re.I)
_BACK_TARGET = re.compile(r"#(?:[\w:.-]*[-_:.])?(?:fnref|cite_ref|footnote-ref|noteref|ftnref|sdfootnote\w+anc)", re.I)
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_RAISABLE = re.compile(r"[+\-−]?[0-9]+|n")
_WORD_BEFORE = re.compile(r"[^\W\d_]{4,}[.,;:!?\"'”’)]*$|[.,;:!?\"”]$")
_TEX = re.compile(r"math/tex|application/x-tex", re.IGNORECASE)
_LONG_LABEL = 3
"""Words from which the text of a button is more than a command."""


def show_visible(root: Element) -> None:
    """Remove what no page shows, or only as a choice; formulas become text."""
    found = by_name(root, "math", *_INVISIBLE)
    _formulas(found["math"], found["script"])
    for element in (element for name in _INVISIBLE for element in found[name] if element.tag == name):
        drop(element)


def mend(root: Element, described: list[Element]) -> None:
    """Make what a converter would lose plain elements, in their places.

    ``described`` are the elements with a role or a label for readers who listen.
    """
    found = by_name(root, *_MENDED)
    for template in found["template"]:
        if template.get("shadowrootmode"):
            become(template, "div")
        else:
            drop(template)
    _quiet(described)
    _noscripts(root, found["noscript"])
    _tabs([each for each in described if each.get("role") in ("tab", "tabpanel") and is_in(each, root)])
    for button in found["button"]:
        if is_in(button, root):
            _button(button)
    for field in found["input"]:
        _input(field)
    _svgs(root, found["svg"])
    _images([*found["img"], *found["area"]])
    for frame in (*found["iframe"], *found["video"], *found["audio"]):
        become_text(frame, frame.get("title") or frame.get("aria-label") or "", "p")
    _label(each for each in described if each.get("aria-label") and is_in(each, root))
    _references(found["a"])
    for raised in found["sup"]:
        _raise(raised)
    for short in found["abbr"]:
        if short.get("title") and short.get("title") != text_of(short):
            short.tail = f" ({short.get('title')}){short.tail or ''}"
    for ruby in found["ruby"]:
        _ruby(ruby)
    for summary in found["summary"]:
        if next(summary.iter(*_HEADINGS), None) is not None:
            become(summary, "div")
    for table in [table for table in found["table"] if _is_layout(table)]:
        _unwrap_table(table)
    _apart([*found["a"], *found["label"], *found["span"], *of_own_making(root)])


def _quiet(described: list[Element]) -> None:
    """Drop small parts that are hidden from readers who listen: symbols, and formulas that stand there twice."""
    for element in described:
        if element.get("aria-hidden") == "true" and element.tag in _QUIET:
            text = text_of(element)
            if element.tag == "svg" or "katex-html" in tokens(element) or len(text) < _LONG_LABEL:
                drop(element)


def _noscripts(body: Element, found: list[Element]) -> None:
    for element in found:
        known = {each.get("alt") for each in body.iter("img") if closest(each, frozenset({"noscript"})) is None}
        images = [each for each in element.iter("img") if each.get("alt") and each.get("alt") not in known]
        become_text(element, " ".join(each.get("alt") or "" for each in images))


def _tabs(described: list[Element]) -> None:
    """Put the label of each tab in front of its panel."""
    tabs = [each for each in described if each.get("role") == "tab"]
    panels = [each for each in described if each.get("role") == "tabpanel"]
    if not tabs:
        return
    named = {panel.get("id"): panel for panel in panels if panel.get("id")}
    labelled = {panel.get("aria-labelledby"): panel for panel in panels if panel.get("aria-labelledby")}
    for number, tab in enumerate(tabs):
        target = (tab.get("aria-controls") or tab.get("href") or tab.get("data-bs-target") or "").lstrip("#")
        panel = named.get(target)
        if panel is None:
            panel = labelled.get(tab.get("id"))
        if panel is None and len(tabs) == len(panels):
            panel = panels[number]
        if panel is None:
            become(tab, "p")
            continue
        label = panel.makeelement("p", {})
        bold = panel.makeelement("strong", {})
        bold.text = text_of(tab)
        label.append(bold)
        label.tail, panel.text = panel.text, None
        panel.insert(0, label)
        around = tab.getparent()
        drop(tab)
        if around is not None and around.tag == "li" and not text_of(around):
            drop(around)


def _button(button: Element) -> None:
    text = text_of(button)
    parent = button.getparent()
    inside = closest(button, _LABELS) is not None
    says = any(button.get(name) for name in ("aria-expanded", "aria-controls", "data-target", "data-bs-target"))
    says = says or bool(_OPENING.search(button.get("class") or ""))
    if inside or (text and (says or text.endswith("?") or len(text.split()) > _LONG_LABEL)):
        become(button, "span" if inside else "p")
    elif parent is not None:
        drop(button)


def _input(field: Element) -> None:
    kind = (field.get("type") or "").lower()
    if kind == "image" and field.get("alt"):
        become_text(field, field.get("alt") or "")
    elif kind != "checkbox" or closest(field, frozenset({"li"})) is None:
        drop(field)


def _svgs(root: Element, found: list[Element]) -> None:
    for svg in found:
        if not is_in(svg, root):
            continue
        words = list(_svg_words(svg))
        parent = svg.getparent()
        drawn = next(svg.iter("text", "foreignobject", "foreignObject"), None) is not None
        if not drawn and parent is not None and parent.tag in _INLINE and text_of(parent) != text_of(svg):
            words = []
        elif not words and svg.get("aria-label"):
            words = [svg.get("aria-label") or ""]
        become_text(svg, "\n".join(words), "span" if parent is not None and parent.tag in _INLINE else "p")


def _svg_words(svg: Element) -> Iterator[str]:
    for element in svg.iter("title", "desc", "text", "foreignobject", "foreignObject"):
        inner = element.iter("tspan", "div", "p", "br", "li")
        for each in inner:
            if each.tag != "tspan" or each.get("x") or each.get("y") or each.get("dy"):
                each.text = " " + (each.text or "")
        if text := text_of(element):
            yield text


def _images(found: list[Element]) -> None:
    for image in found:
        alt = " ".join((image.get("alt") or image.get("aria-label") or image.get("title") or "").split())
        figure = closest(image, frozenset({"figure"}))
        caption = next(figure.iter("figcaption"), None) if figure is not None else None
        parent = image.getparent()
        said = [text_of(each) for each in (caption, parent) if each is not None]
        if not alt or alt in said or _FILE_NAME.fullmatch(alt):
            drop(image)
        else:
            is_symbol = len(alt) <= _LONG_LABEL
            become_text(image, alt if is_symbol else f" {alt} ", "p" if image.tag == "area" else "span")


def _label(labelled: Iterable[Element]) -> None:
    """Give elements without text the label that they have for readers who listen."""
    for element in labelled:
        if not text_of(element) and element.tag not in ("nav", "input", "hr", "ul", "ol", "table", "tr", "td", "br"):
            if element.tag == "a" and (element.get("href") or "#").startswith("#"):
                continue
            element.text = element.get("aria-label")


def _references(links: list[Element]) -> None:
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
        short = len(text) <= _LONG_LABEL or text.strip("[]()*").isdigit()
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


def _raise(raised: Element) -> None:
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


def _ruby(ruby: Element) -> None:
    """Put the reading of a word behind the word."""
    readings = [text_of(each) for each in ruby.iter("rt") if closest(each, _READING) is None]
    for each in [*ruby.iter("rt", "rp", "rtc")]:
        if is_in(each, ruby):
            drop(each)
    reading = (" " if any(each.isascii() for each in readings) else "").join(readings)
    become_text(ruby, "".join(text_of(ruby).split()) + (f"({reading})" if reading else ""))


def _formulas(formulas: list[Element], scripts: list[Element]) -> None:
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


def _is_layout(table: Element) -> bool:
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return True
    parts = [each for each in table.iter("tr") if closest(each, _TABLE) is table]
    if next((each for each in table.iter(*_BLOCKS) if each is not table), None) is not None:
        return True
    return len(parts) == 1 and next(table.iter("th", "thead"), None) is None and table.find(".//p") is not None


def _unwrap_table(table: Element) -> None:
    for each in [*table.iter(*_TABLE_PARTS)]:
        if closest(each, _TABLE) is table:
            become(each, "div")
    become(table, "section")


def _apart(found: list[Element]) -> None:
    """Keep apart what a page sets apart by style alone: links, labels, badges, and elements of its own making."""
    for element in found:
        if element.tail:
            continue
        follows = element.getnext()
        if follows is None or follows.tag != element.tag:
            continue
        if element.tag != "span" or any(each in _BADGES for each in tokens(element)):
            element.tail = " "
