"""Missing vectors, and vectors that no cosine can be computed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..records import NORM_OFF
from .inspection import Figure, Histogram, Topic, worst
from .survey import NORM_EDGES
from .thresholds import judged

if TYPE_CHECKING:
    from ..store.manifest import StudentRecord
    from .survey import Norms

_COUNTED = "counted over all vectors of the store"


class Waiting(NamedTuple):
    """Chunks that the dense arm cannot find yet."""

    documents: int
    """Not cut into chunks."""
    chunks: int
    """Without a vector."""


def soundness(norms: Norms, waiting: Waiting, student: StudentRecord | None) -> Topic:
    """Return the figures of missing and defective vectors.

    Args:
        norms: counts over all of them.
        waiting: live documents and chunks without one.
        student: what made them, where that is a student.
    """
    figures = [
        Figure("uncut", "documents not cut", waiting.documents, "count", "Documents that wait for chunk.", _COUNTED,
               judged("waiting", waiting.documents)),
        Figure("waiting", "chunks without a vector", waiting.chunks, "count", "Chunks that wait for embed.", _COUNTED,
               judged("waiting", waiting.chunks)),
        Figure("zero", "zero", norms.zero, "count", "Vectors of length 0, which are near to nothing.", _COUNTED,
               judged("zero", norms.zero)),
        Figure("not_finite", "not finite", norms.not_finite, "count", "Vectors with NaN or infinity.", _COUNTED,
               judged("not_finite", norms.not_finite)),
        Figure("off_unit", "not of length 1", norms.off_unit, "count",
               f"Vectors whose length is more than {NORM_OFF:g} from 1; all are written with length 1.", _COUNTED,
               judged("off_unit", norms.off_unit)),
        Figure("largest_deviation", "largest deviation", norms.largest_deviation, "number",
               "The most that a length is away from 1.", _COUNTED),
    ]  # fmt: skip
    if student:
        figures.append(
            Figure(
                "student_cosine",
                "student to model",
                student.cosine,
                "number",
                f"Mean cosine of its vectors to the model's, on {student.held_out:,} chunks kept from the fit.",
                "told by embedctl distill",
            )
        )
    edges = tuple(min(edge, 2.0) for edge in NORM_EDGES)
    histogram = Histogram("norms", "length of the vector", edges, tuple(norms.counts.tolist()))
    verdict = worst([figure.verdict for figure in figures])
    return Topic("vectors", verdict, tuple(figures), _advice(norms, waiting, student), (histogram,))


def _advice(norms: Norms, waiting: Waiting, student: StudentRecord | None) -> str:
    if norms.zero or norms.not_finite or norms.off_unit:
        return (
            'These vectors cannot be compared with a query: see which they are with "embedctl doctor --deep", and make '
            'them again with "embedctl doctor --repair".'
        )
    if any(waiting):
        return 'The dense arm finds nothing that has no vector: finish with "embedctl index --no-refresh".'
    if student:
        return (
            "The vectors are those of a student (--fast), which is quicker and worse than its model: where that "
            'matters, run "embedctl index --no-fast --rebuild".'
        )
    return "Every chunk has a sound vector: nothing to do."
