"""Sizes, times and counts as people write and read them."""

from __future__ import annotations

import re

from ..errors import UsageError

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MANY_SECONDS = 100


def parse_size(text: str) -> int:
    """Return bytes: ``500``, ``32MB`` and ``1.5g`` in powers of 1000, ``32MiB`` in powers of 1024.

    Raises:
        UsageError: it is no size.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f'"{text}" is not a size.', "Write it like 500KB, 32MB or 1GiB.")
    number, unit, binary = match.groups()
    scale: int = (1024 if binary else 1000) ** _POWERS[unit.lower()]
    return round(float(number) * scale)


def size_text(count: int) -> str:
    """Return bytes in powers of 1000 with at most one decimal: ``48.2 MB``."""
    size, units = float(count), ["bytes", "KB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if size >= 100 or units[0] == "bytes" else f"{size:.1f} {units[0]}"


def time_text(seconds: float) -> str:
    """Return a duration in its two largest units: ``0.4 s``, ``85 s``, ``12 min 05 s``, ``2 h 05 min``."""
    if seconds < _MANY_SECONDS:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
