"""Arrays as bare files: written, and looked through before they are mapped and believed."""

from __future__ import annotations

import mmap
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_BLOCK_BYTES = 1 << 24


def write_array(file: IO[bytes], array: NDArray[Any]) -> None:
    """Write an array's bytes, row by row.

    Not with numpy's ``tofile``, whose error does not say why it could not.

    Raises:
        OSError: with the system's number.
    """
    file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array's bytes to a new file; see :func:`write_array`."""
    with path.open("wb") as file:
        write_array(file, array)


def mapped(path: Path, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Map an array of a file, or raise a :class:`DamagedError` if that is missing or has another length."""
    dtype = np.dtype(kind)
    expected = int(np.prod(shape)) * dtype.itemsize
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size == expected:
                data = mmap.mmap(file.fileno(), expected, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}.") from error
    if size != expected:
        raise DamagedError(f"{path} has {size} bytes instead of {expected}.")
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def check_finite(path: Path, kind: str, count: int | None = None, hint: str = "") -> None:
    """Raise a :class:`DamagedError` if a number is NaN or infinite, or there are not ``count`` of them."""
    found = 0
    for numbers in _blocks(path, kind, hint):
        found += len(numbers)
        if not np.isfinite(numbers).all():
            raise DamagedError(f"{path} holds values that are not finite numbers.", hint)
    if count is not None and found != count:
        raise DamagedError(f"{path} has {found} numbers instead of {count}.", hint)


def check_ascending(path: Path, hint: str = "") -> None:
    """Raise a :class:`DamagedError` if a label is not larger than the one before it."""
    last = -1
    for labels in _blocks(path, "<u8", hint):
        if int(labels[0]) <= last or (labels[1:] <= labels[:-1]).any():
            raise DamagedError(f"{path} holds labels that are not in order.", hint)
        last = int(labels[-1])


def _blocks(path: Path, kind: str, hint: str) -> Iterator[NDArray[Any]]:
    dtype = np.dtype(kind)
    try:
        with path.open("rb") as file:
            while len(block := np.fromfile(file, dtype, _BLOCK_BYTES // dtype.itemsize)):
                yield block
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}.", hint) from error
