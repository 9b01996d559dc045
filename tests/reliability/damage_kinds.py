"""Ways to damage a file, and putting it back as it was."""

from __future__ import annotations

import os
import random
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE = 4096


@dataclass(frozen=True)
class Target:
    """A file to be damaged."""

    path: Path
    kind: str
    """Files of one kind hold the same sort of thing."""
    like: Path | None
    """Another file of its kind, with other bytes."""
    unlike: Path
    """A file of another kind."""


def flip(path: Path, seed: int) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    where = random.Random(f"{path.name}{seed}")
    data[where.randrange(len(data))] ^= 1 << where.randrange(8)
    path.write_bytes(bytes(data))


def zero_page(path: Path, seed: int) -> None:
    """Make a page of the file zero; one that is zero already is made 0xff."""
    data = path.read_bytes()
    at = random.Random(f"{path.name}{seed}").randrange(0, max(1, len(data)), PAGE) // PAGE * PAGE
    page = data[at : at + PAGE]
    path.write_bytes(data[:at] + (b"\0" if any(page) else b"\xff") * len(page) + data[at + PAGE :])


def _truncate(length: Callable[[int], int]) -> Callable[[Target], None]:
    return lambda target: os.truncate(target.path, length(target.path.stat().st_size))


def _append(target: Target) -> None:
    with target.path.open("ab") as file:
        file.write(b"\0" * 8)


def _replace(target: Target, other: Path) -> None:
    target.path.unlink()
    shutil.copyfile(other, target.path)


def _folder(target: Target) -> None:
    target.path.unlink()
    target.path.mkdir()


def _link(target: Target) -> None:
    aside = target.path.with_name("aside")
    target.path.rename(aside)
    target.path.symlink_to(aside)


def _dangle(target: Target) -> None:
    target.path.unlink()
    target.path.symlink_to(target.path.with_name("nowhere"))


def _pipe(target: Target) -> None:
    target.path.unlink()
    os.mkfifo(target.path)


FLIPS = 6

KINDS: dict[str, Callable[[Target], object]] = {
    **{f"bit {seed}": lambda target, seed=seed: flip(target.path, seed) for seed in range(FLIPS)},  # type: ignore[misc]
    **{f"page {seed}": lambda target, seed=seed: zero_page(target.path, seed) for seed in range(2)},  # type: ignore[misc]
    "empty": _truncate(lambda _: 0),
    "half": _truncate(lambda size: size // 2),
    "one byte short": _truncate(lambda size: size - 1),
    "longer": _append,
    "missing": lambda target: target.path.unlink(),
    "like": lambda target: _replace(target, target.like or target.unlike),
    "unlike": lambda target: _replace(target, target.unlike),
    "folder": _folder,
    "link": _link,
    "dangling link": _dangle,
    "pipe": _pipe,
    "unreadable": lambda target: target.path.chmod(0),
}


@contextmanager
def damaged(target: Target, kind: str) -> Iterator[None]:
    """Damage a file for a while; what is there afterwards is the file that was there before, inode and all."""
    path, kept = target.path, target.path.with_name("kept")
    path.rename(kept)
    shutil.copy2(kept, path)  # with its time, so that only what the damage does to it shows
    try:
        KINDS[kind](target)
        yield
    finally:
        path.chmod(0o600) if path.is_file() else None
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.with_name("aside").unlink(missing_ok=True)
        kept.rename(path)


def applies(target: Target, kind: str) -> bool:
    """Return whether a damage is one: an empty file has no bit, and root reads everything."""
    if kind == "unreadable":
        return os.geteuid() != 0
    empty = target.path.stat().st_size == 0
    return not (empty and kind.startswith(("bit", "page", "empty", "half", "one")))
