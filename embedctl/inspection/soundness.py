"""Missing vectors, and vectors that no cosine can be computed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import NORM_OFF
from .glossary import figure
from .inspection import Histogram, Topic
from .survey import NORM_EDGES

if TYPE_CHECKING:
    from ..store.manifest import StudentRecord
    from .survey import Norms

_COUNTED = "counted over all vectors of the store"


def soundness(norms: Norms, uncut: int, waiting: int, student: StudentRecord | None) -> Topic:
    """Return the figures of missing and defective vectors.

    ``uncut`` documents have no chunks yet, ``waiting`` chunks no vector; a ``student`` made those that there are.
    """
    figures = [
        figure("uncut", "documents not cut", uncut, "count", _COUNTED),
        figure("waiting", "chunks without a vector", waiting, "count", _COUNTED),
        figure("zero", "zero", norms.zero, "count", _COUNTED),
        figure("not_finite", "not finite", norms.not_finite, "count", _COUNTED),
        figure("off_unit", "not of length 1", norms.off_unit, "count", _COUNTED, tolerance=NORM_OFF),
        figure("largest_deviation", "largest deviation", norms.largest_deviation, "number", _COUNTED),
    ]
    if student:
        told, held_out = "told by embedctl distill", student.held_out
        figures.append(figure("student_cosine", "student to model", student.cosine, "number", told, held_out=held_out))
    edges = tuple(min(edge, 2.0) for edge in NORM_EDGES)
    histogram = Histogram("norms", "length of the vector", edges, tuple(norms.counts.tolist()))
    return Topic("vectors", figures, _advice(norms, uncut or waiting, student), (histogram,))


def _advice(norms: Norms, waiting: int, student: StudentRecord | None) -> str:
    if norms.zero or norms.not_finite or norms.off_unit:
        return (
            'These vectors cannot be compared with a query: see which they are with "embedctl doctor --deep", and make '
            'them again with "embedctl doctor --repair".'
        )
    if waiting:
        return 'The dense arm finds nothing that has no vector: finish with "embedctl index --no-refresh".'
    if student:
        return (
            "The vectors are those of a student (--fast), which is quicker and worse than its model: where that "
            'matters, run "embedctl index --no-fast --rebuild".'
        )
    return "Every chunk has a sound vector: nothing to do."
