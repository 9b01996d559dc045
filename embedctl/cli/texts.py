"""Query texts that begin with a dash: told from options by their blanks, so that they need no ``--``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def texts_last(arguments: Sequence[str], options: Iterable[str], with_value: Iterable[str]) -> list[str]:
    """Return the arguments of ``query`` with texts such as ``"-draft of the plan"`` moved behind a ``--``.

    Args:
        arguments: what follows ``query`` on the command line.
        options: every spelling of an option.
        with_value: those of them that take the next argument as their value.
    """
    known, valued = frozenset(options), frozenset(with_value)
    kept: list[str] = []
    texts: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            return [*kept, "--", *texts, *rest]
        dashed = argument.startswith("-") and any(character.isspace() for character in argument)
        if dashed and argument.split("=", 1)[0] not in known:
            texts.append(argument)
            continue
        kept.append(argument)
        if argument in valued:
            kept.extend([value] if (value := next(rest, None)) is not None else [])
    return [*kept, "--", *texts] if texts else kept
