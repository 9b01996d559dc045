"""Result of an inspection: figures with definitions and sources, verdicts, and one sentence of advice."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SCHEMA_VERSION = 1

Verdict = Literal["good", "look", "bad"]
Unit = Literal["share", "number", "count", "tokens", "characters"]
"""``share``: of 1; ``number``: without a unit."""
TopicName = Literal["vectors", "isotropy", "dimension", "hubness", "duplicates", "lengths", "tokenizer", "languages"]

_SEVERITY: dict[Verdict | None, int] = {None: 0, "good": 1, "look": 2, "bad": 3}


def worst(judged: Sequence[Figure] | Sequence[Topic]) -> Verdict | None:
    """Return the gravest verdict; ``None`` where nothing was judged."""
    return max((one.verdict for one in judged), key=_SEVERITY.__getitem__, default=None)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its definition and the source of that."""

    name: str
    """Unique within its topic, ``snake_case``."""
    label: str
    """For people: ``mean cosine``."""
    value: float
    """Finite; whole where ``unit`` is ``count`` or ``tokens`` and the definition does not say otherwise."""
    unit: Unit
    definition: str
    """One sentence."""
    source: str
    """Paper, or what in the store it was counted in."""
    verdict: Verdict | None = None
    """``None``: not judged."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between neighbouring edges: ``[edge, next)``, the last one closed."""

    name: str
    label: str
    """Label of the axis, with its unit."""
    edges: tuple[float, ...]
    """Ascending; one more than ``counts``."""
    counts: tuple[int, ...]

    @classmethod
    def of(cls, name: str, label: str, edges: Sequence[float], values: NDArray[Any]) -> Histogram:
        """Count values between edges."""
        import numpy as np

        return cls(name, label, tuple(map(float, edges)), tuple(np.histogram(values, edges)[0].tolist()))


@dataclass(frozen=True, slots=True)
class Topic:
    """One aspect of a store, with figures and a verdict."""

    name: TopicName
    verdict: Verdict | None = field(init=False)
    """The gravest of its figures; ``None``: there is too little to judge by."""
    figures: Sequence[Figure]
    advice: str
    """One sentence: what to do, or that there is nothing to do."""
    histograms: Sequence[Histogram] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", worst(self.figures))

    def figure(self, name: str) -> Figure:
        """Return the figure called ``name``.

        Raises:
            KeyError: the topic has none of that name.
        """
        return {figure.name: figure for figure in self.figures}[name]


@dataclass(frozen=True, slots=True)
class ChunkName:
    """A chunk that is shown as an example."""

    id: str
    title: str
    """Of its document, or the last heading above it; may be empty."""
    text: str
    """Its first words."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A chunk that is near to many others."""

    chunk: ChunkName
    lists: int
    """Chunks of the sample that have it among their nearest."""
    tokens: int


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two chunks with nearly one vector, or with one text."""

    chunk: ChunkName
    other: ChunkName
    cosine: float
    exact: bool
    """Title, headings and text are the same, character by character."""
    copies: int
    """Chunks of the store that have this text; 0 where the two differ."""
    within_document: bool
    """Both are of one document."""


@dataclass(frozen=True, slots=True)
class SplitWord:
    """A word that the tokenizer has no single token for."""

    word: str
    pieces: int
    count: int
    """Occurrences in the sampled texts."""
    unknown: bool
    """A piece of it is the unknown token: the model does not see it at all."""


@dataclass(frozen=True, slots=True)
class LanguageShare:
    """Share of one language in the sampled texts, and the tokenizer's figures for it."""

    language: str
    """ISO 639-1 code; ``code`` for programs, ``unknown`` for texts with too few letters."""
    chunks: int
    share: float
    fertility: float
    """Tokens a word; 0 where there are no words."""
    unknown: float
    """Share of tokens that are the unknown token."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """The embedding health of one snapshot."""

    store: str
    """The store's folder."""
    snapshot: int
    model: str
    student: bool
    """The vectors are those of an encoder distilled from ``model``."""
    dim: int
    chunks: int
    """Live ones."""
    embedded: int
    """Live chunks with a vector of the store's encoder; the others wait for ``embed``."""
    vectors_sampled: int
    """Chunks that were compared with each other."""
    texts_sampled: int
    """Chunks whose texts were read."""
    neighbours: int
    """Length of a list of nearest chunks (k)."""
    seed: int
    topics: tuple[Topic, ...]
    """In the order of ``TopicName``."""
    hubs: tuple[Hub, ...]
    """The greatest first."""
    pairs: tuple[NearPair, ...]
    """Examples of duplicates, the most alike first."""
    split_words: tuple[SplitWord, ...]
    """The most frequent first."""
    languages: tuple[LanguageShare, ...]
    """The most frequent first."""
    spectrum: tuple[float, ...]
    """Share of the variance along each principal component, descending; sums to 1."""
    seconds: float

    @property
    def verdict(self) -> Verdict | None:
        """The gravest of its topics."""
        return worst(self.topics)

    def topic(self, name: TopicName) -> Topic:
        """Return the topic called ``name``."""
        return next(topic for topic in self.topics if topic.name == name)

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/inspect.v1.json`` describes."""
        return {"schema_version": SCHEMA_VERSION, "verdict": self.verdict, **asdict(self)}
