"""The contracts of parsers, chunkers, encoders, arms, rewriters, rerankers and reporters.

Contract tests hold every registered piece to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from .config import QueryConfig, RankingConfig
    from .outline import Outline
    from .records import Document, ParsedDocument

    Labels = NDArray[np.uint64]
    Vectors = NDArray[np.float32]
    Offsets = NDArray[np.int64]
    Scores = NDArray[np.float32]
    Tell = Callable[[str, str], None]
    """:meth:`Reporter.message`: kind and sentence."""


Shape: TypeAlias = Literal["dense", "sparse", "multi"]
"""One unit vector a text; ids and weights; one vector a token. Today every encoder is dense."""


Parser: TypeAlias = "Callable[[bytes, str], ParsedDocument]"
"""Turns the bytes of one file, never none, into text with its structure; its path (POSIX, relative) is never opened.

Raises ParseError where the bytes are not a readable document of this format, UnsupportedError where they hold no text
or are of a kind that embedctl does not read; the message is the reason.
"""


class TokenIds(NamedTuple):
    """Tokens of many texts, without special tokens and prompts: text ``i`` has ``ids[offsets[i]:offsets[i + 1]]``."""

    ids: NDArray[np.int32]
    """int32 ``(offsets[-1],)``: rows of the tokenizer's vocabulary."""
    offsets: Offsets
    """int64 ``(texts + 1,)``, ascending from 0."""


class LocatedTokens(NamedTuple):
    """The tokens of one text and where they lie in it."""

    ids: NDArray[np.int32]
    starts: Offsets
    """Code points; non-decreasing, as are ``ends``."""
    ends: Offsets


class Tokenizer(Protocol):
    """Measures chunks: the encoder's own tokenizer, or a plain one where the encoder has none."""

    fingerprint: str
    """16 hex digits; equal means equal tokens and limits."""
    max_tokens: int | None
    """Longest input of the encoder, special tokens included; ``None``: it has none."""
    usual_tokens: int
    """Size of a chunk where the settings name none: the longest input, or what embeds well."""
    overhead: int
    """Tokens that every input has besides its text: special tokens and the document prompt."""

    additive: bool
    """Whether the tokens of texts that are joined at blanks, tabs or newlines are those of the texts, joined."""
    prefix_ids: NDArray[np.int32]
    """Special tokens and document prompt, which every input has in front of the ids of its text."""
    suffix_ids: NDArray[np.int32]
    """Special tokens behind the ids of its text."""

    @property
    def vocabulary(self) -> int:
        """One more than the highest token id."""

    @property
    def unknown_id(self) -> int | None:
        """Id of the token that stands for what the vocabulary cannot spell; ``None``: it can spell everything."""

    def locate(self, texts: Sequence[str]) -> list[LocatedTokens]:
        """Return, for each text, its tokens and their places, without special tokens and prompt."""

    def token_ids(self, texts: Sequence[str]) -> TokenIds:
        """Return the tokens of each text, uncut: what the encoder reads between ``prefix_ids`` and ``suffix_ids``."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens the encoder reads for each text, ``overhead`` included."""


Chunker: TypeAlias = "Callable[[Document], Outline]"
"""Returns the structure of a document from ``body_start`` on, in code points of its text.

:mod:`.chunkers.batch` cuts it there into chunks that fit the encoder.
"""


class Encoder(Protocol):
    """Turns texts into unit-norm vectors."""

    name: str
    fingerprint: str
    """16 hex digits over everything that decides about the vectors: weights, pooling, prompts, maximum length."""
    shape: Shape
    dim: int

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm, in the order of ``texts``.

        Raises:
            EmbedctlError: a text is longer than the maximum; nothing is ever truncated in silence.
        """

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, unit norm; a query longer than the maximum is cut at its end."""


class TokenEncoder(Encoder, Protocol):
    """An encoder that takes tokens in place of texts, so that a text tokenized once is not tokenized again."""

    @property
    def tokenizer_fingerprint(self) -> str:
        """Of the :class:`Tokenizer` whose ids ``encode_tokens`` takes."""

    def encode_tokens(self, tokens: TokenIds) -> Vectors:
        """Return what ``encode_documents`` returns for the texts that these tokens were made of."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What an arm proposes: best first, ties by ascending label."""

    labels: Labels
    """uint64 ``(n,)``, see :mod:`embedctl.labels`."""
    scores: Scores
    """float32 ``(n,)``, higher is better: BM25, cosine similarity ..."""


