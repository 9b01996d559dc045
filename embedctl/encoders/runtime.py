"""What runs a model: OpenVINO, or torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import UsageError

if TYPE_CHECKING:
    from ..config import RuntimeConfig
    from ..contracts import Tell, Vectors
    from .model_files import ModelFiles
    from .packing import Packed
    from .query_tokenizer import QueryTokenizer


class Runtime(Protocol):
    """Turns packed batches into vectors; knows nothing of text."""

    name: str
    """Such as ``openvino bf16`` or ``torch cpu``."""
    dim: int
    batch_tokens: int
    """Most padded tokens that a batch should have."""

    def run(self, packed: Packed, vectors: Vectors) -> None:
        """Write the unit-norm vector of every input to its row of ``vectors``, float32 ``(inputs, dim)``."""
        ...


def open_runtime(folder: ModelFiles, config: RuntimeConfig, tokenizer: QueryTokenizer, message: Tell) -> Runtime:
    """Open the runtime that ``config`` asks for.

    Raises:
        UsageError: there is no such device, or OpenVINO is asked to use one.
        ModelError: the model cannot be loaded, or not be converted although OpenVINO is asked for.
    """
    on_cpu = config.device == "cpu"
    if config.runtime == "openvino" and not on_cpu:
        raise UsageError(
            f'The OpenVINO runtime uses the CPU, not "{config.device}".', "Leave out --device or --runtime."
        )
    if config.runtime != "torch" and on_cpu:
        from .openvino_library import ConversionError
        from .openvino_runtime import OpenVinoRuntime

        try:
            return OpenVinoRuntime(folder, config, tokenizer, message)
        except ConversionError as error:
            if config.runtime == "openvino":
                raise
            message("warning", f"{error.message} It runs with torch instead, which is slower.")
    from .torch_runtime import TorchRuntime

    return TorchRuntime(folder, config, tokenizer)
