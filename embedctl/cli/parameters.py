"""How a command declares its parameters: ``Annotated[type, Option(...)]`` on its arguments and option dataclasses."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """A flag; without names it is the field's own, with dashes. The default is that of the field."""

    names: tuple[str, ...]
    help: str
    metavar: str | None
    least: float | None
    """Smallest number that is taken."""
    show_default: bool


class Argument(NamedTuple):
    """A positional argument; one without a default is required, a list takes all that are left."""

    metavar: str
    help: str


def option(
    *names: str,
    help: str,  # noqa: A002 - as click calls it
    metavar: str | None = None,
    min: float | None = None,  # noqa: A002
    show_default: bool = True,
) -> Option:
    """Declare a flag; ``--on/--off`` as a name declares a pair, which is ``None`` where neither was given."""
    return Option(names, help, metavar, min, show_default)
