"""Commands that take dataclasses: each field that has a :class:`~embedctl.config.setting.Setting` is a flag.

Flags are shown in a panel that has the name of the parameter of the command. The signature is read when the command is
asked for, and only then.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperOption
from typer.main import get_command

from ..config.setting import Setting
from ..errors import UsageError
from .helptext import Paneled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Argument(NamedTuple):
    """A positional argument; one without a default is required, a list takes all that are left."""

    metavar: str
    help: str


class Command(Paneled, TyperCommand):
    """A command whose help shows examples and panels."""


class _Declared(NamedTuple):
    """One parameter of a command, as its annotation and its setting declare it."""

    name: str
    kind: Any
    """``bool``, ``int``, ``float``, ``str``, ``Path`` or a ``Literal``."""
    group: Any
    """``list`` or ``tuple`` of ``kind``, ``Mapping`` of names to numbers, ``bool`` where on, off and neither differ."""
    default: Any
    """``MISSING`` where it must be given."""
    info: Setting | Argument
    panel: str

    @classmethod
    def read(cls, name: str, annotation: Any, default: Any, info: Setting | Argument, panel: str) -> _Declared:
        """Read the type of a parameter."""
        kinds = [one for one in get_args(annotation) if one is not NoneType]
        optional = get_origin(annotation) in (Union, UnionType)
        kind = kinds[0] if optional else annotation
        group = get_origin(kind)
        if group in (list, tuple):
            kind = get_args(kind)[0]
        elif group is not Mapping:
            group = bool if kind is bool and optional else None
        return cls(name, kind, group, default, info, panel)

    def parameters(self) -> list[inspect.Parameter]:
        """Return what typer reads: one, and one for each alias."""
        if isinstance(self.info, Argument):
            many = "..." if self.group else ""
            return [self._read_by_typer(typer.Argument(metavar=self.info.metavar + many, **self._extra()))]
        dashed = f"--{self.name.rpartition('__')[2].replace('_', '-')}"
        words = (self.info.flag or "").split()
        names = [word for word in words if word.startswith("-")] or [dashed]
        metavar = next((word for word in words if word not in names), None)
        if self.group is bool:
            names = [f"{names[0]}/--no-{names[0][2:]}"]
        made = [self._read_by_typer(typer.Option(*names, metavar=metavar, **self._extra()))]
        for flag, key in self.info.aliases.items():
            alias = typer.Option(flag, metavar="X", help=f"As {names[-1]} {key}=X.", rich_help_panel=self.panel)
            made.append(_parameter(f"{self.name}__{key}", float | None, alias, None))
        return made

    def value(self, values: dict[str, Any]) -> Any:
        """Take the value out of those that typer read; ``MISSING``: it was not given."""
        value = values.pop(self.name)
        if self.group is Mapping:
            pairs = [_pair(one) for one in value or ()]
            assert isinstance(self.info, Setting)
            given = {key: values.pop(f"{self.name}__{key}") for key in self.info.aliases.values()}
            return dict(pairs) | {key: number for key, number in given.items() if number is not None}
        if self.group in (list, tuple):
            if not value:
                return MISSING if self.default is MISSING else self.default
            if isinstance(self.info, Setting) and self.info.split:
                value = [part.strip() for one in value for part in one.split(",") if part.strip()]
            return self.group(value)
        return value

    def _extra(self) -> dict[str, Any]:
        extra: dict[str, Any] = {"help": self.info.help, "show_default": False, "rich_help_panel": self.panel}
        if isinstance(self.info, Setting):
            usual: Any = self.default if self.info.usual is None else self.info.usual
            if self.group is tuple and usual:
                usual = ",".join(usual)
            if usual and usual is not MISSING:
                extra["help"] += f" [default: {usual}]"
            extra |= {"min": self.info.min, "max": None} if self.kind in (int, float) else {}
        if self.kind is Path:
            extra["parser"] = _path
        return extra

    def _read_by_typer(self, info: Any) -> inspect.Parameter:
        kind, default = self.kind, self.default
        if self.group in (list, tuple, Mapping):
            required = default is MISSING and self.group is list
            kind = list[Path] if kind is Path else list[str]
            default = default if required else None
        return _parameter(self.name, kind if default is MISSING else kind | None, info, default)


def spellings(command: Any) -> tuple[list[str], list[str]]:
    """Return every spelling of an option, and those that take the next argument as their value."""
    options = [one for one in command.params if isinstance(one, TyperOption)]
    every = [name for one in options for name in (*one.opts, *one.secondary_opts)]
    return every, [name for one in options if not one.is_flag for name in one.opts]


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


def grouped(function: Callable[..., int], examples: Sequence[str] = ()) -> Command:
    """Return ``function`` as a command: each parameter that is a dataclass replaced by the fields of that class."""
    groups: dict[str, Any] = {}
    declared: list[_Declared] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        name, kind = parameter.name, parameter.annotation
        if is_dataclass(kind):
            groups[name] = kind
            declared += _fields(name, kind)
        else:
            default = MISSING if parameter.default is inspect.Parameter.empty else parameter.default
            declared.append(_Declared.read(name, get_args(kind)[0], default, get_args(kind)[1], ""))

    def called(**values: Any) -> int:
        read = {one.name: one.value(values) for one in declared}
        read = {name: value for name, value in read.items() if value is not MISSING}
        built: dict[str, Any] = {name: read[name] for name in read if "__" not in name}
        for name, group in groups.items():
            start = f"{name}__"
            built[name] = group(**{one[len(start) :]: read[one] for one in read if one.startswith(start)})
        return function(**built)

    vars(called)["__signature__"] = inspect.Signature([each for one in declared for each in one.parameters()])
    called.__doc__ = function.__doc__
    maker = typer.Typer(add_completion=False, rich_markup_mode=None)
    maker.command(function.__name__.strip("_"), cls=Command)(called)
    command = get_command(maker)
    assert isinstance(command, Command)
    command.examples = tuple(examples)
    return command


def _fields(name: str, group: Any) -> list[_Declared]:
    hints = get_type_hints(group, localns={"Mapping": Mapping}, include_extras=True)
    declared = []
    for one in fields(group):
        info, kind = one.metadata.get("setting"), hints[one.name]
        if get_origin(kind) is Annotated:
            kind, info = get_args(kind)
        if info is not None and (isinstance(info, Argument) or info.flag is not None):
            panel = getattr(info, "panel", "") or name.replace("_", " ").capitalize()
            default = one.default if one.default_factory is MISSING else one.default_factory()
            declared.append(_Declared.read(f"{name}__{one.name}", kind, default, info, panel))
    return declared


def _parameter(name: str, kind: Any, info: Any, default: Any) -> inspect.Parameter:
    """Return a parameter as typer reads it: keyword-only, so that their order does not matter."""
    default = inspect.Parameter.empty if default is MISSING else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, info], default=default)


def _path(value: str) -> Path:
    try:
        unfit = b"\0" in os.fsencode(value)
    except UnicodeEncodeError:
        unfit = True
    if unfit:
        raise typer.BadParameter("No path can have such characters.")
    return Path(value)


def _pair(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise UsageError(f'"{text}" is not a name and a number.', "Write it like dense=0.3.") from None
