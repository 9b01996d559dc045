"""Words that sentences of the library and of the command line have in common."""

from __future__ import annotations


def counted(count: int, singular: str) -> str:
    """Return ``1 file``, ``1,204 files``, ``3 queries``."""
    plural = f"{singular[:-1]}ies" if singular.endswith("query") else f"{singular}s"
    return f"{count:,} {singular if count == 1 else plural}"


def percent(share: float) -> str:
    """Return ``12 %``, and one decimal near the ends; what is not nothing or all is not rounded to it."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.{0 if 0.0995 <= share < 0.995 or share == 1 else 1}f} %"
