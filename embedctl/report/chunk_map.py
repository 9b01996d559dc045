"""Map of the chunks: places in the plane, clusters and their names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from ..config.measuring import ReportConfig
    from ..contracts import Vectors
    from .sample import MapChunk

OTHERS = "all others"
_LEAST_CHUNKS = 12
"""Fewer have no neighbourhoods that a map could show."""
_COMPONENTS = 50
_PERPLEXITY = 30.0
"""The library's default; van der Maaten and Hinton (2008) recommend 5 to 50."""
_ITERATIONS = 500
_STARTS = 4
_WORDS = 3
_DEEPEST = 6
"""Folders from the one that has all chunks on."""
_NEARLY = 0.9
_WORD = r"(?u)\b[^\W\d_]{3,}\b"


@dataclass(frozen=True, slots=True)
class ChunkMap:
    """Sampled chunks in the plane: the nearer two points, the more alike (mostly) what their chunks mean."""

    chunks: Sequence[MapChunk]
    positions: NDArray[np.float64]
    """float64 ``(n, 2)``, without unit."""
    folders: list[str]
    """Folder of each chunk; the smallest folders are one, ``OTHERS``."""
    clusters: list[str]
    """Likewise, by k-means on the vectors, named by their most distinctive words."""
    total: int
    """Chunks that there are."""


def chunk_map(chunks: Sequence[MapChunk], vectors: Vectors, total: int, config: ReportConfig) -> ChunkMap | None:
    """Return the map of sampled chunks and their vectors; ``None``: there are too few for one."""
    if len(chunks) < _LEAST_CHUNKS:
        return None
    with _one_thread():
        positions = project(vectors, config.seed)
        labels = cluster(vectors, config.groups, config.seed)
    clusters = _grouped(cluster_names([chunk.text for chunk in chunks], labels), config.groups)
    places = [(chunk.source, chunk.path) for chunk in chunks]
    folders = _grouped(folder_names(places, config.groups), config.groups)
    return ChunkMap(chunks, positions, folders, clusters, total)


def _one_thread() -> AbstractContextManager[object]:
    """Compute with one thread: the sums of several come in another order each time, and another map comes of them."""
    import sklearn.cluster
    import sklearn.manifold  # noqa: F401 - what is not loaded yet cannot be limited
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)  # type: ignore[no-any-return]


