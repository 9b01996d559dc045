"""Sources that cover the same files: the one that names a file more closely has it, and the others leave it out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..sources.describe import source_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..records import FileEntry, SkippedEntry, Source

FORGOTTEN = "forgotten"
"""Why a source leaves out what ``forget`` removed."""


def closeness(source: Source, base: Path) -> tuple[bool, bool, int]:
    """Return what orders sources by how closely they name a file: a folder, one deeper down, a list, a single file."""
    listed = source.only is not None
    return listed and len(source.only or ()) == 1, listed, len(_real(source, base).parts)


def rivals(source: Source, sources: Sequence[Source], base: Path) -> list[Source]:
    """Return the sources that have what they share with ``source``; of two that are equally close, the first one."""
    root, own = _real(source, base), closeness(source, base)
    found = []
    earlier = True
    for other in sources:
        if other.name == source.name:
            earlier = False
            continue
        there = _real(other, base)
        if there.is_relative_to(root) or root.is_relative_to(there):
            close = closeness(other, base)
            if close > own or (close == own and earlier):
                found.append(other)
    return found


def with_losing(given: Iterable[Source], known: Sequence[Source], base: Path) -> list[Source]:
    """Return ``given`` and those of the ``known`` sources that may have to leave files to them, or get them back."""
    wanted = {source.name: source for source in given}
    every = [wanted.get(source.name, source) for source in known]
    every += [source for source in wanted.values() if source.name not in {one.name for one in known}]
    for source in known:
        if source.name not in wanted and any(rival.name in wanted for rival in rivals(source, every, base)):
            wanted[source.name] = source
    return list(wanted.values())


def taken_elsewhere(
    source: Source,
    sources: Sequence[Source],
    base: Path,
    walk: Callable[[Source, Path], Iterator[FileEntry | SkippedEntry]],
) -> dict[str, str]:
    """Return the files that other sources have: real path -> name of the source. ``walk`` meets a source's entries."""
    taken: dict[str, str] = {}
    own = _real(source, base)
    for rival in rivals(source, sources, base):
        root = source_root(rival, base)
        if not root.is_dir():
            continue
        real = _real(rival, base)
        for entry in walk(rival, root):
            # What a source has forgotten does not come back through another one.
            if isinstance(entry, tuple):
                path = f"{real}{entry.absolute[len(str(root)) :]}"
            elif entry.reason == FORGOTTEN:
                path = f"{real}/{entry.path}"
            else:
                continue
            if path.startswith(f"{own}/"):
                taken.setdefault(path, rival.name)
    return taken


def _real(source: Source, base: Path) -> Path:
    return Path(os.path.realpath(source_root(source, base)))
