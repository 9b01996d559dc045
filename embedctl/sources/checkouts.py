"""Folders that hold a second copy of a repository: git's linked worktrees, and submodules that are there already.

Such a folder has a file ``.git`` that names the folder of git's own data. Nothing of git is run, and what the file
names is only looked at.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path

from ..errors import UnsupportedError
from ..system.open_regular import open_regular

MARK = ".git"
_MOST_BYTES = 1 << 16
_GITDIR = re.compile(r"gitdir: (.+?)\s*\Z", re.DOTALL)
_URL = re.compile(r"^\[remote \"[^\"]*\"\]$(?:\n\s+(?!url\b).*)*\n\s+url = (.+)$", re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class Checkouts:
    """The repositories that a walk has met below its root."""

    def __init__(self, root: str) -> None:
        self._given = root

    @cached_property
    def _root(self) -> Path:
        return Path(os.path.realpath(self._given))

    @cached_property
    def _met(self) -> dict[tuple[str, ...], str]:
        """What was met -> its path below the root, empty for the root itself."""
        around = next((one for one in (self._root, *self._root.parents) if os.path.lexists(one / MARK)), None)
        common = None if around is None else _worktree(around)
        return {} if common is None else {(str(common),): ""}

    def repeated(self, path: str, absolute: str) -> str | None:
        """Return why the files of a folder with a file ``.git`` are left out, because they are there once more."""
        folder = Path(os.path.realpath(absolute))
        if (common := _worktree(folder)) is not None:
            main = common.parent
            if common.name == MARK and os.path.lexists(common / "index") and self._covers(main):
                return self._worktree_of(os.path.relpath(main, self._root))
            first = self._met.setdefault((str(common),), path)
            return None if first == path else self._worktree_of(first)
        if (module := _submodule(folder)) is not None:
            first = self._met.setdefault(module, path)
            same = f'the same commit of a git submodule as in "{first}" (--no-ignore takes it)'
            return None if first == path else same
        return None

    def _covers(self, main: Path) -> bool:
        return main.is_relative_to(self._root) or self._root.is_relative_to(main)

    @staticmethod
    def _worktree_of(first: str) -> str:
        of = "this source" if first in ("", ".") or first.startswith("..") else f'that in "{first}"'
        return f"a worktree of the same git repository as {of} (--no-ignore takes it)"


def _worktree(folder: Path) -> Path | None:
    """Return the folder that all worktrees of a repository share, if ``folder`` is a linked one."""
    data = _data_folder(folder)
    if data is None or data.parent.name != "worktrees":
        return None
    return data.parent.parent


def _submodule(folder: Path) -> tuple[str, ...] | None:
    """Return where a submodule comes from, and its commit, as far as that shows."""
    data = _data_folder(folder)
    if data is None or (url := _URL.search(_text(data / "config"))) is None:
        return None
    head = _text(data / "HEAD").strip()
    commit = _text(data / head.removeprefix("ref: ")).strip() if head.startswith("ref: refs/") else head
    return (url[1].strip(), commit) if _COMMIT.fullmatch(commit) else None


def _data_folder(folder: Path) -> Path | None:
    named = _GITDIR.match(_text(folder / MARK))
    return Path(os.path.realpath(folder / named[1])) if named and "\0" not in named[1] else None


def _text(file: Path) -> str:
    """Return the beginning of a file; empty where it cannot be read."""
    try:
        with open_regular(str(file)) as stream:
            return stream.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    except (OSError, UnsupportedError):
        return ""
