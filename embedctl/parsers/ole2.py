"""Files of the Compound File format: Office documents of before 2007, and protected ones of today."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..errors import ParseError, UnsupportedError
from . import sheet
from .converting import NeedsConverterError
from .kinds import OLE2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import ParsedDocument

KIND = "Office file of before 2007"
MOST_SECTORS = 100_000
"""Sectors of a directory that are followed."""

MOST_RECORDS = 20
"""Records of a workbook among which the one about encryption stands."""

_PROTECTED = {"docx": "Word document", "xlsx": "spreadsheet", "pptx": "PowerPoint presentation"}
_FILE_PASS = 0x2F
_ENTRY_BYTES = 128
_HEADER_BYTES = 512
_NO_SECTOR = 0xFFFFFFFA
"""Numbers from here on are no sectors."""
_ENCRYPTED_SLIDES = struct.pack("<I", 0xF3D1C4DF)
"""How the part "Current User" of a protected presentation marks itself."""


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the sheets of a workbook; refuse everything else with its reason.

    Raises:
        ParseError: the file is damaged or protected by a password.
        NeedsConverterError: it is a document or presentation, which a program outside has to convert.
        UnsupportedError: it is something else, such as a mail of Outlook.
    """
    if not data.strip():
        raise UnsupportedError("empty file")
    if not data.startswith(OLE2):
        raise ParseError(f"damaged or no {KIND}")
    streams = {name.lower(): place for name, place in _streams(data)}
    if "encryptedpackage" in streams:
        ending = path.rpartition(".")[2].lower()
        kind = next((kind for each, kind in _PROTECTED.items() if ending[:3] == each[:3]), "Office file")
        raise ParseError(f"password-protected {kind}")
    if "workbook" in streams or "book" in streams or path.lower().endswith((".xls", ".xlt")):
        if _is_protected(data, streams.get("workbook", streams.get("book", 0))):
            raise ParseError("password-protected spreadsheet")
        return sheet.parse(data, path)
    if "worddocument" in streams:
        start = streams["worddocument"]
        if int.from_bytes(data[start + 10 : start + 12], "little") & 0x100:
            raise ParseError("password-protected Word document")
        raise NeedsConverterError("doc")
    if "powerpoint document" in streams:
        if _ENCRYPTED_SLIDES in data:
            raise ParseError("password-protected PowerPoint presentation")
        raise NeedsConverterError("ppt")
    if not streams:
        raise ParseError(f"damaged or no {KIND}")
    raise UnsupportedError("binary file")


def _is_protected(data: bytes, start: int) -> bool:
    """Return whether one of the first records of a workbook says that the others are encrypted."""
    for _ in range(MOST_RECORDS):
        kind, length = struct.unpack("<HH", data[start : start + 4].ljust(4, b"\0"))
        if kind in (_FILE_PASS, 0):
            return bool(kind)
        start += 4 + length
    return False


def _streams(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield name and place of each stream and folder of the directory, as far as it can be read."""
    size = 1 << min(int.from_bytes(data[30:32], "little"), 16)
    (sector,) = struct.unpack_from("<I", data.ljust(_HEADER_BYTES, b"\0"), 48)
    tables = struct.unpack_from("<109I", data.ljust(_HEADER_BYTES, b"\0"), 76)
    seen: set[int] = set()
    while sector < _NO_SECTOR and sector not in seen and len(seen) < MOST_SECTORS:
        seen.add(sector)
        start = (sector + 1) * size
        for place in range(start, min(start + size, len(data) - _ENTRY_BYTES + 1), _ENTRY_BYTES):
            length = min(int.from_bytes(data[place + 64 : place + 66], "little"), 64)
            name = data[place : place + max(0, length - 2)].decode("utf-16-le", "replace")
            if name:
                yield name, (int.from_bytes(data[place + 116 : place + 120], "little") + 1) * size
        sector = _following(data, tables, sector, size)


def _following(data: bytes, tables: tuple[int, ...], sector: int, size: int) -> int:
    """Return the sector behind another one, by the table of the file."""
    table, place = divmod(sector, max(1, size // 4))
    if table >= len(tables) or tables[table] >= _NO_SECTOR:
        return _NO_SECTOR
    start = (tables[table] + 1) * size + 4 * place
    return int.from_bytes(data[start : start + 4].ljust(4, b"\xff"), "little")
