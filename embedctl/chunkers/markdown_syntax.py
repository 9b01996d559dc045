"""Markdown's line patterns, after CommonMark 0.31 and GitHub's tables."""

from __future__ import annotations

import re

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
SETEXT = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
FENCE = re.compile(r"(`{3,})(?=[^`]*$)|(~{3,})")
ITEM = re.compile(r"([ \t]*)([-+*]|\d{1,9}[.)])(?:([ \t]+)(.*)|)$")
DELIMITERS = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
REFERENCE = re.compile(r" {0,3}\[(?:[^\[\]\\]|\\.)+\]:[ \t]*\S+(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*$")

_RAW_TAGS = re.compile(r"<(?:script|pre|style|textarea)(?:[\s>]|$)", re.IGNORECASE)
_RAW_END = re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE)
_BLOCK_TAGS = re.compile(
    r"</?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|"
    r"fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|"
    r"menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|"
    r"ul)(?:\s|/?>|$)",
    re.IGNORECASE,
)
_ATTRIBUTE = r"\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:[^\s\"'=<>`]+|'[^']*'|\"[^\"]*\"))?"
_LONE_TAG = re.compile(rf"(?:<[A-Za-z][A-Za-z0-9-]*(?:{_ATTRIBUTE})*\s*/?>|</[A-Za-z][A-Za-z0-9-]*\s*>)\s*$")
_ENDS = (
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r"<![A-Za-z]"), re.compile(r">")),
    (_RAW_TAGS, _RAW_END),
)
BLANK_LINE = re.compile(r"^[ \t]*$")

_FRONT_ENDS = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
}


def front_matter_end(text: str, start: int) -> int:
    """Return where front matter ends whose first line ends at ``start``; ``start`` where there is none."""
    end = _FRONT_ENDS.get(text[: min(start, 80)].strip()) if start else None
    match = end.search(text, start) if end else None
    return match.end() if match else start


def html_end(content: str, *, in_paragraph: bool) -> re.Pattern[str] | None:
    """Return what ends the HTML block that ``content`` begins, ``None`` where it begins none."""
    for begin, end in _ENDS:
        if begin.match(content):
            return end
    if _BLOCK_TAGS.match(content) or (not in_paragraph and _LONE_TAG.match(content)):
        return BLANK_LINE
    return None


def atx_heading(line: str) -> tuple[int, str] | None:
    """Return level and source of a heading that begins with number signs."""
    match = _ATX.match(line)
    if match is None:
        return None
    source = line[match.end() :].strip(" \t")
    opened = source.rstrip("#")
    # Closing signs count only behind a blank, or where there is nothing else.
    closed = opened.rstrip(" \t") if not opened or opened[-1] in " \t" else source
    return len(match[1]), closed


def cells(row: str) -> int:
    """Return how many cells a table row has."""
    row = row.strip().replace("\\|", "")
    return row.strip("|").count("|") + 1 if "|" in row else 0


def opens_paragraph(content: str) -> bool:
    """Return whether a line of a container leaves a paragraph open."""
    if not content or RULE.match(content) or _ATX.match(content):
        return False
    return not (content[0] in "`~" and FENCE.match(content))


def interrupts(line: str, content: str) -> bool:
    """Return whether the line ends a paragraph that it might lazily continue."""
    if content[0] in "#`~":
        return bool(_ATX.match(line) or FENCE.match(content))
    if content[0] == "<":
        return html_end(content, in_paragraph=True) is not None
    return content[0] == ">" or bool(RULE.match(line))
