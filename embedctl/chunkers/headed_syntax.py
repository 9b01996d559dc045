"""Line patterns of Org, AsciiDoc, LaTeX and wiki text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..records import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ITEM = re.compile(r"[ \t]*(?:[-+*•]+|\d+[.)]|\.{1,5}|\\item\b|[#:;]+)[ \t]")


@dataclass(frozen=True, slots=True)
class Syntax:
    """The lines of a markup that have a meaning."""

    heading: re.Pattern[str]
    """With groups ``mark`` and ``title``."""
    level: Callable[[re.Match[str]], int]
    opens: re.Pattern[str]
    """A line that opens a verbatim block, with a group ``name``."""
    closes: Callable[[str], str]
    """Return the beginning of the line that closes a block, lower case, given its name."""
    table: re.Pattern[str]
    underline: re.Pattern[str] | None = None


_LATEX_LEVELS: Mapping[str, int] = {
    "part": 1,
    "chapter": 2,
    "section": 3,
    "subsection": 4,
    "subsubsection": 5,
    "paragraph": 6,
    "subparagraph": 7,
    "frametitle": 6,
    "begin{frame}": 6,
}
UNDERLINES = "=-~^+"
_BRACED = r"\{(?P<title>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\}){0,400})\}"

SYNTAXES = {
    Markup.ORG.value: Syntax(
        re.compile(
            r"(?P<mark>\*+)[ \t]+(?:(?:TODO|DONE|NEXT|WAITING|HOLD|CANCELED|CANCELLED)[ \t]+)?(?:\[#\w\][ \t]*)?"
            r"(?P<title>.*)$"
        ),
        lambda match: len(match["mark"]),
        re.compile(r"[ \t]*#\+begin_(?P<name>\w+)", re.IGNORECASE),
        lambda name: f"#+end_{name}",
        re.compile(r"[ \t]*\|"),
    ),
    Markup.ASCIIDOC.value: Syntax(
        re.compile(r"(?P<mark>={1,6}|#{1,6})[ \t]+(?P<title>\S.*)$"),
        lambda match: len(match["mark"]),
        re.compile(r"(?P<name>-{4,}|\.{4,}|/{4,}|\+{4,}|`{3,}|~{3,}(?=\w|$)|\|===|,===|:===)"),
        lambda name: name,
        re.compile(r"\|"),
        re.compile(rf"([{re.escape(UNDERLINES)}])\1{{2,}}[ \t]*$"),
    ),
    Markup.LATEX.value: Syntax(
        re.compile(
            r"[ \t]*\\(?P<mark>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph|frametitle|begin\{frame\})\*?"
            r"(?:[ \t]*\[[^\]]*\])*[ \t]*" + _BRACED
        ),
        lambda match: _LATEX_LEVELS[match["mark"]],
        re.compile(r"[ \t]*\\begin\{(?P<name>verbatim\*?|Verbatim|lstlisting|minted|comment|filecontents\*?|alltt)\}"),
        lambda name: f"\\end{{{name}}}",
        re.compile(r"[^%\\]*(?<!\\)&"),
    ),
    Markup.WIKI.value: Syntax(
        re.compile(r"(?P<mark>={1,6})(?P<title>[^=](?:.*[^=])?)(?P=mark)[ \t]*$"),
        lambda match: len(match["mark"]),
        re.compile(r"[ \t]*<(?P<name>pre|nowiki|syntaxhighlight|source)\b(?![^\n]*</(?P=name)>)", re.IGNORECASE),
        lambda name: f"</{name}>",
        re.compile(r"[ \t]*(?:\{\||\|)"),
    ),
}
_LINK = re.compile(r"\[\[(?:[^\[\]]*(?:\]\[|\|))?([^\[\]|]*)\]\]")
_ORG_TAGS = re.compile(r":[\w@#%:]+:")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?[ \t]*|[{}~]|\$")


def heading_source(title: str, markup: str) -> str:
    """Return a heading without the marks of its markup that are not Markdown's as well."""
    if markup == Markup.LATEX.value:
        return " ".join(_COMMAND.sub(" ", title).split())
    title = title.strip()
    if markup == Markup.ORG.value:
        before, _, last = title.rpartition(" ")
        title = before if _ORG_TAGS.fullmatch(last) else title
    elif markup == Markup.ASCIIDOC.value and title.endswith((" =", "=" * 2)):
        title = title.rstrip("=")
    return _LINK.sub(r"\1", title).replace("'''", "").replace("''", "")
