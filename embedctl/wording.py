"""Words that sentences of the library and of the command line have in common."""

from __future__ import annotations


def counted(count: int, singular: str) -> str:
    """Return ``1 file``, ``1,204 files``."""
    return f"{count:,} {singular}{'' if count == 1 else 's'}"
