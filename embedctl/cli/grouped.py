"""Commands that take their options as dataclasses, so that flags are declared once and bodies stay short.

The parameters of a command are read from its signature when the command is asked for, and only then.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import click

from .parameters import Argument, Option

if TYPE_CHECKING:
    from collections.abc import Callable


class _Declared(NamedTuple):
    """One parameter as its annotation tells it."""

    name: str
    kind: Any
    """``bool``, ``int``, ``float``, ``str``, ``Path`` or a ``Literal``."""
    many: bool
    default: Any
    """``MISSING`` where it must be given."""
    info: Option | Argument


def grouped(command: Callable[..., int]) -> click.Command:
    """Return ``command`` as click wants it: each parameter that is a dataclass replaced by the fields of that class."""
    declared: list[_Declared] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if is_dataclass(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            declared.extend(_fields(parameter.annotation))
        else:
            default = MISSING if parameter.default is inspect.Parameter.empty else parameter.default
            declared.append(_declared(parameter.name, parameter.annotation, default))

    def called(**values: Any) -> int:
        for parameter in declared:
            if parameter.many:
                values[parameter.name] = list(values[parameter.name]) or None
        options = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return command(**values, **options)

    return click.Command(
        command.__name__, callback=called, params=[_parameter(one) for one in declared], help=inspect.getdoc(command)
    )


def _fields(group: Any) -> list[_Declared]:
    hints = get_type_hints(group, include_extras=True)
    return [_declared(field.name, hints[field.name], field.default) for field in fields(group)]


def _declared(name: str, annotation: Any, default: Any) -> _Declared:
    if get_origin(annotation) is not Annotated:
        raise TypeError(f"parameter {name} is declared by no Option or Argument")
    kind, info = get_args(annotation)
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    many = get_origin(kind) is list
    return _Declared(name, get_args(kind)[0] if many else kind, many, default, info)


def _parameter(one: _Declared) -> click.Parameter:
    required = one.default is MISSING
    if isinstance(one.info, Argument):
        return click.Argument(
            [one.name],
            required=required,
            nargs=-1 if one.many else 1,
            type=_type(one),
            metavar=f"{one.info.metavar}..." if one.many else one.info.metavar,
            help=one.info.help,
        )
    names = one.info.names or (f"--{one.name.replace('_', '-')}",)
    flag = one.kind is bool
    return click.Option(
        [*names, one.name],
        default=None if required or one.many else one.default,
        show_default=one.info.show_default and not flag and one.default is not None,
        is_flag=flag,
        multiple=one.many,
        type=None if flag else _type(one),
        help=one.info.help,
        metavar=one.info.metavar,
    )


def _type(one: _Declared) -> click.ParamType[Any]:
    least = one.info.least if isinstance(one.info, Option) else None
    if get_origin(one.kind) is Literal:
        return click.Choice(get_args(one.kind))
    if one.kind is int:
        return click.INT if least is None else click.IntRange(min=int(least))
    if one.kind is float:
        return click.FLOAT if least is None else click.FloatRange(min=least)
    return _Path(path_type=Path) if one.kind is Path else click.STRING


class _Path(click.Path):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            unfit = b"\0" in os.fsencode(value)
        except UnicodeEncodeError:
            unfit = True
        if unfit:
            self.fail("No path can have such characters.", param, ctx)
        return super().convert(value, param, ctx)
