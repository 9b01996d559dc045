"""Cut many documents at once: chunking is fast because small documents are tokenized together."""

from __future__ import annotations

import hashlib
import re
import traceback
from bisect import bisect_right
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import EmbedctlError
from ..records import Chunk
from . import CHUNKERS
from .budget import budget_for
from .code import ended_afterwards
from .context import Contexts
from .fitting import ChunkDraft, Fitted, fit, single_chunks
from .packing import Packer
from .tokens import TokenMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..config import ChunkConfig
    from ..contracts import Chunker, Tokenizer
    from ..records import Document
    from .budget import Budget

    Cut = Callable[[list[Document], int], list["list[Chunk] | FailedDocument"]]
    """Returns the chunks of each document of a batch, given the row of the first."""

BATCH_CHARACTERS = 1_000_000
BATCH_DOCUMENTS = 2_000
_LONGEST_REASON = 200
_LINE_END = re.compile(r"\r\n?|\n")


class FailedDocument(NamedTuple):
    """A document that cannot be cut."""

    document: Document
    reason: str
    """The error and the line that raised it: most likely a mistake of ours."""


def chunk_documents(
    documents: Iterable[Document], tokenizer: Tokenizer, config: ChunkConfig, *, keep_tokens: bool = False
) -> Iterator[list[Chunk] | FailedDocument]:
    """Yield the chunks of each document, in order; ``doc_row`` is the document's position in ``documents``.

    With ``keep_tokens`` each chunk carries the tokens of its context and text. A document that cannot be cut does not
    stop the others.

    Raises:
        UsageError: there is no such strategy, or size and overlap do not fit the encoder; before any work.
    """
    chunker: Chunker = CHUNKERS.load(config.strategy)
    budget = budget_for(tokenizer, config)

    def cut(batch: list[Document], first: int) -> list[list[Chunk] | FailedDocument]:
        fitted = _fitted(batch, chunker, tokenizer, budget)
        return [_rows(*each, keep_tokens=keep_tokens) for each in zip(batch, count(first), fitted, strict=False)]

    return _each(documents, cut)


def _each(documents: Iterable[Document], cut: Cut) -> Iterator[list[Chunk] | FailedDocument]:
    done = 0
    with ended_afterwards():
        for batch in _batches(documents):
            yield from _survivors(batch, done, cut)
            done += len(batch)


def _survivors(batch: list[Document], first: int, cut: Cut) -> list[list[Chunk] | FailedDocument]:
    """Return the chunks of each document; where one fails, cut each alone, which finds the bad one."""
    try:
        return cut(batch, first)
    except BaseException as error:
        panic = type(error).__name__ == "PanicException"  # of the tokenizer, written in Rust
        if isinstance(error, MemoryError) or not (isinstance(error, Exception) or panic):
            raise  # an interruption, or memory that ran out, is not about a document
        if len(batch) == 1:
            return [FailedDocument(batch[0], _reason(error))]
    return [found for at, document in enumerate(batch, first) for found in _survivors([document], at, cut)]


def _reason(error: BaseException) -> str:
    if isinstance(error, EmbedctlError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(str(error).split())[:_LONGEST_REASON]
    return f"cutting it failed in {Path(last.filename).name} line {last.lineno} ({type(error).__name__}: {what})"


def _fitted(batch: list[Document], chunker: Chunker, tokenizer: Tokenizer, budget: Budget) -> list[list[Fitted]]:
    """Return the spans of each document of a batch."""
    outlined = [(document, chunker(document)) for document in batch]
    contexts = Contexts(tokenizer, budget.context)
    contexts.prepare((document.title, path) for document, outline in outlined for path in outline.paths)
    # Locating tokens tells their number too, but only where counts add up; elsewhere it would be a second reading.
    short = {} if budget.exact else single_chunks(outlined, contexts, tokenizer, budget)
    others = [pair for index, pair in enumerate(outlined) if index not in short]
    maps = _token_maps([document for document, _ in others], tokenizer)
    drafts = [
        ChunkDraft(document, outline, list(Packer(document, outline, tokens, budget, contexts).pack()))
        for (document, outline), tokens in zip(others, maps, strict=True)
    ]
    fitted = iter(fit(drafts, contexts, tokenizer, budget))
    return [short[index] if index in short else next(fitted) for index in range(len(batch))]


def _rows(document: Document, doc_row: int, fitted: list[Fitted], *, keep_tokens: bool) -> list[Chunk]:
    """Return the chunk rows for the spans of a document."""
    text, pages = document.text, document.pages
    line_ends = [match.end() for match in _LINE_END.finditer(text)]
    prefix = f"{document.source}:{document.doc_id}#"
    chunks = []
    for ordinal, (piece, context, tokens, ids) in enumerate(fitted):
        start, end = piece.start, piece.end
        body = text[start:end]
        chunks.append(
            Chunk(
                chunk_id=f"{prefix}{ordinal}",
                doc_id=document.doc_id,
                doc_row=doc_row,
                ordinal=ordinal,
                start=start,
                end=end,
                start_line=bisect_right(line_ends, start) + 1,
                end_line=bisect_right(line_ends, end - 1) + 1,
                page=max(1, bisect_right(pages, start)) if pages else None,
                heading=piece.heading,
                context=context,
                text=body,
                sha256=hashlib.sha256((context + body).encode()).digest(),
                tokens=tokens,
                token_ids=ids if keep_tokens else None,
            )
        )
    return chunks


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if characters >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _token_maps(documents: list[Document], tokenizer: Tokenizer) -> list[TokenMap]:
    """Return a token map for each document; those of long documents tokenize themselves as packing goes on."""
    maps = [TokenMap(document.text, document.body_start, tokenizer) for document in documents]
    short = [index for index, document in enumerate(documents) if len(document.text) <= BATCH_CHARACTERS]
    texts = [documents[index].text[documents[index].body_start :] for index in short]
    for index, located in zip(short, tokenizer.locate(texts), strict=True):
        maps[index].fill(located)
    return maps
