"""Names for interchangeable pieces, imported only when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``' Did you mean "x"?'`` for the closest of ``choices``, or an empty string."""
    import difflib

    close = difflib.get_close_matches(name, list(choices), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


class Registry:
    """A table from names to ``module:attribute`` strings."""

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._table = dict(table)

    def names(self) -> list[str]:
        """Return every registered name, in the table's order."""
        return list(self._table)

    def load(self, name: str) -> Any:
        """Import and return what ``name`` stands for.

        Raises:
            UsageError: no such name; the message lists the choices and the nearest one.
        """
        target = self._table.get(name)
        if target is None:
            choices = ", ".join(self._table)
            raise UsageError(
                f'There is no {self.kind} called "{name}".{nearest(name, self._table)}', f"Choose one of: {choices}."
            )
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
