"""The kind ``dense``: cosine similarity of unit vectors, by scans and an HNSW graph."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...store.arrays import check_ascending, check_finite
from ...store.piece import REPAIR
from ..kind import ArmKind
from .segments import LABELS, VECTORS

if TYPE_CHECKING:
    from pathlib import Path

    from ...config import StoreSettings
    from ...store.manifest import EncoderRecord
    from ...store.piece import Checks, Piece
    from ..kind import ArmWork, Built, Opening
    from .arm import DenseArm
    from .examine import DenseExaminer


_COPIES = 3
"""Of the vectors of one part, while they are read, converted and written."""


class DenseKind(ArmKind):
    """See :class:`~embedctl.arms.kind.ArmKind`."""

    least = -1.0
    shape = "dense"
    feedback = "rocchio"
    holds_out = True

    def build(self, work: ArmWork) -> Built:
        """Write vectors, sign bits where they pay, and the graph."""
        from .build import build

        return build(work)

    def open(self, piece: Piece, opening: Opening) -> DenseArm:
        """Map the vectors; sign bits and graph are opened when a plan asks for them."""
        from .arm import DenseArm
        from .structures import Structures

        assert piece.record.field is not None
        return DenseArm(Structures(piece, opening, piece.record.field), piece.record.field)

    def checks(self, encoder: EncoderRecord | None) -> Checks:
        """Return what must be right about vectors, labels and links of the graph."""
        assert encoder is not None
        return {
            "hnsw.bin": partial(_check_graph, encoder.dim),
            VECTORS: partial(check_finite, kind="<f2", hint=REPAIR),
            "centre.f32": partial(check_finite, kind="<f4", count=encoder.dim, hint=REPAIR),
            LABELS: partial(check_ascending, hint=REPAIR),
            "dead.u64": partial(check_ascending, hint=REPAIR),
        }

    def extends(self, piece: Piece, settings: StoreSettings) -> bool:
        """Return ``True``: segments stay as they are, and the graph decides for itself."""
        return True

    def disk_bytes(self, work: ArmWork) -> int:
        """Return the bytes of new vectors and labels."""
        assert work.encoder is not None
        return work.changes.rows * (work.encoder.dim * 2 + 8)

    def memory_bytes(self, work: ArmWork) -> int:
        """Return the bytes that the vectors of the largest new part take, as often as they are held at once."""
        assert work.encoder is not None
        largest = max((part.chunks.rows for part in work.changes.added if part.chunks), default=0)
        return _COPIES * largest * work.encoder.dim * 4

    def examiner(self) -> DenseExaminer:
        """Return what ``doctor`` checks of it."""
        from .examine import DenseExaminer

        return DenseExaminer()


def _check_graph(dim: int, path: Path) -> None:
    from .hnsw_check import check_graph

    check_graph(path, dim, REPAIR)


DENSE = DenseKind()
