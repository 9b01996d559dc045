"""Groups of chunks by folder, at the depth that splits them best."""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEEPEST = 6
_NEARLY = 0.9


def folder_names(places: Sequence[tuple[str, str]], most: int) -> list[str]:
    """Return a folder for each pair of source and path, from the folder that has them all: cut at the same depth.

    The depth is the first at which the ``most`` largest folders, the last of them being all others, share the chunks
    out nearly as evenly as at any depth, by entropy. Where all chunks are in one folder, sources or files stand for it.
    """
    paths = [path.split("/") for _, path in places]
    sources = {source for source, _ in places}
    common = _common([path[:-1] for path in paths])
    top = paths[0][common - 1] if common else "top folder"
    cut = [["/".join(path[common:-1][:depth]) or top for path in paths] for depth in range(1, _DEEPEST + 1)]
    best = max(_evenness(names, most) for names in cut)
    if best > 0:
        return next(names for names in cut if _evenness(names, most) >= _NEARLY * best)
    if len(sources) > 1:
        return [source for source, _ in places]
    return [path[-1] for path in paths]


def _common(paths: Sequence[list[str]]) -> int:
    """Return how many leading folders all paths share."""
    first, last = min(paths), max(paths)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return shared


def _evenness(names: Sequence[str], most: int) -> float:
    """Return the entropy of the shares that the largest groups have, and of the rest as one, in nats."""
    counts = sorted(Counter(names).values(), reverse=True)
    shown = [*counts[: most - 1], sum(counts[most - 1 :])]
    total = sum(shown)
    return -sum(count / total * log(count / total) for count in shown if count)
