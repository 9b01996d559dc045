"""Find the files of a source: those of a folder that ignore files, flags and defaults leave.

What is ignored, hidden or excluded is not part of the source and is not mentioned. What is part of it and cannot be
taken (a symbolic link, a file that is too large, a folder that cannot be listed) is, with the reason.
"""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import STORE_DIRECTORY, WalkRules
from ..errors import UnsupportedError
from ..records import FileEntry, Outcome, SkippedEntry
from ..spelling import composed
from .checkouts import MARK, Checkouts
from .denied import denied, denied_folder
from .generated import Attributes, by_name
from .ignore import IGNORE_FILES, Patterns, enclosing_patterns, flag_patterns, ignored, read_patterns
from .mailboxes import is_mailbox
from .paths import as_it_is_spelled, component_key, is_utf8, printable, require
from .records import is_record_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    _Level = tuple[str, Iterator[os.DirEntry[str]], "Chain"]
    """A folder: its path with a slash at its end, empty for the root; its entries; the patterns that hold in it."""

NEVER_READ = frozenset({".git", ".hg", ".svn", STORE_DIRECTORY})
"""Always left out: version control's own files, and ours."""
SELDOM_WANTED = frozenset({"node_modules", "__pycache__"})
"""Folders left out unless ignore rules are off."""
VENV_MARK = "pyvenv.cfg"

GONE = "does not exist"
"""Why a listed file fails that is not there."""

Entry = FileEntry | SkippedEntry
Chain = tuple[Patterns, ...]


def walk(root: Path, rules: WalkRules, only: Sequence[str] | None = None, *, deny: bool = True) -> Iterator[Entry]:
    """Return the files below ``root`` that ``rules`` let through, ordered by path, component by component, bytewise.

    Ignore files count from the top of the enclosing git repository down. Symbolic links are not followed, but
    ``root`` itself may be one, and may be hidden. Paths are composed (Unicode's NFC), however the file system spells
    them; ``FileEntry.absolute`` is spelled as it is.

    Args:
        root: A folder, or one file.
        rules: Which files to take.
        only: Paths relative to ``root``. Only these are taken, hidden and ignored ones too; ``rules.include`` and
            ``rules.exclude`` still hold. A folder among them is walked by all the rules.
        deny: Skip files that hold keys or passwords by their name, listed ones too.

    Raises:
        UsageError: ``root`` does not exist, or a pattern in ``rules`` is not one.
    """
    require(root)
    if not root.is_dir():
        root, only = root.parent, (root.name,)
    walker = _Walker(str(root.absolute()), rules, deny)
    walker.wanted = walker.wanted or (only is not None and len(only) == 1)
    return walker.named(walker.folder("", walker.enclosing) if only is None else walker.listed(only))


