"""Names for interchangeable pieces, imported only when asked for.

A name that is not embedctl's own is looked up among the entry points of installed packages.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``' Did you mean "x"?'`` for the closest of ``choices``, or an empty string."""
    import difflib

    close = difflib.get_close_matches(name, list(choices), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


class Registry:
    """A table from names to ``module:attribute`` strings, and the entry point group that extends it.

    Installed packages add names; they cannot replace one of the table.
    """

    def __init__(self, kind: str, table: Mapping[str, str], *, group: str = "") -> None:
        self.kind = kind
        self.group = group
        """Such as ``embedctl.parsers``; empty: no package can extend the table."""
        self._table = dict(table)

    def names(self, *, installed: bool = False) -> list[str]:
        """Return the names in the table's order; with ``installed``, those of installed packages follow, sorted."""
        added = [name for name in self._installed() if name not in self._table] if installed else []
        return [*self._table, *added]

    def extended_by(self, name: str) -> bool:
        """Return whether an installed package adds ``name``; imports nothing."""
        return name not in self._table and name in self._installed()

    def load(self, name: str) -> Any:
        """Import and return the object that is registered as ``name``.

        Raises:
            UsageError: no such name: the message lists the choices and the nearest one. Or a package that offers it
                cannot be imported, or two packages offer it.
        """
        if target := self._table.get(name):
            module, _, attribute = target.partition(":")
            return getattr(import_module(module), attribute)
        if points := self._installed().get(name):
            return _load(self.kind, points)
        choices = self.names(installed=True)
        hint = f"Choose one of: {', '.join(choices)}." if choices else f"Install a package that offers a {self.kind}."
        raise UsageError(f'There is no {self.kind} called "{name}".{nearest(name, choices)}', hint)

    def _installed(self) -> dict[str, list[EntryPoint]]:
        return _entry_points(self.group, tuple(sys.path)) if self.group else {}


@lru_cache(maxsize=32)
def _entry_points(group: str, _path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    """Return the entry points of ``group`` by name, sorted; 10 ms, so only where a name is not in the table."""
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, _package(point))):
        found.setdefault(point.name, []).append(point)
    return found


def _load(kind: str, points: list[EntryPoint]) -> Any:
    point = points[0]
    package = _package(point)
    if len(points) > 1:
        packages = ", ".join(map(_package, points))
        raise UsageError(
            f'Several packages offer a {kind} called "{point.name}": {packages}.', "Uninstall all but one."
        )
    try:
        return point.load()
    except Exception as error:  # code of others: it may raise anything
        raise UsageError(
            f'The {kind} "{point.name}" of the package {package} cannot be imported: {type(error).__name__}: {error}.',
            f"Repair the package, or remove it with: pip uninstall {package}",
        ) from error


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module
