"""Messages in MIME: headers, parts and their bytes, found without copying and whatever is wrong with them.

The standard library reads the same in quadratic time where a hostile message wants it, and several times slower where
none does.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from .mail_words import bytes_of, decoded_words, in_charset

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_HEADER = 10_000
"""Characters of a header that are read."""
MOST_PARTS = 10_000
"""Parts of one multipart that are read."""
LONGEST_PADDING = 100
"""Bytes behind a boundary on its line that are looked at: they should be none, or blank."""

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)(?:\r?\n|\Z)")
_BLANK = re.compile(rb"[ \t]*\r?\n")
_POSTMARK = re.compile(rb"(?:>?From [^\r\n]*\r?\n)+")
_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OPENING = re.compile(rb"--([^\s]{1,200})[ \t]*\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_UNFOLDED = re.compile(r"\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part of one: ``data[start:end]`` is its body."""

    data: bytes
    start: int
    end: int
    headers: dict[str, str]
    """By lower-case name, the first of each: unfolded, bytes beyond ASCII as surrogate escapes."""

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case, empty where none is given."""
        spelled = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return spelled if spelled.count("/") == 1 else ""

    @property
    def disposition(self) -> str:
        """``attachment``, ``inline`` or whatever else it says of how it is to be shown; empty where it does not."""
        return self.headers.get("content-disposition", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The encoding that its text is said to be in."""
        return parameters(self.headers.get("content-type", "")).get("charset") or None

    @property
    def filename(self) -> str:
        """The name that it should be saved under, without folders; empty where it has none."""
        named = parameters(self.headers.get("content-disposition", "")).get("filename")
        named = named or parameters(self.headers.get("content-type", "")).get("name") or ""
        return re.split(r"[/\\]", decoded_words(named, self.charset))[-1].strip()

    def header(self, name: str) -> str:
        """Return a header as it reads, in one line; empty where there is none."""
        return decoded_words(self.headers.get(name, ""), self.charset)

    def payload(self) -> bytes:
        """Return the body without its transfer encoding; as much as can be decoded where that is damaged."""
        body = self.data[self.start : self.end]
        encoding = self.headers.get("content-transfer-encoding", "").strip().lower()
        if encoding == "base64":
            return _from_base64(body)
        if encoding == "quoted-printable":
            return quopri.decodestring(body)
        return _from_uuencode(body) if encoding in ("x-uuencode", "uuencode", "x-uue") else body

    def parts(self) -> list[Part]:
        """Return the parts of a multipart; none where no boundary is found in it."""
        boundary = bytes_of(parameters(self.headers.get("content-type", "")).get("boundary", "")).rstrip()
        if not boundary and (opening := _OPENING.match(self.data, self.start, self.end)):
            boundary = opening[1]
        bodies = _between(self.data, self.start, self.end, b"--" + boundary) if boundary else iter(())
        return [read_part(self.data, start, end) for start, end in islice(bodies, MOST_PARTS)]

    def message(self) -> Part:
        """Return the message that its body is."""
        if self.headers.get("content-transfer-encoding", "").strip().lower() in ("base64", "quoted-printable"):
            data = self.payload()
            return read_part(data, 0, len(data))
        return read_part(self.data, self.start, self.end)


def read_part(data: bytes, start: int, end: int) -> Part:
    """Read the headers of the message, or part, that is ``data[start:end]``; a line of a mailbox before it is none."""
    headers: dict[str, str] = {}
    postmark = _POSTMARK.match(data, start, end)
    at = postmark.end() if postmark else start
    while field := _FIELD.match(data, at, end):
        at = field.end()
        name = field[1].lower().decode("ascii")
        if name not in headers:
            headers[name] = _UNFOLDED.sub("", field[2][:MOST_HEADER].decode("ascii", "surrogateescape")).strip()
    blank = _BLANK.match(data, at, end)
    return Part(data, blank.end() if blank else at, end, headers)


def parameters(header: str) -> dict[str, str]:
    """Return the parameters of a header by name, those of RFC 2231 put together and decoded."""
    found: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, spelled in _PARAMETER.findall(header):
        value = _ESCAPED.sub(r"\1", spelled[1:-1]) if len(spelled) > 1 and spelled[0] == '"' else spelled.strip(' \t"')
        base, *rest = name.lower().split("*")
        if not rest:
            found.setdefault(base, value)
        else:
            number = int(rest[0]) if rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 10 else 0
            continued.setdefault(base, {}).setdefault(number, (name.endswith("*"), value))
    for base, pieces in continued.items():
        charset, data = None, b""
        for number in sorted(pieces):
            is_encoded, value = pieces[number]
            if is_encoded and charset is None and value.count("'") > 1:
                charset, _, value = value.split("'", 2)
            data += unquote_to_bytes(bytes_of(value)) if is_encoded else bytes_of(value)
        found[base] = in_charset(data, charset).text
    return found


def _between(data: bytes, start: int, end: int, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each part begins and ends: between delimiters that are lines of their own."""
    begun = -1
    for found in _line_beginnings(data, start, end, delimiter):
        at = found + len(delimiter)
        line_end = data.find(b"\n", at, end)
        line_end = end if line_end < 0 else line_end
        rest = data[at : min(line_end, at + LONGEST_PADDING)].strip()
        if rest not in (b"", b"--"):
            continue
        if begun >= 0:
            yield begun, max(begun, found - 2 if data[found - 2 : found] == b"\r\n" else found - 1)
        if rest:
            return
        begun = min(line_end + 1, end)
    if begun >= 0:
        yield begun, end


def _line_beginnings(data: bytes, start: int, end: int, delimiter: bytes) -> Iterator[int]:
    if data.startswith(delimiter, start, end):
        yield start
    at, line = start, b"\n" + delimiter
    while (found := data.find(line, at, end)) >= 0:
        at = found + 1
        yield at


def _from_base64(body: bytes) -> bytes:
    """Decode lines of base64, up to a padding in the middle, and without what is not base64."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:  # its end is missing
        pass
    digits = _NOT_BASE64.sub(b"", body.partition(b"=")[0])
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _from_uuencode(body: bytes) -> bytes:
    lines = iter(body.splitlines())
    decoded: list[bytes] = []
    for line in lines:
        if line.startswith(b"begin "):
            break
    for line in lines:
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return b"".join(decoded)