class Allowed(Protocol):
    """The chunks that a filter lets through."""

    count: int

    @property
    def labels(self) -> Labels:
        """Sorted uint64 ``(count,)``."""

    def mask(self, labels: Labels) -> NDArray[np.bool_]:
        """Return which of ``labels`` are allowed, bool of the same shape."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query as arms are asked it."""

    words: tuple[str, ...]
    """As typed between blanks; any may match."""
    phrases: tuple[str, ...]
    """All must match."""
    exclusions: tuple[str, ...]
    """Words and phrases; none may match."""
    vector: Callable[[str], Vectors]
    """Return the query's vector in a field, float32 ``(dim,)``; the encoder is loaded when this is first called."""
    allowed: Allowed | None = None
    """Chunks that may answer; ``None``: all."""


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """How an arm is asked, the same for all queries of a batch."""

    depth: int
    """Rows that each query wants at first."""
    ranking: RankingConfig
    config: QueryConfig
    queries: int = 1
    """Queries that are expected to be asked so in all: worth preparing for. 0: find what a single query would, and do
    not count these; for measurements."""


class ArmQuery(Protocol):
    """One arm, asked one query; not to be asked by two threads at a time.

    A subclass needs ``best`` and ``scores``; the rest has defaults that fit an arm with one way to search.
    """

    excludes: bool = False
    """Whether it leaves out what the query excludes."""

    def best(self, k: int) -> Ranking:
        """Return the ``k`` best allowed rows, fewer where the arm has no more."""

    def scores(self, labels: Labels) -> Scores:
        """Return the arm's score of each of ``labels``, float32 ``(n,)``; NaN where it has none."""

    def most(self) -> float:
        """Return what no score can exceed; inf: unknown, and its best hit counts as the best possible."""
        return math.inf

    def feedback(self, first: Ranking, texts: Callable[[Labels], list[str]]) -> tuple[ArmQuery, dict[str, Any]]:
        """Return the query moved towards its first hits, and what they had in common, for ``--explain``."""
        return self, {"hits": 0}

    def explain(self, k: int) -> dict[str, Any]:
        """Return how the arm finds ``k`` rows and what that costs, as JSON."""
        return {}

    def notes(self) -> list[str]:
        """Return finished sentences that a person should know, such as a query without a word to look up."""
        return []


class Arm(Protocol):
    """A first-stage retriever, opened over one generation of an index. Safe to share between threads."""

    rows: int
    """Live rows."""

    def ask(self, queries: Sequence[Query], request: ArmRequest) -> list[ArmQuery]:
        """Return each query ready to be searched; for several queries at once, work that they share is done here."""


class DenseRetriever(Protocol):
    """Nearest neighbours by cosine similarity among the live rows."""

    def __len__(self) -> int:
        """Return the number of live rows."""

    def search(self, vector: Vectors, k: int, allowed: Allowed | None = None) -> Ranking:
        """Return the ``min(k, live and allowed rows)`` best rows for one unit-norm query vector ``(dim,)``.

        Scores are exact, ties by ascending label. An approximate retriever may return fewer; the caller then scans.

        Raises:
            MismatchError: ``vector`` has another dimension.
            ModelError: ``vector`` is not finite.
        """
        return self.search_batch(vector[None], k, allowed)[0]

    def search_batch(self, vectors: Vectors, k: int, allowed: Allowed | None = None) -> list[Ranking]:
        """Return what ``search`` returns for each row of float32 ``(queries, dim)``."""


class Rewriter(Protocol):
    """Turns a query into another text to look for."""

    def rewrite(self, texts: Sequence[str]) -> list[str]:
        """Return a text for each of ``texts``, in their order; a blank one leaves the query as it is."""


class Reranker(Protocol):
    """Scores the first hits of a query again."""

    def rerank(self, query: str, texts: Sequence[str]) -> Scores:
        """Return a finite score for each of ``texts``, float32 ``(n,)``, higher is better."""


class Reporter(Protocol):
    """Hears what the library does; decides what, if anything, is shown."""

    def stage(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Progress]:
        """Announce a stage of ``total`` units (``None``: unknown) and return its progress."""

    def message(self, kind: str, text: str) -> None:
        """Tell a sentence; ``kind`` is ``info``, ``detail`` or ``warning``."""


class Progress(Protocol):
    """One running stage."""

    def advance(self, units: int = 1) -> None:
        """Say that ``units`` more are done."""
