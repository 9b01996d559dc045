"""Turn what the user typed or listed into a ``Source``, and a ``Source`` back into a place on this machine."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..records import Source
from .paths import component_key, is_utf8, printable, require

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..config import RecordFields, WalkRules

_UNSAFE = re.compile(r"[\s:#/\\\x00-\x1f\x7f]+")
_LIST_NAME = "files"


def make_source(
    path: Path,
    base: Path,
    rules: WalkRules,
    fields: RecordFields,
    taken_names: Collection[str],
    name: str | None = None,
) -> Source:
    """Describe the folder or file that the user named.

    The root is relative to ``base`` where ``path`` lies inside it or was typed as a relative path, so that a project
    can be moved or copied whole; else it is absolute. A symbolic link to a file means the file it points to.

    Args:
        path: As typed, relative to the working directory or absolute.
        base: The folder that holds the store.
        rules: Which files of a folder to take.
        fields: Columns of record files.
        taken_names: Names of the store's other sources.
        name: The name to give it; ``None``: the folder's or file's own, with ``-2`` behind it where that is taken.

    Raises:
        UsageError: there is no such path, it is not valid UTF-8, or ``name`` is taken or not fit to be one.
    """
    require(path)
    if path.is_dir():
        folder, only, own_name = path, None, _lexical(path).name
    else:
        file = path.resolve() if path.is_symlink() else path
        folder, only, own_name = file.parent, (file.name,), _stem(file.name)
    root = _root(folder, base, typed_relative=not path.is_absolute())
    if not is_utf8(root) or not is_utf8(own_name):
        raise UsageError(f'The name of "{printable(str(path))}" is not valid UTF-8.', "Rename it, then index it again.")
    return Source(_name(name, own_name, taken_names), root, rules, fields, only)


def source_from_list(
    paths: Sequence[str],
    cwd: Path,
    base: Path,
    rules: WalkRules,
    fields: RecordFields,
    taken_names: Collection[str],
    name: str | None = None,
) -> Source:
    """Describe the files of ``--files-from`` as one source.

    Its root is ``base``, or the nearest folder above all of them where some lie outside. Files need not exist: the
    walk says which do not.

    Args:
        paths: As listed, relative to ``cwd`` or absolute.
        cwd: What relative paths start from.
        base: The folder that holds the store.
        rules: Which of the files, and of the files of a listed folder, to take.
        fields: Columns of record files.
        taken_names: Names of the store's other sources.
        name: The name to give it; ``None``: ``files``, with ``-2`` behind it where that is taken.

    Raises:
        UsageError: the list is empty, or ``name`` is taken or not fit to be one.
    """
    if not paths:
        raise UsageError("The list names no files.", "List one path on each line.")
    listed = [_lexical(cwd / path) for path in paths]
    top = _lexical(base)
    if not all(path.is_relative_to(top) for path in listed):
        top = Path(os.path.commonpath([path.parent for path in listed]))
    only = {path.relative_to(top).as_posix() for path in listed}
    root = _root(top, base, typed_relative=not any(Path(path).is_absolute() for path in paths))
    return Source(_name(name, _LIST_NAME, taken_names), root, rules, fields, tuple(sorted(only, key=component_key)))


def source_root(source: Source, base: Path) -> Path:
    """Return the absolute path of the folder that ``source.root`` means for a store in ``base``."""
    below = _lexical(base / source.root)
    if Path(source.root).is_absolute() or below.is_relative_to(_lexical(base)):
        return below
    return _lexical(base.resolve() / source.root)


def path_from_base(root: str, path: str) -> str:
    """Return where a document lies as the store writes it: from its base, or absolute where its source is.

    Args:
        root: ``Source.root``.
        path: The document's path below it.
    """
    return path if root in ("", ".") else f"{root.rstrip('/')}/{path}"


def same_place(first: Source, second: Source, base: Path | None = None) -> bool:
    """Return whether both cover the same folder, or the same files of it, whatever their names and rules.

    Without ``base``, a folder outside of it that was once given as a relative and once as an absolute path counts as
    two places.
    """
    if (first.only is None) != (second.only is None) or set(first.only or ()) != set(second.only or ()):
        return False
    if base is None or first.root == second.root:
        return first.root == second.root
    return source_root(first, base).resolve() == source_root(second, base).resolve()


def _root(folder: Path, base: Path, typed_relative: bool) -> str:
    """Return ``folder`` as ``Source.root``: lexically below ``base`` if it can be, so that links in it keep working."""
    plain, top = _lexical(folder), _lexical(base)
    if plain.is_relative_to(top):
        return plain.relative_to(top).as_posix()
    real, real_top = plain.resolve(), top.resolve()
    if real.is_relative_to(real_top) or typed_relative:
        with suppress(ValueError):  # another drive, on Windows
            return Path(os.path.relpath(real, real_top)).as_posix()
    return plain.as_posix()


def _lexical(path: Path) -> Path:
    """Return ``path`` absolute and without ``..``, its symbolic links as they are."""
    return Path(os.path.normpath(path.absolute()))


def _stem(file_name: str) -> str:
    name = Path(file_name)
    return Path(name.stem).stem if name.suffix.lower() == ".gz" else name.stem


def _name(wanted: str | None, own: str, taken: Collection[str]) -> str:
    if wanted is not None:
        if not wanted or _UNSAFE.search(wanted) or not is_utf8(wanted):
            message = f'"{printable(wanted)}" cannot be the name of a source.'
            raise UsageError(message, 'Leave out spaces, ":", "#" and slashes.')
        if wanted in taken:
            raise UsageError(f'There is already a source called "{wanted}".', "Give another --name.")
        return wanted
    safe = _UNSAFE.sub("-", own).strip("-") or _LIST_NAME
    name, count = safe, 1
    while name in taken:
        count += 1
        name = f"{safe}-{count}"
    return name
