"""Documents that make one chunk: nothing has to be located in them, so the tokenizer reads them only once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .budget import UNSURE_TOKENS
from .fitting import Fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contracts import Tokenizer
    from ..outline import Outline
    from ..records import Document
    from .budget import Budget
    from .context import Contexts

FITTING_CHARACTERS = 3
"""Characters for each token of the budget up to which a text nearly always fits."""


def single_chunks(
    documents: Sequence[tuple[Document, Outline]],
    contexts: Contexts,
    tokenizer: Tokenizer,
    budget: Budget,
    *,
    keep_tokens: bool,
) -> dict[int, list[Fitted]]:
    """Return the one chunk of each document that is short, has no sections and fits whole, by its position."""
    tried: list[tuple[int, Fitted]] = []
    inputs: list[str] = []
    for index, (document, outline) in enumerate(documents):
        text = document.text[document.body_start :]
        if outline.sections or len(text) > FITTING_CHARACTERS * budget.body or not (body := text.strip()):
            continue
        start = document.body_start + len(text) - len(text.lstrip())
        end = start + len(body)
        heading = outline.heading(start, end)
        context = contexts.of(document.title, heading).text
        tried.append((index, Fitted(start, end, heading, context, 0, None)))
        inputs.append(context + body)
    found = tokenizer.token_ids(inputs)
    frame = len(tokenizer.prefix_ids) + len(tokenizer.suffix_ids)
    fitting: dict[int, list[Fitted]] = {}
    for (index, chunk), (low, high) in zip(tried, pairwise(found.offsets.tolist()), strict=True):
        tokens = frame + high - low
        if tokens <= budget.limit - UNSURE_TOKENS:
            fitting[index] = [chunk._replace(tokens=tokens, ids=found.ids[low:high] if keep_tokens else None)]
    return fitting
