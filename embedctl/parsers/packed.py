"""Single files that are packed, such as ``notes.md.gz``: read by what is inside."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import ParseError, UnsupportedError
from .kinds import HEAD_BYTES, PARSERS, parser_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contracts import Parser
    from ..records import ParsedDocument

MOST_BYTES = 128 * 1024 * 1024
"""Most that a file may unpack to."""
MOST_LZMA_BYTES = 256 * 1024 * 1024
"""Memory for unpacking: a few bytes may ask for gigabytes."""

_STEP = 1 << 20
_TAR = 257
"""Where an archive of files says that it is one."""


def parse(data: bytes, path: str) -> ParsedDocument:
    """Return the document inside, by the parser for its content and for ``path`` without its last ending.

    Raises:
        ParseError: it is damaged, cut off, or unpacks to more than ``MOST_BYTES``.
        UnsupportedError: what is inside is empty, an archive, packed again, or of a kind that embedctl does not read.
    """
    inside = _unpacked(data) if data else data
    if not inside:
        raise UnsupportedError("empty file")
    if inside[_TAR : _TAR + 5] == b"ustar":
        raise UnsupportedError("archive; unpack it first")
    name = str(PurePosixPath(path).with_suffix(""))
    kind = parser_for(name, inside[:HEAD_BYTES])
    if kind == "packed":
        raise UnsupportedError("packed twice; unpack it first")
    parser: Parser = PARSERS.load(kind)
    return parser(inside, name)


def _unpacked(data: bytes) -> bytes:
    """Return the bytes of all streams in ``data``, one behind the other.

    Raises:
        ParseError: as for ``parse``.
    """
    unpack = next((unpack for mark, unpack in _BY_MARK if data.startswith(mark)), None)
    if unpack is None:
        raise ParseError("damaged, or packed in another way than its name says")
    try:
        return unpack(data)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise ParseError("damaged packed file: it cannot be unpacked to its end") from error


def _streams(data: bytes, decompressor: Callable[[], Any]) -> bytes:
    found, size = bytearray(), 0
    while data:
        unpacker = decompressor()
        while not unpacker.eof:
            given, piece = bool(data), unpacker.decompress(data, _STEP)
            data = getattr(unpacker, "unconsumed_tail", b"")
            if not piece and not given and not unpacker.eof:
                raise EOFError
            size += len(piece)
            if size > MOST_BYTES:
                raise ParseError(f"refused: it unpacks to more than {MOST_BYTES // 2**20} MB")
            found += piece
        data = unpacker.unused_data.lstrip(b"\0")
    return bytes(found)


def _gzip(data: bytes) -> bytes:
    return _streams(data, lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))


def _bzip2(data: bytes) -> bytes:
    return _streams(data, bz2.BZ2Decompressor)


def _xz(data: bytes) -> bytes:
    return _streams(data, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_LZMA_BYTES))


def _zstd(data: bytes) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        found = io.BytesIO()
        while piece := stream.read(_STEP):
            found.write(piece)
            if found.tell() > MOST_BYTES:
                raise ParseError(f"refused: it unpacks to more than {MOST_BYTES // 2**20} MB")
    return found.getvalue()


_BY_MARK: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b\x08", _gzip),
    (b"BZh", _bzip2),
    (b"\xfd7zXZ\0", _xz),
    (b"\x28\xb5\x2f\xfd", _zstd),
)
