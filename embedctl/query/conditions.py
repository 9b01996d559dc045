"""The parts of a ``--where`` condition: three-valued tests of one document's metadata (see ``where``).

``None`` is unknown: a field that is missing or null, or a comparison of unlike types.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from ..spelling import composed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..records import JSON

Metadata: TypeAlias = "Mapping[str, JSON]"
Literal: TypeAlias = "str | int | float | bool"
Condition: TypeAlias = "Callable[[Metadata], bool | None]"

_KINDS = {bool: bool, int: float, float: float, str: str}
"""The type that values of a type are compared as; lists and objects are compared with nothing."""


def value_of(metadata: Metadata, field: tuple[str, ...]) -> JSON:
    """Return the field's value, texts in it composed; a key that contains the dots is preferred to nested objects."""
    value = _value_of(metadata, field)
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, list):
        return [composed(item) if isinstance(item, str) else item for item in value]
    return value


def _value_of(metadata: Metadata, field: tuple[str, ...]) -> JSON:
    whole = metadata.get(".".join(field))
    if whole is not None or len(field) == 1:
        return whole
    value: JSON = dict(metadata)
    for name in field:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def tested(field: tuple[str, ...], test: Callable[[JSON], bool | None]) -> Condition:
    """Return the condition that a field is there and passes ``test``; missing is unknown."""

    def condition(metadata: Metadata) -> bool | None:
        value = value_of(metadata, field)
        return None if value is None else test(value)

    return condition


def negated(inner: Condition) -> Condition:
    """Return the opposite; the opposite of unknown is unknown."""

    def condition(metadata: Metadata) -> bool | None:
        value = inner(metadata)
        return None if value is None else not value

    return condition


def decided_by(decisive: bool, operands: list[Condition]) -> Condition:
    """Return the disjunction (``decisive`` is true) or conjunction (false) of ``operands``."""

    def condition(metadata: Metadata) -> bool | None:
        values = [operand(metadata) for operand in operands]
        return decisive if decisive in values else None if None in values else not decisive

    return condition


def _alike(value: JSON, literal: Literal) -> bool:
    return _KINDS.get(type(value)) is _KINDS[type(literal)]


def comparing(compare: Callable[[Any, Any], bool], literal: Literal) -> Callable[[JSON], bool | None]:
    """Return the test that a value stands so to ``literal``; unlike types are unknown, and true is not above false."""
    ordering = compare not in (operator.eq, operator.ne)

    def test(value: JSON) -> bool | None:
        if not _alike(value, literal) or (ordering and isinstance(literal, bool)):
            return None
        return compare(value, literal)

    return test


def one_of(literals: list[Literal]) -> Callable[[JSON], bool | None]:
    """Return the test that a value is one of ``literals``; unknown where none is of its type."""
    kinds: dict[type | None, set[Literal]] = {}
    for literal in literals:
        kinds.setdefault(_KINDS[type(literal)], set()).add(literal)

    def test(value: JSON) -> bool | None:
        alike = kinds.get(_KINDS.get(type(value)))
        return value in alike if alike else None

    return test


def containing(literal: Literal) -> Callable[[JSON], bool | None]:
    """Return the test that a list has an element, an object a key, or a string a part."""

    def test(value: JSON) -> bool | None:
        if isinstance(value, list):
            return any(_alike(element, literal) and element == literal for element in value)
        if isinstance(value, str | dict) and isinstance(literal, str):
            return literal in value
        return None

    return test


def matching(pattern: str) -> Callable[[JSON], bool | None]:
    """Return the test that a whole string matches a regular expression."""
    expression = re.compile(pattern, re.DOTALL)
    return lambda value: expression.fullmatch(value) is not None if isinstance(value, str) else None


def like_pattern(text: str) -> str:
    """Return SQL's ``like`` pattern as a regular expression.

    What stands between two ``%`` is taken at its first place, which is as good as any, and not tried at others: for
    each ``%`` the time is proportional to the length of the string, as with ``fnmatch.translate``.
    """
    first, *between = ["".join("." if one == "_" else re.escape(one) for one in piece) for piece in text.split("%")]
    if not between:
        return first
    return "".join([first, *(f"(?>.*?{piece})" for piece in between[:-1] if piece), ".*", between[-1]])
