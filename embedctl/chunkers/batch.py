"""Many documents at once: tokenizing small documents together is what makes chunking fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import CHUNKERS
from .assemble import rows
from .budget import budget_for
from .context import Contexts
from .fitting import Draft, Fitted, fit
from .packing import Packer
from .short import single_chunks
from .tokens import TokenMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..config import ChunkConfig
    from ..contracts import Tokenizer
    from ..records import Chunk, Document
    from .outline import Outline

BATCH_CHARACTERS = 1_000_000
BATCH_DOCUMENTS = 2_000


class Outliner(Protocol):
    """Finds the structure of a document."""

    def outline(self, document: Document) -> Outline:
        """Return the structure of ``document`` from ``body_start`` on."""
        ...


def chunk_documents(
    documents: Iterable[Document], tokenizer: Tokenizer, config: ChunkConfig, *, keep_tokens: bool = False
) -> Iterator[list[Chunk]]:
    """Yield the chunks of each document, in order; ``doc_row`` is the document's position in ``documents``.

    With ``keep_tokens`` each chunk carries the tokens of its context and text.

    Raises:
        UsageError: there is no such strategy, or size and overlap do not go with the encoder; before any work.
    """
    strategy: Outliner = CHUNKERS.load(config.strategy)()
    budget_for(tokenizer, config)
    found = fit_documents(documents, strategy, tokenizer, config, keep_tokens=keep_tokens)
    return (rows(document, doc_row, fitted) for doc_row, (document, fitted) in enumerate(found))


def fit_documents(
    documents: Iterable[Document],
    strategy: Outliner,
    tokenizer: Tokenizer,
    config: ChunkConfig,
    *,
    keep_tokens: bool = False,
) -> Iterator[tuple[Document, list[Fitted]]]:
    """Yield each document with its spans, contexts and exact token counts."""
    budget = budget_for(tokenizer, config)
    for batch in _batches(documents):
        outlined = [(document, strategy.outline(document)) for document in batch]
        contexts = Contexts(tokenizer, config)
        contexts.prepare((document.title, path) for document, outline in outlined for path in outline.paths)
        # Locating tokens tells their number too, but only where counts add up; elsewhere it would be a second reading.
        short = {} if budget.exact else single_chunks(outlined, contexts, tokenizer, budget, keep_tokens=keep_tokens)
        others = [pair for index, pair in enumerate(outlined) if index not in short]
        maps = _token_maps([document for document, _ in others], tokenizer)
        drafts = [
            _draft(document, Packer(document.text, outline, tokens, budget, keep_tokens=keep_tokens), contexts)
            for (document, outline), tokens in zip(others, maps, strict=True)
        ]
        fitted = iter(fit(drafts, contexts, tokenizer, budget, keep_tokens=keep_tokens))
        for index, document in enumerate(batch):
            yield document, short[index] if index in short else next(fitted)


def _draft(document: Document, packer: Packer, contexts: Contexts) -> Draft:
    pieces = packer.pack(document.body_start, lambda path: contexts.of(document.title, path).tokens)
    return Draft(document, packer.outline, list(pieces))


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
