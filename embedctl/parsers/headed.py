"""Org, AsciiDoc, LaTeX and wiki text, kept verbatim: their titles, and what they say of themselves."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from ..records import JSON, Markup, ParsedDocument
from .bulk import without_encoded
from .decoding import decode_noted
from .latex import plain_latex
from .markup import TITLE_LENGTH, TITLE_REACH, one_line

_BRACED = r"(?:\[[^\]]{0,400}\])?\{((?:[^{}]|\{(?:[^{}]|\{[^{}]{0,400}\}){0,400}\}){0,800})\}"


class _Kind(NamedTuple):
    media_type: str
    markup: Markup
    title: re.Pattern[str]
    """With the title as its first group that matched."""
    fields: re.Pattern[str]
    """With a field's name and value as groups."""
    names: str
    """Fields that become metadata."""


_ORG = _Kind(
    "text/org",
    Markup.ORG,
    re.compile(r"^#\+title:[ \t]*(\S.*)$|^\*[ \t]+(?:(?:TODO|DONE)[ \t]+)?(.*)$", re.IGNORECASE | re.MULTILINE),
    re.compile(r"^#\+(\w+):[ \t]*(\S.*)$", re.MULTILINE),
    "title subtitle author date email language description keywords filetags category",
)
_ASCIIDOC = _Kind(
    "text/asciidoc",
    Markup.ASCIIDOC,
    re.compile(r"^[=#][ \t]+(\S.*)$|\A\s*(\w.*)\n={3,}[ \t]*$", re.MULTILINE),
    re.compile(r"^:([\w-]+):[ \t]+(\S.*)$", re.MULTILINE),
    "author authors email revdate revnumber description keywords lang subject category page-tags tags",
)
_LATEX = _Kind(
    "text/x-tex",
    Markup.LATEX,
    re.compile(rf"^[^%\n]*?\\title[ \t]*{_BRACED}|^[^%\n]*?\\(?:chapter|section)\*?{_BRACED}", re.MULTILINE),
    re.compile(rf"^[^%\n]*?\\(author|date|subtitle|keywords|institute){_BRACED}", re.MULTILINE),
    "author date subtitle keywords institute",
)
_WIKI = _Kind(
    "text/plain", Markup.WIKI, re.compile(r"^=([^=\n](?:.*[^=\n])?)=[ \t]*$", re.M), re.compile("(?!)()()"), ""
)
_KINDS = {".org": _ORG, ".tex": _LATEX, ".ltx": _LATEX, ".latex": _LATEX, ".wiki": _WIKI, ".mediawiki": _WIKI}
ENDINGS = "org adoc asciidoc tex ltx latex wiki mediawiki"

_ORG_TAGS = re.compile(r":[\w@#%:]+:")
_LINK = re.compile(r"\[\[(?:[^\[\]]*(?:\]\[|\|))?([^\[\]|]*)\]\]")


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the text as it is, with the title that it declares, else its first heading of the top level."""
    text, encoding, notes = decode_noted(data)
    text = without_encoded(text)
    kind = _KINDS.get(PurePosixPath(path).suffix.lower(), _ASCIIDOC)
    head = text[:TITLE_REACH].replace("\r\n", "\n")
    title = next((found for match in kind.title.finditer(head) if (found := _first(match, kind))), None)
    if kind.markup is Markup.ORG:  # a declared title counts wherever it stands
        declared = re.search(r"^#\+title:[ \t]*(\S.*)$", head, re.IGNORECASE | re.MULTILINE)
        title = _plain(declared[1], kind) if declared else title
    metadata = _fields(head, kind)
    language = metadata.get("language", metadata.get("lang"))
    return ParsedDocument(
        text,
        kind.media_type,
        kind.markup,
        title=title or None,
        language=language if isinstance(language, str) else None,
        encoding=encoding,
        metadata=metadata,
        notes=notes,
    )


def _first(match: re.Match[str], kind: _Kind) -> str:
    return _plain(next((group for group in match.groups() if group), ""), kind)


def _fields(head: str, kind: _Kind) -> dict[str, JSON]:
    """Return the declared fields; tags as a list."""
    wanted, found = set(kind.names.split()), {}
    for match in kind.fields.finditer(head):
        name = match[1].lower()
        if name == "filetags":
            found[name] = match[2]
        elif name in wanted and (value := _plain(match[2], kind)):
            found.setdefault(name, value)
    metadata: dict[str, JSON] = dict(found)
    if "filetags" in found:
        metadata["filetags"] = [tag for tag in found["filetags"].replace(":", " ").split() if tag]
    return metadata


def _plain(source: str, kind: _Kind) -> str:
    """Return one line without the marks of the markup."""
    source = source[:TITLE_LENGTH]
    if kind.markup is Markup.LATEX:
        source = plain_latex(source)
    elif kind.markup is Markup.ASCIIDOC:
        source = source.rstrip().removesuffix(" =")
    elif kind.markup is Markup.ORG:
        before, _, last = source.rstrip().rpartition(" ")
        source = before if _ORG_TAGS.fullmatch(last) else source
    return one_line(_LINK.sub(r"\1", source).replace("'''", "").replace("''", ""))