def project(vectors: Vectors, seed: int) -> NDArray[np.float64]:
    """Return places in the plane, float64 ``(n, 2)``, from -1 to 1: t-SNE of the leading principal components.

    Source: van der Maaten and Hinton, Visualizing Data using t-SNE, JMLR 2008; begun at the first two components, as
    Kobak and Berens (2019) advise, so that the coarse layout means something, too.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    count, dim = vectors.shape
    spread = vectors + np.float32(0)
    if (np.ptp(spread, axis=0) < np.finfo(np.float32).eps).all():
        return np.zeros((count, 2))
    reduced = PCA(min(_COMPONENTS, count, dim), random_state=seed, svd_solver="full").fit_transform(spread)
    perplexity = min(_PERPLEXITY, (count - 1) / 3)
    places = TSNE(
        2, init="pca", perplexity=perplexity, max_iter=_ITERATIONS, random_state=seed, n_jobs=1
    ).fit_transform(reduced)
    low, high = places.min(axis=0).astype(np.float64), places.max(axis=0).astype(np.float64)
    return np.asarray(2 * (places - low) / np.maximum(high - low, np.finfo(np.float32).tiny) - 1, dtype=np.float64)


def cluster(vectors: Vectors, most: int, seed: int) -> NDArray[np.int64]:
    """Return a label from 0 for each row, int64 ``(n,)``: k-means of the unit vectors, so by cosine."""
    from sklearn.cluster import KMeans

    kinds = len(np.unique(vectors, axis=0))
    means = KMeans(min(most, kinds), n_init=_STARTS, random_state=seed)
    return np.asarray(means.fit_predict(vectors), dtype=np.int64)


def cluster_names(texts: Sequence[str], labels: NDArray[np.int64]) -> list[str]:
    """Return for each text the name of its cluster: the words that separate it best from the others.

    A word counts ``p(word | cluster) * log(p(word | cluster) / p(word))``, with the share of texts that have it as
    ``p``: its part of the Kullback-Leibler divergence. Words that stand everywhere count nothing in any language.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counting = CountVectorizer(binary=True, token_pattern=_WORD, min_df=2, dtype=np.int32)
    try:
        found = counting.fit_transform(texts).tocsr()
    except ValueError:  # no text has a word, or none has one that another has, too
        return [f"cluster {label + 1}" for label in labels.tolist()]
    words = counting.get_feature_names_out()
    everywhere = np.asarray(found.mean(axis=0)).ravel()
    names: dict[int, str] = {}
    for label in np.unique(labels).tolist():
        here = np.asarray(found[labels == label].mean(axis=0)).ravel()
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = np.where(here > 0, here * np.log(here / everywhere), 0.0)
        best = np.argsort(-worth, kind="stable")
        words_of = [str(words[at]) for at in best[: 4 * _WORDS].tolist() if worth[at] > 0]
        names[label] = ", ".join(_different(words_of)) or f"cluster {label + 1}"
    alike, seen = Counter(names.values()), Counter[str]()
    for label, name in names.items():
        if alike[name] > 1:
            seen[name] += 1
            names[label] = f"{name} ({seen[name]})"
    return [names[label] for label in labels.tolist()]


def _different(words: Sequence[str]) -> list[str]:
    """Return the first words of which none is another with an ending."""
    kept: list[str] = []
    for word in words:
        stem = max(4, len(word) - 3)
        if not any(word[:stem] == other[:stem] for other in kept):
            kept.append(word)
    return kept[:_WORDS]


def _grouped(names: Sequence[str], most: int) -> list[str]:
    """Return the group of each row: its own if that is among the largest, else ``OTHERS``."""
    groups = [name for name, _ in sizes(names)]
    kept = set(groups if len(groups) <= most else groups[: most - 1])
    return [name if name in kept else OTHERS for name in names]


def sizes(names: Sequence[str]) -> list[tuple[str, int]]:
    """Return the groups of some rows with their sizes, the largest first, ``OTHERS`` at the end."""
    return sorted(Counter(names).items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0]))


def folder_names(places: Sequence[tuple[str, str]], most: int) -> list[str]:
    """Return a folder for each pair of source and path, from the folder that has them all: cut at the same depth.

    The depth is the first at which the ``most`` largest folders, the last of them being all others, share the chunks
    out nearly as evenly as at any depth, by entropy. Where all chunks are in one folder, sources or files stand for it.
    """
    paths = [path.split("/") for _, path in places]
    sources = {source for source, _ in places}
    levels = zip(*(path[:-1] for path in paths), strict=False)
    common = len(list(takewhile(lambda level: len(set(level)) == 1, levels)))
    top = paths[0][common - 1] if common else "top folder"
    cut = [["/".join(path[common:-1][:depth]) or top for path in paths] for depth in range(1, _DEEPEST + 1)]
    best = max(_evenness(names, most) for names in cut)
    if best > 0:
        return next(names for names in cut if _evenness(names, most) >= _NEARLY * best)
    if len(sources) > 1:
        return [source for source, _ in places]
    return [path[-1] for path in paths]


def _evenness(names: Sequence[str], most: int) -> float:
    """Return the entropy of the shares that the largest groups have, and of the rest as one, in nats."""
    counts = sorted(Counter(names).values(), reverse=True)
    shown = [*counts[: most - 1], sum(counts[most - 1 :])]
    total = sum(shown)
    return -sum(count / total * log(count / total) for count in shown if count)
