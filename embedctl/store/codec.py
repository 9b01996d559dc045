"""Dataclasses as JSON: read, written and checked by their type hints.

A codec is compiled once for a type. It refuses a value that the type does not allow, in both directions, with the path
of the field: what could not be read again is not written. ``int`` is a number from 0 to 2**63 - 1 and no bool,
``float`` is finite, ``str`` has no NUL; ``Annotated`` with one of the checks below says otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

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


class Codec(NamedTuple):
    """Both directions of one type; each raises :class:`FieldError`."""

    read: Check
    """From what ``json`` parsed."""
    write: Check
    """To what ``json`` prints."""


def rule(allows: Callable[[Any], Any], why: str) -> Check:
    """Return a check for values that ``allows`` accepts.

    ``why`` ends the sentence that begins with the field; ``{!r}`` in it is the value.
    """

    def check(value: Any) -> Any:
        if not allows(value):
            raise FieldError("", why.format(value))
        return value

    return check


def whole(least: int = 0, most: int = MOST, why: str = "") -> Check:
    """Return a check for integers in a range."""
    why = why or f"is not a number from {least} to {most}"

    def check(value: Any) -> Any:
        if type(value) is not int or not least <= value <= most:  # True is no number
            raise FieldError("", why)
        return value

    return check


def number(allows: Callable[[float], bool] = lambda _: True, why: str = "is not a finite number") -> Check:
    """Return a check for finite numbers that ``allows`` accepts."""
    return rule(lambda value: type(value) in (int, float) and math.isfinite(value) and allows(value), why)


def text(allows: Callable[[str], Any] = lambda _: True, why: str = "is not a text") -> Check:
    """Return a check for texts that ``allows`` accepts."""
    return rule(lambda value: type(value) is str and allows(value), why)


def matching(pattern: str, why: str) -> Check:
    """Return a check for texts that match a pattern from end to end."""
    matches = re.compile(pattern).fullmatch

    def check(value: Any) -> Any:
        if type(value) is not str or not matches(value):
            raise FieldError("", why.format(value))
        return value

    return check


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
    """Compiles codecs, each once."""

    def __init__(
        self, names: Mapping[str, Any], types: Mapping[type, Mapping[str, Any]], settings: Collection[type]
    ) -> None:
        self._names = dict(names)
        """Names in type hints that are imported for the type checker only."""
        self._types = types
        """Dataclass -> field -> type, instead of its hint."""
        self._settings = settings
        """Dataclasses whose fields may be absent where they have a default: older stores lack newer settings."""
        self._made: dict[type, Codec] = {}

    def of(self, hint: Any) -> Codec:
        """Return the codec of a type.

        Raises:
            TypeError: no JSON stands for it.
        """
        if hint in _PLAIN:
            return Codec(_PLAIN[hint], _PLAIN[hint])
        if isinstance(hint, type) and is_dataclass(hint):
            if hint not in self._made:
                self._made[hint] = self._record(hint)
            return self._made[hint]
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return Codec(inner[1], inner[1])
        if origin is Literal:
            check = one_of(inner)
            return Codec(check, check)
        if origin in (Union, UnionType) and len(inner) == 2 and inner[1] is NoneType:
            return Codec(*(partial(_optional, one) for one in self.of(inner[0])))
        if origin is tuple and inner[1:] == (...,):
            read, write = self.of(inner[0])
            return Codec(partial(_sequence, list, tuple, read), partial(_sequence, tuple, list, write))
        if origin is tuple:
            columns = [self.of(one) for one in inner]
            reads, writes = [one.read for one in columns], [one.write for one in columns]
            return Codec(partial(_row, list, tuple, reads), partial(_row, tuple, list, writes))
        if origin in (dict, Mapping):
            key, value = self.of(inner[0]), self.of(inner[1])
            return Codec(*(partial(_mapping, *both) for both in zip(key, value, strict=True)))
        raise TypeError(f"no JSON stands for {hint!r}")

    def _record(self, kind: Any) -> Codec:
        """Return the codec of a dataclass, which is made by position."""
        hints = get_type_hints(kind, localns=self._names, include_extras=True) | dict(self._types.get(kind, {}))
        members = [(one, self._member(hints[one.name], one.metadata.get("setting"))) for one in fields(kind)]
        readers = [(one.name, codec.read) for one, codec in members]
        writers = [(one.name, codec.write) for one, codec in members]
        known = {one.name for one, _ in members}
        lenient = [(one, codec) for one, codec in members if kind in self._settings and _has_default(one)]
        absent = {one.name: codec.write(_default(one)) for one, codec in lenient}

        def read(raw: Any) -> Any:
            if type(raw) is not dict:
                raise FieldError("", "is not an object")
            if raw.keys() != known:
                raw = _completed(raw, known, absent)
            values = []
            name = ""
            try:
                for name, read_member in readers:
                    values.append(read_member(raw[name]))
            except FieldError as error:
                raise error.below(name) from None
            return kind(*values)

        def write(value: Any) -> Any:
            if type(value) is not kind:
                raise FieldError("", f"is no {kind.__name__}")
            raw = {}
            name = ""
            try:
                for name, write_member in writers:
                    raw[name] = write_member(getattr(value, name))
            except FieldError as error:
                raise error.below(name) from None
            return raw

        return Codec(read, write)

    def _member(self, hint: Any, setting: Setting | None) -> Codec:
        """Return the codec of a member, which the range of a setting narrows."""
        codec = self.of(hint)
        if setting is None:
            return codec
        return Codec(*(partial(_narrowed, one, setting) for one in codec))


def _has_default(one: Field[Any]) -> bool:
    return one.default is not MISSING or one.default_factory is not MISSING


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


def _sequence(before: Any, after: Any, check: Check, values: Any) -> Any:
    if type(values) is not before:
        raise FieldError("", "is not a list")
    done: list[Any] = []
    try:
        done.extend(map(check, values))
    except FieldError as error:  # of the value behind those that are done
        raise error.below(f"[{len(done)}]") from None
    return after(done)


def _row(before: Any, after: Any, checks: list[Check], values: Any) -> Any:
    if type(values) is not before or len(values) != len(checks):
        raise FieldError("", f"is not a list of {len(checks)}")
    return after([check(value) for check, value in zip(checks, values, strict=True)])


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
