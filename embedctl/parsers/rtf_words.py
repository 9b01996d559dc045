"""The control words of RTF that a reader has to know: characters, groups that stand apart, code pages, styles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = re.compile(
    rb"\\(?:([a-zA-Z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
CHARACTERS = {
    b"par": "\n\n", b"sect": "\n\n", b"page": "\n\n", b"line": "\n", b"tab": "\t", b"emdash": "—", b"endash": "–",
    b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"emspace": " ",
    b"enspace": " ", b"softline": "\n", b"column": "\n",
}  # fmt: skip
SIGNS = {b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n\n", b"\r": "\n\n", b"\t": "\t"}
APART = {
    b"footnote": "notes", b"annotation": "comments", b"header": "header", b"headerl": "header", b"headerr": "header",
    b"headerf": "header", b"footer": "footer", b"footerl": "footer", b"footerr": "footer", b"footerf": "footer",
    b"title": "title", b"author": "author", b"subject": "subject", b"keywords": "keywords", b"category": "category",
    b"doccomm": "description", b"shptxt": "boxes", b"atnauthor": "commenter",
}  # fmt: skip
LEFT_OUT = frozenset(
    b"fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator pict fldinst datafield"
    b" nonshppict info themedata colorschememapping latentstyles datastore xmlnstbl ftnsep ftnsepc ftncn aftnsep"
    b" aftnsepc aftncn atnid atnref atndate atntime atrfstart atrfend bkmkstart bkmkend revtbl filetbl private"
    b" objdata mmathPr sp shprslt template operator company manager hlinkbase userprops pgptbl listpicture".split()
)
OPTIONAL = frozenset(b"shpinst shptxt annotation atnauthor pn pntext listtext fldrslt footnote nesttableprops".split())
"""Groups that are read although a reader may leave them out."""
CHARSETS = {
    77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255,
    178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip
CODE_PAGES = {10000: "mac_roman", 1361: "johab", 65001: "utf-8"}
_STYLE = re.compile(rb"\{\\s(\d{1,4})([^{}]*)\}")
_WORDS = re.compile(rb"\\[a-zA-Z]+-?\d* ?")
_STYLE_HEADING = re.compile(rb"heading ([1-9])", re.IGNORECASE)
FONT = re.compile(rb"\\f(\d+)[^{};]*?\\fcharset(\d+)")
PROPERTIES = ("author", "subject", "keywords", "category", "description")


def heading_styles(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield number and level of the styles that are headings."""
    for number, about in _STYLE.findall(data):
        name = _WORDS.sub(b"", about).strip(b"; \r\n")
        if match := _STYLE_HEADING.fullmatch(name):
            yield int(number), int(match[1])
        elif name.lower() == b"title":
            yield int(number), 1
