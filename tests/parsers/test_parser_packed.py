"""Packed single files are read by what is inside, within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import pyarrow as pa
import pytest

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse
from embedctl.parsers.packed import MOST_BYTES

NOTE = b"# Pumps\n\nOiled in May.\n"


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, "zstd", asbytes=True)
    return packed


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.mark.parametrize("ending", PACKERS)
def test_the_name_inside_decides(ending: str) -> None:
    document = parse(PACKERS[ending](NOTE), f"notes/a.md.{ending}")
    assert (document.title, document.text) == ("Pumps", NOTE.decode())
    assert parse(PACKERS[ending](b"x = 1\n"), f"a.py.{ending}").language == "python"


def test_streams_behind_each_other_and_rotated_logs() -> None:
    data = gzip.compress(b"first line\n", mtime=0) + gzip.compress(b"second line\n") + bytes(100)
    assert parse(data, "pump.log.2.gz").text == "first line\nsecond line\n"


@pytest.mark.parametrize("ending", PACKERS)
def test_what_is_cut_off_fails(ending: str) -> None:
    packed = PACKERS[ending](NOTE * 50)
    with pytest.raises(ParseError, match="unpacked to its end") as caught:
        parse(packed[: len(packed) - 12], f"a.md.{ending}")
    assert not isinstance(caught.value, UnsupportedError)


@pytest.mark.parametrize("ending", PACKERS)
def test_a_bomb_is_refused(ending: str) -> None:
    with pytest.raises(ParseError, match="it unpacks to more than 128 MB"):
        parse(PACKERS[ending](bytes(MOST_BYTES + 1)), f"a.txt.{ending}")


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("a.txt")
        info.size = len(NOTE)
        tar.addfile(info, io.BytesIO(NOTE))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG image"),
        (gzip.compress(NOTE, mtime=0), "packed twice"),
        (archive(), "archive; unpack it first"),
    ],
)
def test_what_is_inside_may_be_refused(inside: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        parse(gzip.compress(inside, mtime=0), "a.gz.gz" if reason == "packed twice" else "a.gz")


def test_another_content_than_the_name_says() -> None:
    with pytest.raises(ParseError, match="packed in another way"):
        parse(b"plain words", "a.txt.gz")
