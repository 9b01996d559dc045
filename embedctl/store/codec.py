"""Dataclasses as JSON: read, written and checked by their type hints.

The check of a type is compiled once. It refuses a value that the type does not allow, with the path of the field; what
could not be read again is not written. ``int`` is a number from 0 to 2**63 - 1 and no bool,
``float`` is finite, ``str`` has no NUL; ``Annotated`` with one of the checks below says otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from ..config.setting import Setting

    Check = Callable[[Any], Any]
    """Returns the value that it is called with, or raises a :class:`FieldError` with an empty path."""

MOST = (1 << 63) - 1


class FieldError(ValueError):
    """A field has a value that it cannot have."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"its field {field} {why}")
        self.field = field
        self.why = why

    def below(self, name: str) -> FieldError:
        """Return the same error, seen from one level above."""
        dot = "." if self.field and not self.field.startswith("[") else ""
        return FieldError(f"{name}{dot}{self.field}", self.why)


def rule(allows: Callable[[Any], Any], why: str) -> Check:
    """Return a check for values that ``allows`` accepts.

    ``why`` ends the sentence that begins with the field; ``{!r}`` in it is the value.
    """

    def check(value: Any) -> Any:
        if not allows(value):
            raise FieldError("", why.format(value))
        return value

    return check


def whole(least: int = 0, most: int = MOST) -> Check:
    """Return a check for integers in a range; ``True`` is none."""
    return rule(lambda value: type(value) is int and least <= value <= most, f"is not a number from {least} to {most}")


def number(allows: Callable[[float], bool] = lambda _: True, why: str = "is not a finite number") -> Check:
    """Return a check for finite numbers that ``allows`` accepts."""
    return rule(lambda value: type(value) in (int, float) and math.isfinite(value) and allows(value), why)


def text(allows: Callable[[str], Any] = lambda _: True, why: str = "is not a text") -> Check:
    """Return a check for texts that ``allows`` accepts."""
    return rule(lambda value: type(value) is str and allows(value), why)


def matching(pattern: str, why: str) -> Check:
    """Return a check for texts that match a pattern from end to end."""
    return text(re.compile(pattern).fullmatch, why)


def one_of(choices: Iterable[str]) -> Check:
    """Return a check for a few texts."""
    names = tuple(choices)
    return text(names.__contains__, f"is none of {', '.join(names)}")


def below_folder(name: str) -> bool:
    """Return whether a path in POSIX style leads to a file below the folder that it starts from."""
    return not ("\\" in name or "\0" in name or any(piece in {"", ".", ".."} for piece in name.split("/")))


_PLAIN: dict[Any, Check] = {
    int: whole(),
    float: number(),
    str: text(lambda value: "\0" not in value),
    bool: rule(lambda value: type(value) is bool, "is neither true nor false"),
    object: rule(lambda value: _is_json(value), "is not JSON"),
}


