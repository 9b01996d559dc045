"""Arrays as bare files."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

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
