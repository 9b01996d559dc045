"""The promise that nothing is truncated: count what the encoder will read, and split what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UsageError
from .budget import UNSURE_TOKENS
from .packing import Piece
from .prose import last_boundary
from .tokens import BLANKS, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..contracts import Tokenizer
    from ..outline import Outline
    from ..records import Document
    from .budget import Budget
    from .context import Contexts


FITTING_CHARACTERS = 3
"""Characters for each token of the budget up to which a text nearly always fits."""


class ChunkDraft(NamedTuple):
    """A document with the pieces that were chosen for it."""

    document: Document
    outline: Outline
    pieces: list[Piece]


class Fitted(NamedTuple):
    """A chunk whose input is known to fit."""

    start: int
    end: int
    heading: tuple[str, ...]
    context: str
    tokens: int
    """Of the whole input: special tokens, prompt, context and text."""
    ids: NDArray[np.int32] | None
    """Tokens of context and text, where they are kept."""


def single_chunks(
    documents: Sequence[tuple[Document, Outline]],
    contexts: Contexts,
    tokenizer: Tokenizer,
    budget: Budget,
    *,
    keep_tokens: bool,
) -> dict[int, list[Fitted]]:
    """Return the one chunk of each document that is short, has no sections and fits whole, by its position.

    Nothing has to be located in them, so the tokenizer reads them only once.
    """
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
    return {
        index: [chunk._replace(tokens=tokens, ids=ids if keep_tokens else None)]
        for (index, chunk), (tokens, ids) in zip(tried, counted(tokenizer, inputs), strict=True)
        if tokens <= budget.limit - UNSURE_TOKENS
    }


def fit(
    drafts: Sequence[ChunkDraft], contexts: Contexts, tokenizer: Tokenizer, budget: Budget, *, keep_tokens: bool
) -> list[list[Fitted]]:
    """Return the pieces of each draft with exact counts, those that are too long split until they fit."""
    fitted: list[list[Fitted]] = [[] for _ in drafts]
    pending: list[tuple[int, Piece]] = []
    for index, draft in enumerate(drafts):
        for piece in draft.pieces:
            context = contexts.of(draft.document.title, piece.heading)
            tokens = None if piece.tokens is None else tokenizer.overhead + context.tokens + piece.tokens
            if budget.exact and tokens is not None and tokens <= budget.limit:
                ids = _behind(context.ids, piece.ids)
                fitted[index].append(Fitted(piece.start, piece.end, piece.heading, context.text, tokens, ids))
            else:
                pending.append((index, piece))
    recounted = {index for index, _ in pending}
    while pending:
        texts = [drafts[index].document.text[piece.start : piece.end] for index, piece in pending]
        lines = [contexts.of(drafts[index].document.title, piece.heading).text for index, piece in pending]
        found = counted(tokenizer, [line + text for line, text in zip(lines, texts, strict=True)])
        too_long: list[tuple[int, Piece]] = []
        for (index, piece), line, (tokens, ids) in zip(pending, lines, found, strict=True):
            if tokens <= budget.limit:
                kept = ids if keep_tokens else None
                fitted[index].append(Fitted(piece.start, piece.end, piece.heading, line, tokens, kept))
            else:
                too_long += [(index, shorter) for shorter in _shorter(drafts[index], piece)]
        pending = too_long
    for index in recounted:
        fitted[index].sort(key=lambda piece: piece.start)
    return fitted


def _behind(context: NDArray[np.int32], text: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
    return text if text is None or not len(context) else np.concatenate([context, text])


def _shorter(draft: ChunkDraft, piece: Piece) -> list[Piece]:
    """Return the piece without its overlap, or two pieces that cover the same text."""
    text, start, end = draft.document.text, piece.start, piece.end
    if piece.own > start:
        return [_piece(draft, piece.own, end)]
    if end - start < 2:
        raise UsageError(
            f"One character of {draft.document.path} takes more tokens than a chunk may have.",
            "Choose a larger chunk size, or turn the context off.",
        )
    limit = min(end - 1, start + 1 + (end - start) * 5 // 8)
    cut = last_boundary(text, start, limit, start)
    blanks = BLANKS.match(text, cut)
    second = blanks.end() if blanks else cut
    first = start + len(text[start:cut].rstrip())
    return [_piece(draft, *span) for span in ((start, first), (second, end)) if span[0] < span[1]]


def _piece(draft: ChunkDraft, start: int, end: int) -> Piece:
    return Piece(start, start, end, draft.outline.heading(start, end), None)
