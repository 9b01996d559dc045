"""Paths as people type them, list them and read them in a report."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import UsageError
from ..registry import nearest
from ..spelling import composed

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_path_list(stream: BinaryIO, null_separated: bool) -> list[str]:
    """Return the paths that ``--files-from`` lists, in order, each once, empty ones left out.

    Newline-separated lists may have Windows line ends and a byte order mark. Bytes that are not UTF-8 come back as
    surrogate escapes, as ``os.fsdecode`` makes them.

    Raises:
        UsageError: the list is NUL-separated and the caller was not told so.
    """
    data = stream.read()
    if null_separated:
        entries = data.split(b"\0")
    elif b"\0" in data:
        raise UsageError("The list of files has NUL bytes in it.", "Add -0 to read a NUL-separated list.")
    else:
        entries = [line.rstrip(b"\r") for line in data.removeprefix(_BYTE_ORDER_MARK).split(b"\n")]
    return list(dict.fromkeys(os.fsdecode(entry) for entry in entries if entry))


def as_it_is_spelled(path: Path) -> Path:
    """Return the path under which there is something, where only the accents of ``path`` are put together otherwise."""
    if str(path).isascii() or os.path.lexists(path):
        return path
    found = Path(path.anchor)
    for part in path.relative_to(path.anchor).parts if path.anchor else path.parts:
        if not part.isascii() and not os.path.lexists(found / part):
            with suppress(OSError):
                part = next((one.name for one in found.iterdir() if composed(one.name) == composed(part)), part)
        found /= part
    return found if os.path.lexists(found) else path


def require(path: Path) -> None:
    """Check that there is something at ``path``.

    Raises:
        UsageError: there is not (the hint is the nearest name beside it), or the system does not let us look.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f'There is no file or folder "{printable(str(path))}".', _suggestion(path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f'"{printable(str(path))}" cannot be read: {reason}.', "Check its permissions.") from error


def _suggestion(path: Path) -> str:
    with suppress(OSError):
        if found := nearest(path.name, [beside.name for beside in path.parent.iterdir()]):
            return found.strip()
    return f"Relative paths start from {printable(str(Path.cwd()))}."


def is_utf8(text: str) -> bool:
    """Return whether ``text`` came from valid UTF-8, so that it can be written to a Parquet file."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(path: str) -> str:
    r"""Return ``path`` with each byte that is not UTF-8 as ``\xNN``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def component_key(path: str) -> list[bytes]:
    """Return the sort key that orders POSIX paths as a sorted walk meets them: component by component, bytewise."""
    return [os.fsencode(component) for component in path.split("/")]
