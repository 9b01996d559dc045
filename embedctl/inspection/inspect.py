"""``inspect``: health of a store's embeddings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..config.measuring import InspectConfig
from ..encoders import card
from ..errors import ModelError
from ..stages.status import pending
from .duplicates import NearestTexts, duplicates, pairs
from .inspection import ChunkName, Hub, Inspection, NearPair, Topic
from .languages import language_topic, languages
from .lengths import lengths
from .neighbours import SELF, hubness, nearest, nearest_of_all, strong_hubs
from .soundness import soundness
from .spectrum import dimension, isotropy, mean_cosine, variances
from .survey import Survey, draw
from .words import TokenCounter, TokenCounts, tokenizer_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contracts import Labels, Reporter, Tokenizer, Vectors
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .neighbours import Indices
    from .survey import EmbeddedChunks, Norms

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
        norms, labels, vectors = survey.measure(draw(chunks.labels, config.sample, config.seed), progress)
    space, spectrum = _space(norms, vectors)
    lists, near, compared = _near(survey, chunks, labels, vectors, config, reporter)
    tokenizer, why_not = _tokenizer(manifest.settings.model)
    reader = TokenCounter(tokenizer) if tokenizer else None
    longest = tokenizer.usual_tokens if tokenizer else int(chunks.tokens.max())
    texts = survey.texts(draw(labels, config.texts, config.seed))
    with reporter.stage("texts", len(texts), "texts") as progress:
        readings = reader.read([text.context + text.text for text in texts]) if reader else []
        shares = languages(texts, readings, progress)
    words = reader.split_words(config.examples) if reader else ()
    hubs = strong_hubs(compared, lists, config.examples, config.neighbours)
    alike = pairs(chunks, near, config.examples)
    names = _names(survey, [*(label for label, _ in hubs), *(label for pair in alike for label in pair[:2])])
    student = manifest.student if manifest.encoder.teacher else None
    topics = (
        soundness(norms, pending(manifest)["chunk"], survey.waiting, student),
        *space,
        hubness(lists, config.neighbours, student is not None),
        duplicates(chunks, near),
        lengths(chunks, manifest.settings.chunk.size or longest),
        tokenizer_topic(TokenCounts.total(readings), words) if reader else Topic("tokenizer", (), why_not),
        language_topic(shares, manifest.settings, _languages(manifest.settings.model)),
    )
    return Inspection(
        store=str(layout.root),
        snapshot=manifest.snapshot,
        model=manifest.encoder.model,
        student=bool(manifest.encoder.teacher),
        dim=manifest.encoder.dim,
        chunks=len(chunks) + survey.waiting,
        embedded=len(chunks),
        vectors_sampled=len(labels),
        texts_sampled=len(texts),
        neighbours=config.neighbours,
        seed=config.seed,
        topics=topics,
        hubs=tuple(
            Hub(names[label], count, int(chunks.tokens[np.searchsorted(chunks.labels, np.uint64(label))]))
            for label, count in hubs
        ),
        pairs=tuple(
            NearPair(names[one.label], names[one.other], one.cosine, one.copies > 0, one.copies, one.within_document)
            for one in alike
        ),
        split_words=words,
        languages=shares,
        spectrum=spectrum,
        seconds=time.perf_counter() - start,
    )


def _space(norms: Norms, vectors: Vectors) -> tuple[tuple[Topic, Topic], tuple[float, ...]]:
    """Return isotropy and dimension of a sample, and the share of the variance along each principal component."""
    count, dim = vectors.shape
    spectrum = variances(vectors) if count else np.zeros(dim)
    cosine = mean_cosine(norms.total, norms.squares, norms.finite)
    shares = spectrum / (spectrum.sum() or 1.0)
    return (isotropy(spectrum, count, cosine), dimension(spectrum, count)), tuple(shares.tolist())


def _near(
    survey: Survey, chunks: EmbeddedChunks, labels: Labels, vectors: Vectors, config: InspectConfig, reporter: Reporter
) -> tuple[Indices, NearestTexts, Labels]:
    """Compare the texts of a sample with each other, each text once; and some of them with all others.

    Returns:
        the nearest others of each text; the nearest one of each, or of some among all chunks; the labels of the texts.
    """
    hashes = chunks.hashes[np.searchsorted(chunks.labels, labels)]
    first = np.sort(np.unique(hashes, return_index=True)[1])
    labels, vectors, hashes = labels[first], vectors[first], hashes[first]
    with reporter.stage("compare", len(labels), "chunks") as progress:
        lists, cosines = nearest(vectors, config.neighbours, progress)
    if len(chunks) <= config.sample:
        others = lists[:, 0] if lists.size else np.arange(len(labels))
        first_cosines = cosines[:, 0] if lists.size else np.full(len(labels), SELF, np.float32)
        return lists, NearestTexts(labels, labels[others], first_cosines, everything=True), labels
    chosen = np.searchsorted(labels, draw(labels, config.queries, config.seed))
    blocks = ((mine, chunks.hashes[np.searchsorted(chunks.labels, mine)], own) for mine, own in survey.vectors())
    with reporter.stage("search", len(chunks), "chunks") as progress:
        best = nearest_of_all(vectors[chosen], hashes[chosen], blocks, progress)
    return lists, NearestTexts(labels[chosen], *best, everything=False), labels


def _names(survey: Survey, labels: Sequence[int]) -> dict[int, ChunkName]:
    names, shown = {}, np.unique(np.array(labels, np.uint64))
    for label, told in survey.rows(shown, ("chunk_id", "heading", "text"), ("title",)).items():
        title = told["heading"][-1] if told["heading"] else told["title"] or ""
        names[label] = ChunkName(told["chunk_id"], title, " ".join(told["text"][: 4 * _SHOWN].split())[:_SHOWN])
    return names


def _tokenizer(model: str) -> tuple[Tokenizer | None, str]:
    """Return the model's tokenizer; or ``None``, and a sentence with the reason."""
    try:
        return card(model).tokenizer(), ""
    except ModelError as error:
        return None, f"Not looked at: {error.message}"


def _languages(model: str) -> tuple[str, ...]:
    try:
        return card(model).languages
    except ModelError:
        return ()  # the tokenizer's topic says that the model is not here
