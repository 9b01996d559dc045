"""The promise that nothing is truncated: count what the encoder will read, and split what does not fit."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UsageError
from .budget import UNSURE_TOKENS
from .packing import Piece
from .prose import last_boundary
from .tokens import counted, skip_blanks

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

    piece: Piece
    context: str
    tokens: int
    """Of the whole input: special tokens, prompt, context and text."""
    ids: NDArray[np.int32]
    """Tokens of context and text."""


def single_chunks(
    documents: Sequence[tuple[Document, Outline]], contexts: Contexts, tokenizer: Tokenizer, budget: Budget
) -> dict[int, list[Fitted]]:
    """Return the one chunk of each document that is short, has no sections and fits whole, by its position.

    Nothing has to be located in them, so the tokenizer reads them only once.
    """
    tried: list[tuple[int, Piece, str]] = []
    inputs: list[str] = []
    for index, (document, outline) in enumerate(documents):
        text = document.text[document.body_start :]
        if outline.sections or len(text) > FITTING_CHARACTERS * budget.body or not (body := text.strip()):
            continue
        start = document.body_start + len(text) - len(text.lstrip())
        piece = _piece(outline, start, start + len(body))
        context = contexts.of(document.title, piece.heading).text
        tried.append((index, piece, context))
        inputs.append(context + body)
    return {
        index: [Fitted(piece, context, tokens, ids)]
        for (index, piece, context), (tokens, ids) in zip(tried, counted(tokenizer, inputs), strict=True)
        if tokens <= budget.limit - UNSURE_TOKENS
    }


def fit(drafts: Sequence[ChunkDraft], contexts: Contexts, tokenizer: Tokenizer, budget: Budget) -> list[list[Fitted]]:
    """Return the pieces of each draft with exact counts, those that are too long split until they fit."""
    fitted: list[list[Fitted]] = [[] for _ in drafts]
    pending: list[tuple[int, Piece]] = []
    for index, draft in enumerate(drafts):
        for piece in draft.pieces:
            context = contexts.of(draft.document.title, piece.heading)
            if budget.exact and piece.ids is not None:
                tokens = tokenizer.overhead + context.tokens + len(piece.ids)
                if tokens <= budget.limit:
                    ids = np.concatenate([context.ids, piece.ids]) if len(context.ids) else piece.ids
                    fitted[index].append(Fitted(piece, context.text, tokens, ids))
                    continue
            pending.append((index, piece))
    while pending:
        texts = [drafts[index].document.text[piece.start : piece.end] for index, piece in pending]
        lines = [contexts.of(drafts[index].document.title, piece.heading).text for index, piece in pending]
        found = counted(tokenizer, [line + text for line, text in zip(lines, texts, strict=True)])
        too_long: list[tuple[int, Piece]] = []
        for (index, piece), line, (tokens, ids) in zip(pending, lines, found, strict=True):
            if tokens <= budget.limit:
                fitted[index].append(Fitted(piece, line, tokens, ids))
            else:
                too_long += [(index, shorter) for shorter in _shorter(drafts[index], piece)]
        pending = too_long
    for chunks in fitted:
        chunks.sort(key=attrgetter("piece.start"))
    return fitted


def _shorter(draft: ChunkDraft, piece: Piece) -> list[Piece]:
    """Return the piece without its overlap, or two pieces that cover the same text."""
    text, start, end = draft.document.text, piece.start, piece.end
    if piece.own > start:
        return [_piece(draft.outline, piece.own, end)]
    if end - start < 2:
        raise UsageError(
            f"One character of {draft.document.path} takes more tokens than a chunk may have.",
            "Choose a larger chunk size, or turn the context off.",
        )
    limit = min(end - 1, start + 1 + (end - start) * 5 // 8)
    cut = last_boundary(text, start, limit, start)
    halves = (start, start + len(text[start:cut].rstrip())), (skip_blanks(text, cut), end)
    return [_piece(draft.outline, *half) for half in halves if half[0] < half[1]]


def _piece(outline: Outline, start: int, end: int) -> Piece:
    return Piece(start, start, end, outline.heading(start, end), None)