class Codecs:
    """Compiles the check of a type, each once."""

    def __init__(
        self, names: Mapping[str, Any], types: Mapping[type, Mapping[str, Any]], settings: Collection[type]
    ) -> None:
        self._names = dict(names)
        """Names in type hints that are imported for the type checker only."""
        self._types = types
        """Dataclass -> field -> type, instead of its hint."""
        self._settings = settings
        """Dataclasses whose fields may be absent where they have a default: older stores lack newer settings."""
        self._made: dict[type, Check] = {}

    def read(self, kind: type, raw: Any) -> Any:
        """Return what ``raw``, as ``json`` parsed it, stands for, or raise a :class:`FieldError`."""
        return self.check(kind)(raw)

    def write(self, kind: type, value: Any) -> Any:
        """Return what ``json`` prints for ``value``, or raise a :class:`FieldError` if it is not read as the same."""
        raw = _plain(value)
        if self.read(kind, raw) != value:
            raise FieldError(kind.__name__, "has a value of another type")
        return raw

    def check(self, hint: Any) -> Check:
        """Return the function that reads values of a type, or raise a ``TypeError`` if no JSON stands for it."""
        if hint in _PLAIN:
            return _PLAIN[hint]
        if isinstance(hint, type) and is_dataclass(hint):
            if hint not in self._made:
                self._made[hint] = self._record(hint)
            return self._made[hint]
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return cast("Check", inner[1])
        if origin is Literal:
            return one_of(inner)
        if origin in (Union, UnionType) and len(inner) == 2 and inner[1] is NoneType:
            return partial(_optional, self.check(inner[0]))
        if origin is tuple and inner[1:] == (...,):
            return partial(_sequence, self.check(inner[0]))
        if origin is tuple:
            return partial(_row, [self.check(one) for one in inner])
        if origin in (dict, Mapping):
            return partial(_mapping, self.check(inner[0]), self.check(inner[1]))
        raise TypeError(f"no JSON stands for {hint!r}")

    def _record(self, kind: Any) -> Check:
        """Return the check of a dataclass, which is made by position."""
        hints = get_type_hints(kind, localns=self._names, include_extras=True) | dict(self._types.get(kind, {}))
        members = [(one.name, self._member(hints[one.name], one.metadata.get("setting"))) for one in fields(kind)]
        known = {name for name, _ in members}
        lenient = fields(kind) if kind in self._settings else ()
        absent = {one.name: _plain(value) for one in lenient if (value := _default(one)) is not MISSING}

        def read(raw: Any) -> Any:
            if type(raw) is not dict:
                raise FieldError("", "is not an object")
            if raw.keys() != known:
                raw = _completed(raw, known, absent)
            values = []
            name = ""
            try:
                for name, read_member in members:
                    values.append(read_member(raw[name]))
            except FieldError as error:
                raise error.below(name) from None
            return kind(*values)

        return read

    def _member(self, hint: Any, setting: Setting | None) -> Check:
        """Return the check of a member, which the range of a setting narrows."""
        check = self.check(hint)
        return check if setting is None else partial(_narrowed, check, setting)


def _plain(value: Any) -> Any:
    """Return dataclasses as objects, and tuples as lists."""
    kind = type(value)
    if kind is str or kind is int:  # most of a manifest
        return value
    if members := getattr(kind, "__dataclass_fields__", None):
        return {name: _plain(getattr(value, name)) for name in members}
    if kind is tuple:
        return list(map(_plain, value))
    if kind is dict:
        return {name: _plain(one) for name, one in value.items()}
    return value


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _completed(raw: dict[str, Any], known: set[str], absent: dict[str, Any]) -> dict[str, Any]:
    """Return an object with what it lacks, where that may be absent."""
    if unknown := raw.keys() - known:
        raise FieldError(min(unknown), "is not known")
    if missing := known - raw.keys() - absent.keys():
        raise FieldError(min(missing), "is missing")
    return absent | raw


def _narrowed(check: Check, setting: Setting, value: Any) -> Any:
    value = check(value)
    if value is None or setting.min is None or setting.min <= value <= setting.max:
        return value
    raise FieldError("", f"is not from {setting.min:g} to {setting.max:g}")


def _optional(check: Check, value: Any) -> Any:
    return None if value is None else check(value)


def _sequence(check: Check, values: Any) -> Any:
    if type(values) is not list:
        raise FieldError("", "is not a list")
    done: list[Any] = []
    try:
        done.extend(map(check, values))
    except FieldError as error:  # of the value behind those that are done
        raise error.below(f"[{len(done)}]") from None
    return tuple(done)


def _row(checks: list[Check], values: Any) -> Any:
    if type(values) is not list or len(values) != len(checks):
        raise FieldError("", f"is not a list of {len(checks)}")
    return tuple(check(value) for check, value in zip(checks, values, strict=True))


def _mapping(key: Check, check: Check, values: Any) -> Any:
    if type(values) is not dict:
        raise FieldError("", "is not an object")
    done = {}
    for name, value in values.items():
        key(name)
        try:
            done[name] = check(value)
        except FieldError as error:
            raise error.below(name if name.isidentifier() else f"[{name!r}]") from None
    return done


def _is_json(value: Any) -> bool:
    if type(value) is dict:
        return all(type(name) is str and _is_json(one) for name, one in value.items())
    if type(value) is list:
        return all(map(_is_json, value))
    return value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))
