"""How a setting is declared: once, as metadata of its field. Its flag, help, limits and documentation follow."""

from __future__ import annotations

from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Record = TypeVar("Record", bound=Any)
MOST = 2**31 - 1
"""Of every number; more than any store has rows."""


class Setting(NamedTuple):
    """A field that a person can set."""

    help: str
    flag: str | None = ""
    """Spellings and metavar: ``-n --number N``. No spelling: the field's name; ``None``: limits without a flag."""
    min: float | None = None
    max: float = MOST
    panel: str = ""
    """Of the help; empty: that of the record."""
    usual: object = None
    """Shown as the default where ``None`` as the field's own only means that nothing was asked for."""
    split: bool = False
    """Whether one value may be a list with commas."""
    aliases: Mapping[str, str] = {}
    """Of a field that maps names to numbers: flags that stand for one name each."""


def setting(default: Any, help: str, flag: str | None = "", **more: Any) -> Any:  # noqa: A002
    """Return a dataclass field with a default value, or the function that makes it, and a :class:`Setting`."""
    metadata = {"setting": Setting(help, flag, **more)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def overlaid(record: Record, request: Any, **changes: Any) -> Record:
    """Return ``record`` with what ``request`` asks for under the same names, ``None`` for nothing; then ``changes``."""
    values = {one.name: getattr(request, one.name, None) for one in fields(record)}
    return replace(record, **{name: value for name, value in values.items() if value is not None} | changes)


def out_of_range(*records: Any) -> Iterator[str]:
    """Yield a sentence for each number of these records that is outside the limits of its setting."""
    for record in records:
        for one in fields(record):
            limits, value = one.metadata.get("setting"), getattr(record, one.name)
            if limits is None or limits.min is None or not isinstance(value, int | float):
                continue
            if not limits.min <= value <= limits.max:
                yield f"{limits.help.split(',')[0].rstrip('.')}: must be from {limits.min:g} to {limits.max:,}."
