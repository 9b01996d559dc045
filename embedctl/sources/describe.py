"""Turn what the user typed or listed into a ``Source``, and a ``Source`` back into a place on this machine."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import RecordFields, WalkRules
from ..errors import UsageError
from ..records import Source
from ..spelling import composed
from .paths import as_it_is_spelled, component_key, is_utf8, printable, require

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..config import SourceRequest

_UNSAFE = re.compile(r"[\s:#/\\\x00-\x1f\x7f]+")
_LIST_NAME = "files"


def requested_sources(
    paths: Sequence[Path], files: Sequence[str] | None, asked: SourceRequest, known: Sequence[Source], base: Path
) -> list[Source]:
    """Return the sources that ``paths`` and the list ``files`` (of ``--files-from``) stand for.

    A source that the store knows keeps its name, and its rules and fields where none are asked for. A list of files
    takes the place of the list that was given before under the same name. ``base`` is the folder that holds the store.

    Raises:
        UsageError: a path does not exist or is not valid UTF-8, the list is empty, or the name is taken, not fit to be
            one, or asked for several sources.
    """
    if asked.name and len(paths) + (files is not None) > 1:
        raise UsageError("One --name cannot serve several sources.", "Index them one at a time.")
    found: list[Source] = []
    for path in paths:
        source = _of_path(path, base, asked)
        old = next((other for other in known if same_place(source, other, base)), None)
        found.append(_settled(source, old, asked, [*known, *found]))
    if files is not None:
        source = _of_list(files, base, asked)
        name = asked.name or source.name
        old = next((other for other in known if other.only is not None and other.name == name), None)
        found.append(_settled(source, old, asked, [*known, *found]))
    return found


def source_root(source: Source, base: Path) -> Path:
    """Return the absolute path of the folder that ``source.root`` means for a store in ``base``."""
    below = _lexical(base / source.root)
    if not Path(source.root).is_absolute() and not below.is_relative_to(_lexical(base)):
        below = _lexical(base.resolve() / source.root)
    return as_it_is_spelled(below)


def path_from_base(root: str, path: str) -> str:
    """Return where a document, ``path`` below the source's ``root``, lies: from the store's base, or absolute."""
    return path if root in ("", ".") else f"{root.rstrip('/')}/{path}"


def forgotten_ids(source: Source) -> frozenset[str]:
    """Return the ids of documents that stay out of the source, also where an older embedctl spelled them otherwise."""
    return frozenset(source.forgotten) | frozenset(map(composed, source.forgotten))


def same_place(first: Source, second: Source, base: Path) -> bool:
    """Return whether both cover the same folder, or the same files of it, whatever their names and rules."""
    files = [None if source.only is None else set(map(composed, source.only)) for source in (first, second)]
    if files[0] != files[1]:
        return False
    return (
        composed(first.root) == composed(second.root)
        or source_root(first, base).resolve() == source_root(second, base).resolve()
    )


def _of_path(path: Path, base: Path, asked: SourceRequest) -> Source:
    """Describe the folder or file that the user named; a symbolic link to a file means the file it points to."""
    path = as_it_is_spelled(path)
    require(path)
    if path.is_dir():
        folder, only, name = path, None, _lexical(path).name
    else:
        file = path.resolve() if path.is_symlink() else path
        folder, only, name = file.parent, (file.name,), _stem(file.name)
    root = _root(folder, base, typed_relative=not path.is_absolute())
    if not is_utf8(root) or not is_utf8(name):
        raise UsageError(f'The name of "{printable(str(path))}" is not valid UTF-8.', "Rename it, then index it again.")
    name = _UNSAFE.sub("-", composed(name)).strip("-") or _LIST_NAME
    files = None if only is None else tuple(map(composed, only))
    return Source(name, composed(root), asked.rules or WalkRules(), asked.fields or RecordFields(), files)


def _of_list(paths: Sequence[str], base: Path, asked: SourceRequest) -> Source:
    """Describe listed files as one source, below ``base`` or the nearest folder above all of them.

    Files need not exist: the walk reports those that do not.
    """
    if not paths:
        raise UsageError("The list names no files.", "List one path on each line.")
    listed = [as_it_is_spelled(_lexical(Path(path))) for path in paths]
    top = _lexical(base)
    if not all(path.is_relative_to(top) for path in listed):
        top = Path(os.path.commonpath([path.parent for path in listed]))
    only = sorted({composed(path.relative_to(top).as_posix()) for path in listed}, key=component_key)
    root = _root(top, base, typed_relative=not any(Path(path).is_absolute() for path in paths))
    return Source(_LIST_NAME, composed(root), asked.rules or WalkRules(), asked.fields or RecordFields(), tuple(only))


def _settled(source: Source, old: Source | None, asked: SourceRequest, taken: Sequence[Source]) -> Source:
    """Return the source under a name of its own, or as the store knows it already."""
    if old is None:
        return replace(source, name=_name(asked.name, source.name, {other.name for other in taken}))
    if asked.name and asked.name != old.name:
        raise UsageError(
            f'This source is already in the store as "{old.name}".', f'Forget it first: "embedctl forget {old.name}".'
        )
    return replace(
        source,
        name=old.name,
        rules=source.rules if asked.rules else old.rules,
        fields=source.fields if asked.fields else old.fields,
        forgotten=old.forgotten,
    )


def _root(folder: Path, base: Path, typed_relative: bool) -> str:
    """Return ``folder`` as ``Source.root``: lexically below ``base`` if it can be, so that links in it keep working.

    Relative, too, where it was typed so: a project can then be moved or copied whole; else absolute.
    """
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
    if wanted is None:
        numbered = chain([own], (f"{own}-{number}" for number in count(2)))
        return next(name for name in numbered if name not in taken)
    if not wanted or _UNSAFE.search(wanted) or not is_utf8(wanted):
        message = f'"{printable(wanted)}" cannot be the name of a source.'
        raise UsageError(message, 'Leave out spaces, ":", "#" and slashes.')
    if wanted in taken:
        raise UsageError(f'There is already a source called "{wanted}".', "Give another --name.")
    return wanted
