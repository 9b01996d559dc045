"""Gitignore patterns, judged entry by entry.

``pathspec.GitIgnoreSpec`` answers for whole paths: a pattern that names a folder also answers for everything below.
A walk needs git's own rule instead (the last pattern that matches *this entry* decides, and folders that are ignored
are not entered), because a nested ``.gitignore`` may take a folder back without taking back every file in it. So
pathspec translates each pattern, and this module decides.
"""

from __future__ import annotations

import errno
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UnsupportedError, UsageError
from ..spelling import composed
from ..system.open_regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

IGNORE_FILES = (".embedctlignore", ".gitignore")
"""Strongest first: where both have something to say about an entry of their folder, the first one is heard."""

_MOST_BYTES, _MOST_LINES = 1_000_000, 10_000
"""Of an ignore file: each file that is met is compared with every line."""
_POSIX_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
_POSIX_CLASS = re.compile(r"\[:(alnum|alpha|digit|lower|upper|xdigit):\]")


class _Rule(NamedTuple):
    search: Callable[[str], re.Match[str] | None]
    by_name: bool
    """The pattern has no slash but its last character: it is about names at any depth."""
    folders_only: bool
    ignored: bool


class Patterns:
    """The patterns of one ignore file, or of one flag."""

    def __init__(self, lines: Iterable[str], above: str = "", below: str = "") -> None:
        """Compile ``lines``; those that git would discard are discarded.

        Args:
            lines: Gitignore lines, without line ends.
            above: What to put before a path that is relative to the walk's root (``docs/``) when the patterns
                belong to a folder above the root.
            below: What to take from it (``guides/``) when they belong to a folder below.
        """
        self._above = above
        self._cut = len(below)
        # Reversed: the last pattern that matches decides, so the first that we meet does.
        self._rules = [rule for line in lines if (rule := _compile(composed(line))) is not None][::-1]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def verdict(self, path: str, name: str, is_folder: bool) -> bool | None:
        """Return whether the entry is ignored, or ``None`` where no pattern matches it.

        ``path`` is relative to the walk's root; ``name`` is its last component.
        """
        local = self._above + path[self._cut :]
        if not local.isascii():
            local, name = composed(local), composed(name)
        for search, by_name, folders_only, ignored in self._rules:
            if folders_only and not is_folder:
                continue
            match = search(name if by_name else local)
            # pathspec captures the slash after a folder's name: then a folder above matched, not this entry.
            if match is not None and match.lastindex is None:
                return ignored
        return None


def ignored(chain: Iterable[Patterns], path: str, name: str, is_folder: bool) -> bool:
    """Return whether ``chain``, strongest patterns first, ignores an entry."""
    for patterns in chain:
        verdict = patterns.verdict(path, name, is_folder)
        if verdict is not None:
            return verdict
    return False


def flag_patterns(globs: Iterable[str], flag: str) -> Patterns:
    """Return what the user gave to ``--include`` or ``--exclude``; ``./docs`` means ``/docs``.

    Raises:
        UsageError: gitignore knows no such pattern.
    """
    lines = [glob.removeprefix(".") if glob.startswith("./") else glob for glob in globs]
    for line in lines:
        if _compile(line) is None:
            raise UsageError(f'{flag} "{line}" is not a pattern.', "Use gitignore's patterns, such as *.md or docs/**.")
    return Patterns(lines)


def read_patterns(file: str, above: str = "", below: str = "") -> Patterns:
    """Compile one ignore file; ``above`` and ``below`` as for ``Patterns``.

    Raises:
        OSError: the file cannot be read, or is larger than any list of patterns.
        UnsupportedError: it is a symbolic link, or no file; git does not read those either.
    """
    return Patterns(read_lines(file), above, below)


def read_lines(file: str) -> list[str]:
    """Return the lines of a file of patterns, without their ends.

    Raises:
        OSError, UnsupportedError: as for ``read_patterns``.
    """
    with open_regular(file) as stream:
        data = stream.read(_MOST_BYTES + 1)
    lines = os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")).split("\n")
    if len(data) > _MOST_BYTES or len(lines) > _MOST_LINES:
        raise OSError(errno.EFBIG, f"it has more than {_MOST_BYTES:,} bytes or {_MOST_LINES:,} lines")
    return [line.removesuffix("\r") for line in lines]


def enclosing_patterns(root: str) -> tuple[Patterns, ...]:
    """Return what the git repository around ``root`` says about it, strongest first; nothing outside of one.

    Raises:
        UsageError: an ignore file cannot be read; going on would take in what the user meant to keep out.
    """
    real = Path(root).resolve()
    top = next((folder for folder in (real, *real.parents) if _is_repository(folder)), None)
    if top is None:
        return ()
    found: list[Patterns] = []
    for folder in real.parents:
        if not folder.is_relative_to(top):
            break
        found.extend(_read_if_there(folder / name, real.relative_to(folder)) for name in IGNORE_FILES)
    found.append(_read_if_there(top / ".git" / "info" / "exclude", real.relative_to(top)))
    return tuple(filter(None, found))


def _is_repository(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:  # a folder that we may not look into; listing it is where that is told
        return False


def _read_if_there(file: Path, root: Path) -> Patterns:
    """Compile ``file``, whose patterns are about the folder in which the walk's root is ``root``."""
    above = "" if root == Path() else f"{root.as_posix()}/"
    try:
        return read_patterns(str(file), above)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, UnsupportedError):
        return Patterns(())
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f'"{file}" cannot be read: {reason}.', "Make it readable, or use --no-ignore.") from error


def _compile(line: str) -> _Rule | None:
    from pathspec.patterns.gitignore.base import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    line = _strip_trailing_spaces(line)
    if not line or line.startswith("#"):
        return None
    body = line.removesuffix("/")
    translatable = _POSIX_CLASS.sub(lambda match: _POSIX_CLASSES[match[1]], body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # re warns of "[[]", which is how globs spell "["
            pattern = GitIgnoreSpecPattern(translatable)
    except (GitIgnorePatternError, re.error):
        return None
    if pattern.include is None or pattern.regex is None:
        return None
    by_name = "/" not in body
    return _Rule(
        re.compile(_decided(pattern.regex.pattern)).search, by_name, folders_only=body != line, ignored=pattern.include
    )


def _decided(regex: str) -> str:
    """Return a pattern of pathspec's that takes time in proportion to a path, however many stars it has.

    Between two stars, the first place where the text between them occurs is as good as any other: there is no need to
    come back and try the next. So each star but the last of its kind is bound to what follows it.
    """
    regex = _bound(regex, "(?:/.+)?", "(?:/.+?)??", "(?=/)", crossing="(")
    return _bound(regex, "[^/]*", "[^/]*?", "", crossing="(/")


def _bound(regex: str, star: str, lazy: str, behind: str, crossing: str) -> str:
    first, *others = regex.split(star)
    bound = [
        star + text if any(character in text for character in crossing) else f"(?>{lazy}{text}{behind})"
        for text in others[:-1]
    ]
    return first + "".join(bound) + "".join(star + text for text in others[-1:])


def _strip_trailing_spaces(line: str) -> str:
    stripped = line.rstrip(" ")
    if stripped == line:
        return line
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return f"{stripped} " if backslashes % 2 else stripped
