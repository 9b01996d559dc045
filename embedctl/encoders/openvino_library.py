"""Importing OpenVINO: the runtime alone where that is enough, and never its telemetry."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

TELEMETRY = "openvino_telemetry"
CONVERTER = "openvino.tools"


class ConversionError(ModelError):
    """A model cannot be converted for OpenVINO; ``torch`` runs it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f'The model "{name}" cannot be converted for OpenVINO: {reason}.', "Run it with: --runtime torch"
        )
        self.reason = reason


@cache
def openvino() -> Any:
    """Return the package ``openvino``.

    Its model converter takes 40 % of the import and is left out: ``openvino.convert_model`` loads it when called.
    """
    if "openvino" in sys.modules:
        import openvino

        return openvino
    with _hidden(TELEMETRY, CONVERTER):
        import openvino
    if not hasattr(openvino, "convert_model"):
        openvino.convert_model = _convert_model  # others in this process expect the name
    return openvino


def _convert_model(*arguments: Any, **options: Any) -> Any:
    return converter()(*arguments, **options)


def converter() -> Any:
    """Return ``openvino.convert_model``, loaded without telemetry: the package's own stub takes its place."""
    openvino()
    with _hidden(TELEMETRY):
        from openvino.tools.ovc import convert_model

    return convert_model


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Make imports of modules fail as if they were not installed; those already loaded stay."""
    new = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(new))  # type: ignore[arg-type] # None is what the import system looks for
    try:
        yield
    finally:
        for name in new:
            sys.modules.pop(name, None)
