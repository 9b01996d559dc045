"""Converting a model for OpenVINO: traced from its own modules, and compared with them before it is used."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from .openvino_library import ConversionError, converter, openvino
from .packing import Packed
from .torch_runtime import LEAST_COSINE, PROBES, least_cosine, load_modules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contracts import Vectors
    from .model_files import ModelFiles
    from .query_tokenizer import QueryTokenizer


def convert(folder: ModelFiles, tokenizer: QueryTokenizer, precisions: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Convert transformer, pooling, dense layers and normalization as one graph that gives the vectors of torch.

    Return the ``openvino.Model``, ids and mask ``(b, longest)`` to unit-norm vectors ``(b, dim)``, and facts about it:
    ``precision``, the first of ``precisions`` (``INFERENCE_PRECISION_HINT``) that passed; ``cosine``, the lowest of the
    probes to what torch gives in float32; ``dim``; ``inputs``, what they are called, in order.

    Raises:
        ConversionError: it cannot be traced, or the result is not the model.
        ModelError: torch cannot load it either.
    """
    modules = load_modules(folder, "cpu")
    try:
        model = _traced(modules, tokenizer)
    except Exception as error:
        # Tracing runs the model's code and the converter's: whatever either raises, torch can still run the model.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ConversionError(folder.name, lines[0].rstrip(".")) from error
    cosine = 0.0
    for precision in precisions:
        compiled = openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})

        def run(packed: Packed, vectors: Vectors, compiled: Any = compiled) -> None:
            for batch in packed:
                vectors[batch.rows] = compiled(batch.inputs(input_names(compiled)))[0]

        try:
            cosine = least_cosine(run, modules, folder, tokenizer)
        except RuntimeError as error:  # OpenVINO's own: a shape that the traced graph cannot take
            raise ConversionError(folder.name, "it works for the traced shape only") from error
        if cosine >= LEAST_COSINE:  # never true of NaN
            dim = int(modules.get_embedding_dimension())
            return model, {"precision": precision, "cosine": cosine, "dim": dim, "inputs": input_names(model)}
    reason = f"its vectors would differ from torch's (cosine {cosine:.4f}, at least {LEAST_COSINE})"
    raise ConversionError(folder.name, reason)


def input_names(model: Any) -> list[str]:
    """Return what the inputs of a converted or compiled model are called, in their order."""
    return [port.any_name for port in model.inputs]


def _traced(modules: Any, tokenizer: QueryTokenizer) -> Any:
    import torch

    from .torch_runtime import forward

    class Pipeline(torch.nn.Module):  # type: ignore[misc,unused-ignore]
        """All modules as one; a prompt is kept out of pooling by its mask, since its length is not constant."""

        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(list(modules))

        def forward(self, input_ids: Any, attention_mask: Any, prompt_length: Any = None) -> Any:
            if prompt_length is None:
                return forward(self.steps, input_ids, attention_mask, 0)
            features = self.steps[0]({"input_ids": input_ids, "attention_mask": attention_mask})
            places = torch.arange(attention_mask.shape[1])
            features["attention_mask"] = attention_mask * (places >= prompt_length)
            for module in self.steps[1:]:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    (batch,) = Packed(tokenizer.tokens(PROBES[:2], ""), tokenizer.frame(""), 1 << 20)
    example = {"input_ids": torch.from_numpy(batch.ids), "attention_mask": torch.from_numpy(batch.mask)}
    if any(getattr(module, "include_prompt", True) is False for module in modules):
        example["prompt_length"] = torch.tensor([1])
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every branch; the probes tell which of them matter
        return converter()(Pipeline().eval(), example_input=example)
