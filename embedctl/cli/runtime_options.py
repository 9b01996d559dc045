"""Flags that say how the encoder is run."""

from dataclasses import dataclass
from typing import Annotated

from ..config import RuntimeConfig, RuntimeName
from .parameters import option

_RUNTIME = RuntimeConfig()


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How fast vectors are made, not what they are: stores made with one runtime answer with any other."""

    runtime: Annotated[
        RuntimeName, option(help="What runs the encoder; auto: openvino, or torch for a model that it cannot take.")
    ] = _RUNTIME.runtime
    device: Annotated[str, option(metavar="NAME", help="A torch device, such as cuda or mps; implies torch.")] = (
        _RUNTIME.device
    )

    def config(self) -> RuntimeConfig:
        """Return what was asked for."""
        return RuntimeConfig(self.runtime, self.device)
