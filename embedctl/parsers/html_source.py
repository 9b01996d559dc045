"""The source of a page, made readable for a parser of HTML."""

from __future__ import annotations

import html
import re

_TAG_PREFIX = re.compile(r"""\bxmlns:([\w-]+)\s*=\s*["']http://www\.w3\.org/1999/xhtml["']""")
_DECLARATIONS = re.compile(r"<!DOCTYPE\b[^<>\[]*\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*>", re.IGNORECASE)
_RAW = {"<!--": "-->", "<script": "</script", "<style": "</style"}
_CDATA = re.compile(r"<!\[CDATA\[|<!--|<script\b|<style\b", re.IGNORECASE)
_CDATA_MARKS = ("<![CDATA[", "]]>")
_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_HEAD_REACH = 16_384
_TAIL = 4_096


def readable_source(source: str) -> str:
    """Return a page without end tags at which the parser stops, code of servers, and declarations of entities."""
    ends = [place for name in ("</body", "</html") if (place := source.find(name)) >= 0]
    if ends or "</BODY" in source[-_TAIL:]:
        source = _without_ends(source, min(ends, default=0))
    if "?>" in source:
        source = without(source, "<?", "?>")
    if "%>" in source:
        source = without(source, "<%", "%>")
    if "<![CDATA[" in source:
        source = _with_cdata_as_text(source)
    head = source[:_HEAD_REACH]
    if "[" in head and (declared := _DECLARATIONS.search(head)):
        source = source[: declared.start()] + source[declared.end() :]
    if "xmlns:" in head and (prefix := _TAG_PREFIX.search(head)):
        source = re.sub(rf"(</?){re.escape(prefix[1])}:", r"\1", source)
    return source


def _without_ends(source: str, first: int) -> str:
    """Return ``source`` without the end tags of the page, at which the parser stops, where text follows them."""
    if len(source) - first < _TAIL:
        return source[:first] + _END.sub("", source[first:])
    for name in ("body", "html", "BODY", "HTML"):
        source = source.replace(f"</{name}>", "")
    return source


def without(source: str, begin: str, end: str) -> str:
    """Return ``source`` without what stands between the marks; a mark that is never closed stays."""
    pieces, position = [], 0
    while (start := source.find(begin, position)) >= 0 and (stop := source.find(end, start)) >= 0:
        pieces.append(source[position:start])
        position = stop + len(end)
    return "".join([*pieces, source[position:]])


def _with_cdata_as_text(source: str) -> str:
    """Return ``source`` with its CDATA sections as escaped text, but for those in scripts, styles and comments."""
    pieces, position = [], 0
    while match := _CDATA.search(source, position):
        mark = match[0].lower()
        begin, close = match.end(), _RAW.get(mark, _CDATA_MARKS[1])
        end = source.find(close, begin)
        if end < 0:
            break
        if mark in _RAW:
            pieces.append(source[position : end + len(close)])
        else:
            pieces += source[position : match.start()], html.escape(source[begin:end])
        position = end + len(close)
    return "".join([*pieces, source[position:]])
