"""Arrays as bare files."""

from __future__ import annotations

import mmap
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..errors import DamagedError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


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
    """Map an array of a file.

    Raises:
        DamagedError: it is missing, or has another length.
    """
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
