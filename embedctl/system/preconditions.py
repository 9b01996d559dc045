"""Refusing work that clearly does not fit into memory or onto the disk before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ResourceError
from .memory import available_memory, free_disk

if TYPE_CHECKING:
    from pathlib import Path


def require_disk(folder: Path, needed: int, what: str) -> None:
    """Refuse to write ``needed`` bytes, at the least, where fewer are free; ``what`` begins a sentence.

    Raises:
        ResourceError: they clearly do not fit.
    """
    free = free_disk(folder)
    if free is not None and free < needed:
        raise ResourceError(
            f"{what} takes at least {_spelled(needed)} of disk, and {_spelled(free)} are free in {folder}.",
            "Make room and run the same command again; what was committed stays.",
        )


def require_memory(needed: int, what: str) -> None:
    """Refuse work that takes ``needed`` bytes of memory, at the least, where fewer are there.

    Raises:
        ResourceError: they clearly do not fit.
    """
    free = available_memory()
    if free is not None and free < needed:
        raise ResourceError(
            f"{what} takes at least {_spelled(needed)} of memory, and {_spelled(free)} are there.",
            "Close other programs or raise the limit, then run the same command again; what was committed stays.",
        )


def _spelled(size: int) -> str:
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"
