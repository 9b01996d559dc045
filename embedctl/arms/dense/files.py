"""The files of a dense arm.

::

    vectors/<segment>/vectors.f16 labels.u64 bits.u64     see ``segments``
    dead.u64       labels that the segments hold and no query may return: sorted little-endian uint64
    centre.f32     the mean that sign bits were taken around, little-endian float32; only with bits
    hnsw.bin hnsw.bin.json hnsw.u64                       the graph, see ``hnsw_file``; only where there is one
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .segments import BITS, LABELS, VECTORS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...store.segments import SegmentRecord


@dataclass(frozen=True, slots=True)
class DenseFiles:
    """Paths below the folder of the arm."""

    root: Path

    @property
    def hnsw(self) -> Path:
        """The graph; its facts and labels lie beside it."""
        return self.root / "hnsw.bin"

    @property
    def dead(self) -> Path:
        """Labels of dead rows."""
        return self.root / "dead.u64"

    @property
    def centre(self) -> Path:
        """The centre of the sign bits."""
        return self.root / "centre.f32"

    def segment(self, number: int) -> Path:
        """Return the folder of one segment."""
        return self.root / "vectors" / f"{number:06d}"

    def names(self, structure: str, segments: Sequence[SegmentRecord]) -> list[str]:
        """Return the files that ``vectors``, ``binary`` or ``hnsw`` consists of, relative to ``root``."""
        if structure == "hnsw":
            from .hnsw_file import facts_path, labels_path  # with hnswlib, only for the graph

            paths = [facts_path(self.hnsw), labels_path(self.hnsw), self.hnsw]
        else:
            wanted, beside = ((BITS,), self.centre) if structure == "binary" else ((LABELS, VECTORS), self.dead)
            paths = [beside, *(self.segment(one.number) / name for one in segments for name in wanted)]
        return [path.relative_to(self.root).as_posix() for path in paths]
