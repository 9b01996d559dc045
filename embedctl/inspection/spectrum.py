"""Isotropy and effective dimension of the vectors, both from the spectrum of the covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .glossary import THRESHOLDS, figure
from .inspection import Figure, Topic, worst

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contracts import Vectors

    Spectrum = NDArray[np.float64]

_ISOSCORE = "Rudman, Gillman, Rayne, Eickhoff: IsoScore, Findings of ACL 2022, Algorithm 1"
_COSINE = "Ethayarajh: How Contextual are Contextualized Word Representations?, EMNLP 2019"
_COMPONENT = "Mu, Viswanath: All-but-the-Top, ICLR 2018"
_RATIO = "Gao et al.: A theory of multineuronal dimensionality, dynamics and measurement, 2017"
_PCA = "Jolliffe: Principal Component Analysis, 2002, Section 6.1.1"

_ONE = "All vectors are one, so there is no spread to measure: nothing to do."


def variances(vectors: Vectors) -> Spectrum:
    """Return the variance along each principal component of ``(n, dim)``, descending; float64 ``(dim,)``."""
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred / max(len(vectors) - 1, 1)
    return np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0.0)


def isoscore(spectrum: Spectrum) -> float:
    """Return the IsoScore of a point cloud with these variances along its principal components.

    Rudman et al., Findings of ACL 2022, Algorithm 1: the variances are scaled to the length of the vector of ones;
    their distance to it is the isotropy defect; 1 is isotropic, 0 is one direction. As the score follows from the
    participation ratio alone, ``(ratio - 1) / (dim - 1)``, the tests hold the one to the other.
    """
    dim = len(spectrum)
    scaled = np.sqrt(dim) * spectrum / np.linalg.norm(spectrum)
    defect = np.linalg.norm(scaled - 1) / np.sqrt(2 * (dim - np.sqrt(dim)))
    used = (dim - defect**2 * (dim - np.sqrt(dim))) ** 2 / dim**2
    return float((dim * used - 1) / (dim - 1))


def participation_ratio(spectrum: Spectrum) -> float:
    """Return ``sum(v)² / sum(v²)``: ``dim`` where all variances are equal, 1 where all but one are zero."""
    return float(spectrum.sum() ** 2 / (spectrum**2).sum())


def components_for(spectrum: Spectrum, share: float) -> int:
    """Return the least number of components that carry a share of the variance."""
    carried = np.cumsum(spectrum) / spectrum.sum()
    return min(int(np.searchsorted(carried, share - 1e-12)) + 1, len(spectrum))


def mean_cosine(total: NDArray[np.float64], squares: float, count: int) -> float:
    """Return the mean product of all pairs of ``count`` vectors, by their sum and the sum of their squared lengths."""
    return float((total @ total - squares) / (count * (count - 1))) if count > 1 else 1.0


def isotropy(spectrum: Spectrum, count: int, cosine: float) -> Topic:
    """Return whether all directions are used; ``count``: vectors that the spectrum is of."""
    if not spectrum.any():
        return Topic("isotropy", (), _ONE)
    fair = count > len(spectrum)  # the covariance of fewer vectors never has full rank
    first = float(spectrum[0] / spectrum.sum())
    figures = (
        figure("isoscore", "IsoScore", isoscore(spectrum), "number", _ISOSCORE, fair),
        figure("mean_cosine", "mean cosine", cosine, "number", _COSINE),
        figure("first_component", "first component", first, "share", _COMPONENT, fair),
    )
    return Topic("isotropy", figures, _isotropy_advice(figures, fair))


def _isotropy_advice(figures: tuple[Figure, ...], fair: bool) -> str:
    score, cosine, first = figures
    if score.verdict in ("look", "bad") or first.verdict in ("look", "bad"):
        return (
            "Few directions carry most of the differences, by the model or because the texts are much alike: compare "
            'another --model in a second store with "embedctl eval" before you change it.'
        )
    if cosine.verdict == "look":
        return (
            f"Any two chunks have a cosine of about {cosine.value:.2f}: the order of hits does not suffer, but a "
            "--min-cosine only keeps things out that lies well above it."
        )
    if not fair:
        return "There are fewer chunks than dimensions, which says little about the model: nothing to do."
    return "No direction dominates: nothing to do."


def dimension(spectrum: Spectrum, count: int) -> Topic:
    """Return in how many dimensions the vectors really vary."""
    if not spectrum.any():
        return Topic("dimension", (), _ONE)
    dim = len(spectrum)
    fair = count > dim
    needed = {share: components_for(spectrum, share) for share in (0.9, 0.95, 0.99)}
    figures = (
        figure("participation_ratio", "participation ratio", participation_ratio(spectrum), "number", _RATIO),
        *(
            Figure(
                f"components_{round(100 * share)}",
                f"{round(100 * share)} % in",
                components,
                "count",
                f"Principal components that carry {round(100 * share)} % of the variance.",
                _PCA,
                THRESHOLDS["share_99"].verdict(components / dim) if fair and share == 0.99 else None,
            )
            for share, components in needed.items()
        ),
    )
    if not fair:
        advice = "There are fewer chunks than dimensions, so they cannot fill them: nothing to do."
    elif worst(figures) == "good":
        advice = (
            f"A projection to {needed[0.95]} of the {dim} dimensions would keep 95 % of the variance; embedctl keeps "
            "all of them: nothing to do."
        )
    else:
        advice = (
            f"{needed[0.99]} of {dim} dimensions carry nearly everything: if the texts are not that much alike, "
            'compare another --model in a second store with "embedctl eval".'
        )
    return Topic("dimension", figures, advice)
