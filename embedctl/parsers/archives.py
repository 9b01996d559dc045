"""Zip archives, opened only when unpacking them is safe.

What an archive says of itself is compared with what it is: a header may tell of a kilobyte and stand before ten
gigabytes of zeros, and a thousand members may be one and the same bytes.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from ..errors import ParseError, UnsupportedError
from .kinds import OLE2
from .markup import failing_as

MOST_BYTES = 512 * 1024 * 1024
"""Most that all members together may unpack to."""
SUSPICIOUS_BYTES = 50 * 1024 * 1024
MOST_RATIO = 200
"""A member that is larger than ``SUSPICIOUS_BYTES`` may not unpack to more than this times its size."""
MOST_MEMBERS = 50_000

_ENCRYPTED = 0x1
_DEFLATE_RATIO = 1032
"""Deflate never unpacks to more than this times its size."""
_LOCAL_HEADER = 30
_STEP = 1 << 20


def open_archive(data: bytes, kind: str) -> zipfile.ZipFile:
    """Return the archive after checking its members; ``kind`` names the format in messages, as in "EPUB file".

    Raises:
        UnsupportedError: there are no bytes.
        ParseError: it is not a zip archive, is protected by a password, unpacks to an absurd size or lies about it.
    """
    if not data:
        raise UnsupportedError("empty file")
    if data.startswith(OLE2):
        raise ParseError(f"not a readable {kind}: it is password-protected or in an old binary format")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
        raise ParseError(f"damaged or no {kind}") from error
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ParseError(f"{kind} refused: it has {len(members):,} members")
    total = 0
    for member in members:
        total += member.file_size
        if member.flag_bits & _ENCRYPTED:
            raise ParseError(f"password-protected {kind}")
        if member.file_size > SUSPICIOUS_BYTES and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise ParseError(f"{kind} refused: one of its parts unpacks to {member.file_size // 10**6:,} MB")
    if total > MOST_BYTES:
        raise ParseError(f"{kind} refused: it unpacks to {total // 10**6:,} MB")
    _check_order(members, kind)
    for member in members:
        _check_size(data, member, kind)
    return archive


def read_member(archive: zipfile.ZipFile, name: str, kind: str) -> bytes:
    """Return the bytes of one member.

    Raises:
        ParseError: there is no such member, or it is damaged.
    """
    with failing_as(f"damaged {kind}: {name} cannot be unpacked"):
        try:
            return archive.read(name)
        except KeyError as error:
            raise ParseError(f"damaged {kind}: it lacks {name}") from error


def _check_order(members: list[zipfile.ZipInfo], kind: str) -> None:
    """Refuse members that share bytes.

    Raises:
        ParseError: they do.
    """
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise ParseError(f"{kind} refused: its members overlap")
        end = member.header_offset + _LOCAL_HEADER + len(member.orig_filename) + member.compress_size


def _check_size(data: bytes, member: zipfile.ZipInfo, kind: str) -> None:
    """Refuse a member that unpacks to more than it says, where that could be much.

    Raises:
        ParseError: it does, or it is packed by a method that these formats do not know.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ParseError(f"damaged {kind}: {member.filename[:100]!r} is packed in a way that is not readable")
    if member.compress_type == zipfile.ZIP_STORED or member.compress_size * _DEFLATE_RATIO <= SUSPICIOUS_BYTES:
        return
    start = member.header_offset
    names = int.from_bytes(data[start + 26 : start + 28], "little") + int.from_bytes(
        data[start + 28 : start + 30], "little"
    )
    packed = memoryview(data)[start + _LOCAL_HEADER + names :][: member.compress_size]
    unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        while not unpacker.eof and packed and size <= member.file_size:
            size += len(unpacker.decompress(packed, _STEP))
            packed = memoryview(unpacker.unconsumed_tail)
    except zlib.error as error:
        raise ParseError(f"damaged {kind}: {member.filename[:100]!r} cannot be unpacked") from error
    if size > member.file_size:
        raise ParseError(f"{kind} refused: one of its parts unpacks to more than it says")
