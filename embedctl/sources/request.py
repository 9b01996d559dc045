"""Paths of a command line, matched with the sources that the store already covers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import RecordFields, SourceRequest, WalkRules
from ..errors import UsageError
from .describe import make_source, same_place, source_from_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import Source


def requested_sources(
    paths: Sequence[Path],
    files: Sequence[str] | None,
    asked: SourceRequest,
    known: Sequence[Source],
    base: Path,
) -> list[Source]:
    """Return the sources that ``paths`` and the list ``files`` stand for.

    A source that the store knows keeps its name, and its rules and fields where none are asked for. A list of files
    takes the place of the list that was given before under the same name.

    Raises:
        UsageError: a path does not exist, or one name is asked for several sources.
    """
    if asked.name and len(paths) + (files is not None) > 1:
        raise UsageError("One --name cannot serve several sources.", "Index them one at a time.")
    rules, fields = asked.rules or WalkRules(), asked.fields or RecordFields()
    found: list[Source] = []
    for path in paths:
        source = make_source(path, base, rules, fields, ())
        found.append(_settled(source, _same(source, known, base), asked, [*known, *found]))
    if files is not None:
        source = source_from_list(files, Path.cwd(), base, rules, fields, ())
        name = asked.name or source.name
        old = next((other for other in known if other.only is not None and other.name == name), None)
        found.append(_settled(source, old, asked, [*known, *found]))
    return found


def _same(source: Source, known: Sequence[Source], base: Path) -> Source | None:
    return next((other for other in known if same_place(source, other, base)), None)


def _settled(source: Source, old: Source | None, asked: SourceRequest, taken: Sequence[Source]) -> Source:
    names = {other.name for other in taken}
    if old is None:
        return replace(source, name=_free(asked.name or source.name, names, fixed=asked.name is not None))
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


def _free(name: str, taken: set[str], fixed: bool) -> str:
    if name in taken and fixed:
        raise UsageError(f'There is already a source called "{name}".', "Give another --name.")
    count, free = 1, name
    while free in taken:
        count += 1
        free = f"{name}-{count}"
    return free
