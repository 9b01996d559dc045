"""``inspect``: health of a store's embeddings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..config.measuring import InspectConfig
from ..encoders import card
from ..errors import ModelError
from ..stages.status import pending
from .duplicates import NearestTexts, duplicates, pairs
from .hubness import hubness, strong_hubs
from .inspection import ChunkName, Hub, Inspection, NearPair
from .languages import MadeFor, language_topic, languages
from .lengths import lengths
from .neighbours import SELF, nearest, nearest_of_all
from .soundness import Waiting, soundness
from .spectrum import dimension, isotropy, mean_cosine, variances
from .survey import Survey, draw
from .words import TokenCounter, TokenCounts, tokenizer_topic, unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ..contracts import Labels, Reporter, Tokenizer, Vectors
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .inspection import Topic
    from .neighbours import Indices
    from .survey import EmbeddedChunks, Norms, VectorSample

_SHOWN = 80
"""Characters of a text that stand for it."""


def inspect(layout: Layout, manifest: Manifest, config: InspectConfig | None, reporter: Reporter) -> Inspection:
    """Measure the vectors, texts and tokens of a snapshot.

    Norms, lengths, copies and the mean cosine are of all chunks; the rest is of a sample, which is the whole store
    where that is no larger.

    Raises:
        NoStoreError: nothing has a vector yet.
        DamagedError: a file is not what was written.
    """
    start, config = time.perf_counter(), config or InspectConfig()
    survey = Survey(layout, manifest)
    assert manifest.encoder is not None  # or there would be no vectors
    chunks = survey.chunks()
    with reporter.stage("read", len(chunks), "chunks") as progress:
        norms, sample = survey.measure(draw(chunks.labels, config.sample, config.seed), progress)
    space = _space(norms, sample, manifest.encoder.dim)
    near = _near(survey, chunks, sample, config, reporter)
    tokenizer, why_not = _tokenizer(manifest.settings.model)
    reader = TokenCounter(tokenizer) if tokenizer else None
    texts = survey.texts(draw(sample.labels, config.texts, config.seed))
    with reporter.stage("texts", len(texts), "texts") as progress:
        readings = reader.read([text.context + text.text for text in texts]) if reader else []
        shares = languages(texts, readings, progress)
    words = reader.split_words(config.examples) if reader else ()
    hubs = strong_hubs(near.labels, near.lists, config.examples, config.neighbours)
    alike = pairs(chunks, near.nearest, config.examples)
    names = _names(survey, [*(label for label, _ in hubs), *(label for pair in alike for label in pair[:2])])
    student = manifest.student if manifest.encoder.teacher else None
    topics = (
        soundness(norms, Waiting(pending(manifest)["chunk"], survey.waiting), student),
        *space.topics,
        hubness(near.lists, config.neighbours, student is not None),
        duplicates(chunks, near.nearest),
        lengths(chunks, _limit(manifest, tokenizer, chunks)),
        tokenizer_topic(_total(readings), words) if reader else unread(why_not),
        language_topic(shares, _made_for(manifest)),
    )
    return Inspection(
        store=str(layout.root),
        snapshot=manifest.snapshot,
        model=manifest.encoder.model,
        student=bool(manifest.encoder.teacher),
        dim=manifest.encoder.dim,
        chunks=len(chunks) + survey.waiting,
        embedded=len(chunks),
        vectors_sampled=len(sample.labels),
        texts_sampled=len(texts),
        neighbours=config.neighbours,
        seed=config.seed,
        topics=topics,
        hubs=tuple(Hub(names[label], lists, _tokens(chunks, label)) for label, lists in hubs),
        pairs=tuple(
            NearPair(names[one.label], names[one.other], one.cosine, one.copies > 0, one.copies, one.within_document)
            for one in alike
        ),
        split_words=words,
        languages=shares,
        spectrum=space.spectrum,
        seconds=time.perf_counter() - start,
    )


class _Space(NamedTuple):
    topics: tuple[Topic, Topic]
    spectrum: tuple[float, ...]


def _space(norms: Norms, sample: VectorSample, dim: int) -> _Space:
    spectrum = variances(sample.vectors) if len(sample.labels) else np.zeros(dim)
    total = np.zeros(dim) if norms.total is None else norms.total
    cosine = mean_cosine(total, norms.squares, norms.finite)
    count = len(sample.labels)
    shares = spectrum / (spectrum.sum() or 1.0)
    return _Space((isotropy(spectrum, count, cosine), dimension(spectrum, count)), tuple(shares.tolist()))


class _Near(NamedTuple):
    lists: Indices
    """The nearest others of each text of the sample."""
    nearest: NearestTexts
    """Of the same texts, or of some of them among all chunks."""
    labels: Labels
    """uint64 ``(n,)``: of the rows of ``lists``."""


def _near(
    survey: Survey, chunks: EmbeddedChunks, sample: VectorSample, config: InspectConfig, reporter: Reporter
) -> _Near:
    """Compare the texts of the sample with each other, each text once; and some of them with all others."""
    hashes = chunks.hashes[np.searchsorted(chunks.labels, sample.labels)]
    first = np.sort(np.unique(hashes, return_index=True)[1])
    labels, vectors, hashes = sample.labels[first], sample.vectors[first], hashes[first]
    with reporter.stage("compare", len(labels), "chunks") as progress:
        found = nearest(vectors, config.neighbours, progress)
    if len(chunks) <= config.sample:
        others = found.rows[:, 0] if found.rows.size else np.arange(len(labels))
        cosines = found.cosines[:, 0] if found.rows.size else np.full(len(labels), SELF, np.float32)
        return _Near(found.rows, NearestTexts(labels, labels[others], cosines, everything=True), labels)
    chosen = np.searchsorted(labels, draw(labels, config.queries, config.seed))
    with reporter.stage("search", len(chunks), "chunks") as progress:
        best = nearest_of_all(vectors[chosen], hashes[chosen], _blocks(survey, chunks), progress)
    return _Near(found.rows, NearestTexts(labels[chosen], best.labels, best.cosines, everything=False), labels)


def _blocks(survey: Survey, chunks: EmbeddedChunks) -> Iterator[tuple[Labels, NDArray[np.uint64], Vectors]]:
    for labels, vectors in survey.vectors():
        yield labels, chunks.hashes[np.searchsorted(chunks.labels, labels)], vectors


def _names(survey: Survey, labels: Sequence[int]) -> dict[int, ChunkName]:
    return {
        label: ChunkName(told["chunk_id"], _title(told), " ".join(told["text"][: 4 * _SHOWN].split())[:_SHOWN])
        for label, told in survey.described(labels).items()
    }


def _title(told: dict[str, Any]) -> str:
    title: str = told["heading"][-1] if told["heading"] else told["title"]
    return title


def _tokens(chunks: EmbeddedChunks, label: int) -> int:
    return int(chunks.tokens[np.searchsorted(chunks.labels, np.uint64(label))])


def _tokenizer(model: str) -> tuple[Tokenizer | None, str]:
    """Return the model's tokenizer; or ``None``, and a sentence with the reason."""
    try:
        return card(model).tokenizer(), ""
    except ModelError as error:
        return None, f"Not looked at: {error.message}"


def _limit(manifest: Manifest, tokenizer: Tokenizer | None, chunks: EmbeddedChunks) -> int:
    """Return how many tokens a chunk may have: by the settings and the model, else those of the longest."""
    usual = tokenizer.usual_tokens if tokenizer else int(chunks.tokens.max())
    return manifest.settings.chunk.size or usual


def _made_for(manifest: Manifest) -> MadeFor:
    settings = manifest.settings
    try:
        known = card(settings.model).languages
    except ModelError:
        known = ()  # the tokenizer's topic says that the model is not here
    return MadeFor(settings.model, known, settings.language)


def _total(readings: Sequence[TokenCounts]) -> TokenCounts:
    total = TokenCounts()
    for reading in readings:
        total.add(reading)
    return total
