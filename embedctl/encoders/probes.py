"""Whether a runtime gives what sentence-transformers gives, asked with a few texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .packing import Packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contracts import Vectors
    from .model_files import ModelFiles
    from .query_tokenizer import QueryTokenizer

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