class _Walker:
    def __init__(self, root: str, rules: WalkRules, deny: bool) -> None:
        self._root = root
        self._rules = rules
        self._deny = deny
        self._folder: tuple[str, str, str | None] = ("", "", None)
        """The folder of the last file, its own name, and why nothing in it is taken."""
        self._root_denied = denied_folder(os.path.realpath(root).split("/"))
        self._exclude = flag_patterns(rules.exclude, "--exclude") or None
        self._include = flag_patterns(rules.include, "--include") or None
        self.wanted = bool(rules.include)
        """Whether generated files are taken: ``--include`` lets them through, or a file is named by itself."""
        self._attributes = Attributes(root)
        self.enclosing = enclosing_patterns(root) if rules.ignore else ()
        self._checkouts = Checkouts(root)
        self._too_large = f"larger than the limit of {_size(rules.max_file_bytes)} (--max-file-size)"

    def folder(self, path: str, chain: Chain) -> Iterator[Entry]:
        """Walk ``path`` (relative, empty for the root); ``chain`` holds the patterns of the folders above it."""
        # An explicit stack, because folders can nest deeper than Python's recursion limit.
        stack: list[_Level] = []
        yield from self._enter(stack, path, chain)
        while stack:
            prefix, entries, chain = stack[-1]
            for entry in entries:
                path = prefix + entry.name
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if self._left_out(path, entry.name, is_folder, chain):
                        continue
                    if is_folder:
                        yield from self._enter(stack, path, chain)
                        break
                    yield self._entry(path, entry.path, entry.stat(follow_symlinks=False))
                except OSError as error:
                    yield _failed(path, f"cannot be read: {_reason(error)}")
            else:
                stack.pop()

    def named(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Yield the entries with their paths composed, but for a path of which the composed form is another file."""
        for entry in entries:
            if entry.path.isascii():
                yield entry
                continue
            path = composed(entry.path)
            if path == entry.path or (isinstance(entry, FileEntry) and self._is_another(path, entry.absolute)):
                yield entry
            else:
                yield entry._replace(path=path) if isinstance(entry, FileEntry) else replace(entry, path=path)

    def listed(self, only: Sequence[str]) -> Iterator[Entry]:
        """Take the files that the user listed, each once, in the order of a walk."""
        found: dict[str, Entry] = {}
        for given in only:
            path = posixpath.normpath(given)
            for entry in self._listed_path("" if path == "." else path):
                found[entry.path] = entry
        for path in sorted(found, key=component_key):
            yield found[path]

    def _listed_path(self, path: str) -> Iterator[Entry]:
        components = path.split("/")
        if forbidden := [component for component in components if component in NEVER_READ]:
            yield SkippedEntry(printable(path), f'inside "{forbidden[0]}", which is never read')
            return
        absolute = str(as_it_is_spelled(Path(self._absolute(path))))
        try:
            status = os.lstat(absolute)
        except (FileNotFoundError, NotADirectoryError):
            yield _failed(path, GONE)
            return
        except (OSError, ValueError) as error:
            yield _failed(path, f"cannot be read: {_reason(error)}")
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if self._exclude and any(self._exclude.verdict(*each) for each in _with_folders(path, is_folder)):
            return
        if is_folder:
            yield from self.folder(path, self._chain_above(components if path else []))
        elif self._included(path):
            yield self._entry(path, absolute, status)

    def _enter(self, stack: list[_Level], path: str, chain: Chain) -> Iterator[SkippedEntry]:
        """Push the folder's entries; yield a problem if it cannot be listed."""
        if not is_utf8(path):
            yield _failed(path, "its name is not valid UTF-8")
            return
        absolute = self._absolute(path)
        try:
            with os.scandir(absolute) as scan:
                entries = _sorted(scan)
        except OSError as error:
            yield _failed(path or ".", f"cannot be listed: {_reason(error)}")
            return
        prefix = f"{path}/" if path else ""
        if self._rules.ignore:
            names = {entry.name for entry in entries}
            if VENV_MARK in names and path:
                return
            if MARK in names and path and (reason := self._checkouts.repeated(path, absolute)):
                yield SkippedEntry(path, reason)
                return
            own, problems = self._own_patterns(prefix, names)
            yield from problems
            chain = own + chain
        stack.append((prefix, iter(entries), chain))

    def _own_patterns(self, prefix: str, names: set[str]) -> tuple[Chain, list[SkippedEntry]]:
        own: list[Patterns] = []
        problems: list[SkippedEntry] = []
        for name in IGNORE_FILES:
            if name not in names:
                continue
            try:
                own.append(read_patterns(self._absolute(prefix + name), below=prefix))
            except (FileNotFoundError, NotADirectoryError, UnsupportedError):
                continue  # git does not follow links either
            except OSError as error:
                problems.append(
                    _failed(prefix + name, f"cannot be read, so nothing is ignored by it: {_reason(error)}")
                )
        return tuple(filter(None, own)), problems

    def _chain_above(self, components: Sequence[str]) -> Chain:
        """Return the patterns that hold for a folder from the folders above it, strongest first."""
        chain = self.enclosing
        if not self._rules.ignore:
            return chain
        for depth in range(len(components)):
            prefix = "".join(f"{component}/" for component in components[:depth])
            chain = self._own_patterns(prefix, set(IGNORE_FILES))[0] + chain
        return chain

    def _left_out(self, path: str, name: str, is_folder: bool, chain: Chain) -> bool:
        rules = self._rules
        if name[0] == "." and (not rules.hidden or name in NEVER_READ):
            return True
        if is_folder and rules.ignore and name in SELDOM_WANTED:
            return True
        if self._exclude is not None and self._exclude.verdict(path, name, is_folder):
            return True
        if chain and ignored(chain, path, name, is_folder):
            return True
        return not is_folder and not self._included(path)

    def _included(self, path: str) -> bool:
        """Return whether ``--include`` takes the file, by its own name or by that of a folder above it."""
        if self._include is None:
            return True
        # Nearest first: the file's own verdict outweighs that of its folder, as in gitignore.
        verdicts = (self._include.verdict(*each) for each in _with_folders(path, is_folder=False))
        return next((verdict for verdict in verdicts if verdict is not None), False)

    def _entry(self, path: str, absolute: str, status: os.stat_result) -> Entry:
        if not is_utf8(path):
            return _failed(path, "its name is not valid UTF-8")
        if stat.S_ISLNK(status.st_mode):
            return SkippedEntry(path, "symbolic link, not followed")
        if not stat.S_ISREG(status.st_mode):
            return SkippedEntry(path, "not a regular file")
        if self._deny and (reason := self._denied(absolute)):
            return SkippedEntry(path, reason)
        if not self.wanted:
            name = path[path.rfind("/") + 1 :]
            if reason := by_name(name.lower()) or self._attributes.reason(path, name):
                return SkippedEntry(path, reason)
        # Record files are read row by row, and mailboxes by messages, so their size costs no memory.
        too_large = status.st_size > self._rules.max_file_bytes
        if too_large and not is_record_file(path) and not is_mailbox(path, absolute):
            return SkippedEntry(path, self._too_large)
        times = status.st_mtime_ns // 1000, status.st_ctime_ns // 1000
        return FileEntry(path, absolute, status.st_size, *times, self.wanted)

    def _denied(self, absolute: str) -> str | None:
        """Return why a file is left out for its name, or for that of a folder above it, the source's root included."""
        folder, _, name = absolute.rpartition("/")
        if folder != self._folder[0]:
            self._folder = folder, folder.rpartition("/")[2], denied_folder(folder.split("/"))
        return denied(name, self._folder[1]) or self._folder[2] or self._root_denied

    def _is_another(self, path: str, absolute: str) -> bool:
        try:
            return not os.path.samestat(os.lstat(self._absolute(path)), os.lstat(absolute))
        except OSError:
            return False

    def _absolute(self, path: str) -> str:
        return os.path.join(self._root, path) if path else self._root  # noqa: PTH118 - Path costs a third of the walk


def _with_folders(path: str, is_folder: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield path, name, and whether it is a folder, of an entry and of the folders above it, nearest first."""
    while path:
        above, _, name = path.rpartition("/")
        yield path, name, is_folder
        path, is_folder = above, True


def _failed(path: str, reason: str) -> SkippedEntry:
    return SkippedEntry(printable(path), reason, Outcome.FAILED)


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _sorted(scan: Iterable[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """Return a folder's entries in bytewise order of their names."""
    entries = sorted(scan, key=attrgetter("name"))
    if all(entry.name.isascii() for entry in entries):
        return entries
    return sorted(entries, key=lambda entry: os.fsencode(entry.name))


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} bytes"
