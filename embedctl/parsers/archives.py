"""Zip archives, opened only when unpacking them is safe."""

from __future__ import annotations

import io
import zipfile

from ..errors import ParseError

MOST_BYTES = 512 * 1024 * 1024
"""Most that all members together may unpack to."""
SUSPICIOUS_BYTES = 50 * 1024 * 1024
MOST_RATIO = 200
"""A member that is larger than ``SUSPICIOUS_BYTES`` may not unpack to more than this times its size."""
_ENCRYPTED = 0x1


def open_archive(data: bytes, kind: str) -> zipfile.ZipFile:
    """Return the archive after checking its directory; ``kind`` names the format in messages, as in "EPUB file".

    Raises:
        ParseError: it is no zip archive, is protected by a password or unpacks to an absurd size.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise ParseError(f"not a readable {kind}: it is password-protected or in an old binary format")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
        raise ParseError(f"damaged or not a {kind}") from error
    total = 0
    for member in archive.infolist():
        total += member.file_size
        if member.flag_bits & _ENCRYPTED:
            raise ParseError(f"password-protected {kind}")
        if member.file_size > SUSPICIOUS_BYTES and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise ParseError(f"{kind} refused: one of its parts unpacks to {member.file_size // 10**6:,} MB")
    if total > MOST_BYTES:
        raise ParseError(f"{kind} refused: it unpacks to {total // 10**6:,} MB")
    return archive


def read_member(archive: zipfile.ZipFile, name: str, kind: str) -> bytes:
    """Return the bytes of one member.

    Raises:
        ParseError: there is no such member, or it is damaged.
    """
    try:
        return archive.read(name)
    except KeyError as error:
        raise ParseError(f"damaged {kind}: it lacks {name}") from error
    except Exception as error:  # zipfile and its decompressors raise half a dozen unrelated types
        raise ParseError(f"damaged {kind}: {name} cannot be unpacked") from error
