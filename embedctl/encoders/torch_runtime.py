"""The runtime ``torch``: the modules of a SentenceTransformer, on any device."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelError, UsageError
from .packing import Packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import RuntimeConfig
    from ..contracts import Vectors
    from .model_files import ModelFiles
    from .query_tokenizer import QueryTokenizer


class TorchRuntime:
    """Runs every module of the model in float32."""

    def __init__(self, folder: ModelFiles, config: RuntimeConfig, tokenizer: QueryTokenizer) -> None:
        """Load the model.

        Raises:
            UsageError: there is no such device.
            ModelError: the library cannot load the model, or reads other tokens than its ``tokenizer.json`` gives.
        """
        _check(config.device)
        self._device = config.device
        self.name = f"torch {config.device}"
        self._modules = load_modules(folder, config.device)
        self.dim = int(self._modules.get_embedding_dimension() or 0)
        self.batch_tokens = config.batch_tokens if config.device == "cpu" else config.device_batch_tokens
        cosine = least_cosine(self.run, self._modules, folder, tokenizer)
        if not cosine >= LEAST_COSINE:
            raise ModelError(
                f'What "{folder.name}" reads is not what its tokenizer.json says (cosine {cosine:.4f}).',
                "Save it again: SentenceTransformer(folder).save_pretrained(folder).",
            )

    def run(self, packed: Packed, vectors: Vectors) -> None:
        """Write the unit-norm vector of every input to its row of ``vectors``."""
        import torch

        with torch.inference_mode():
            for batch in packed:
                ids, mask = (torch.from_numpy(array).to(self._device) for array in (batch.ids, batch.mask))
                output = forward(self._modules, ids, mask, batch.prompt_tokens)
                vectors[batch.rows] = output.float().cpu().numpy()


def load_modules(folder: ModelFiles, device: str) -> Any:
    """Return the SentenceTransformer, in float32 and for inference.

    Raises:
        ModelError: the library cannot load the model.
    """
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ[variable] = "1"  # read when the libraries are imported; they would ask the hub even of what is here
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(
            str(folder.path), device=device, trust_remote_code=False, local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(
            f'The model "{folder.name}" cannot be loaded: {error}.', "Fetch or save it again, or choose another."
        ) from error
    return model.float().eval()


def forward(modules: Any, ids: Any, mask: Any, prompt_tokens: int) -> Any:
    """Return the unit-norm vectors ``(b, dim)`` of ids and mask ``(b, longest)``, all of them tensors."""
    from torch.nn.functional import normalize

    features = {"input_ids": ids, "attention_mask": mask}
    if prompt_tokens:
        features["prompt_length"] = prompt_tokens
    for module in modules:
        features = module(features)
    return normalize(features["sentence_embedding"], dim=1)


def _check(device: str) -> None:
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # "not compiled with CUDA" is an assertion
        libraries = {"cuda": torch.cuda, "mps": torch.backends.mps, "xpu": torch.xpu}
        here = ["cpu", *(name for name, library in libraries.items() if library.is_available())]
        raise UsageError(
            f'The device "{device}" cannot be used: {str(error).splitlines()[0].rstrip(".")}.',
            f"Here torch has: {', '.join(here)}.",
        ) from error


LEAST_COSINE = 0.9995
"""Below that, vectors would not be those of the model."""

_PASSAGE = """A reciprocal rank fusion of two rankings adds, for every document, the inverse of its rank in each of
them. Nothing has to be normalized: a score of 12.7 and a cosine of 0.31 are both only places in a list. In 1958 the
wings of an aircraft were tested at Mach 2.5; the boundary layer was laminar up to a Reynolds number of 3 * 10^6. """

PROBES = (
    "key",
    "How are the signing keys of the vault rotated?",
    "naïve façade — Straße, 東京タワー, Привет мир 🙂",
    "def rank(scores: list[float]) -> list[int]:\n    return sorted(range(len(scores)), key=lambda at: -scores[at])",
    _PASSAGE,
    _PASSAGE * 4,
)
"""Of differing lengths, so that one batch of them all is padded, and none has the shape that is traced."""


def least_cosine(
    run: Callable[[Packed, Vectors], None], modules: Any, folder: ModelFiles, tokenizer: QueryTokenizer
) -> float:
    """Return the lowest cosine of what ``run`` gives to what the SentenceTransformer ``modules`` encodes.

    Probes are run with both prompts, one by one and in one padded batch.
    """
    cosines = []
    for prompt in sorted({folder.query_prompt, folder.document_prompt}):
        expected = modules.encode(
            list(PROBES), prompt=prompt, batch_size=len(PROBES), normalize_embeddings=True, convert_to_numpy=True,
            show_progress_bar=False,
        )  # fmt: skip
        for batch_tokens in (1, 1 << 20):
            vectors = np.zeros((len(PROBES), expected.shape[1]), dtype=np.float32)
            run(Packed(tokenizer.tokens(PROBES, prompt), tokenizer.frame(prompt), batch_tokens), vectors)
            cosines.append(np.einsum("nd,nd->n", vectors, expected).min())
    return float(np.min(cosines))
