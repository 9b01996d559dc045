"""Commands that take their options as dataclasses, so that flags are declared once and bodies stay short."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable


def grouped(command: Callable[..., int]) -> Callable[..., int]:
    """Return ``command`` as typer wants it: each parameter that is a dataclass replaced by the fields of that class."""
    flat: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if is_dataclass(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            flat.extend(_options(parameter.annotation))
        else:
            flat.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def typed(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        return command(**values)

    typed.__name__, typed.__doc__ = command.__name__, command.__doc__
    typed.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    typed.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return typed


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
