"""The structures of a dense arm, and the choice among them: what answers a query, why, and at what cost.

Vectors, sign bits and graph are each opened when first needed. Sign bits and the graph only make answers faster: where
their files are damaged, the vectors answer.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...config import limits
from ...errors import DamagedError, MismatchError
from ...store.arrays import mapped
from ...store.piece import REPAIR
from ...store.segments import segment_records
from ...system.resources import available_memory
from .binary import BinaryRetriever
from .flat import FlatRetriever
from .kernels import sign_planes, to_float16
from .segments import DenseFiles, Segment, Segments, open_segments

if TYPE_CHECKING:
    from ...config import DensePlan
    from ...contracts import Allowed, DenseRetriever, Labels, Vectors
    from ...errors import EmbedctlError
    from ...store.piece import Piece
    from ..kind import Opening
    from .hnsw import HnswRetriever

INSTEAD = "Queries scan the vectors instead."


class Plan(NamedTuple):
    """The structure that answers."""

    name: DensePlan
    """``flat``, ``binary`` or ``hnsw``."""
    reason: str
    """One clause."""
    ef: int | None = None
    """Candidates kept while a graph is walked, where not the store's own number is asked for."""


class Structures:
    """What one dense arm searches."""

    def __init__(self, piece: Piece, opening: Opening, field: str) -> None:
        """Map the vectors, with sign bits where there are sound ones.

        Raises:
            DamagedError: the vectors are damaged.
        """
        assert opening.encoder is not None
        self._piece = piece
        self._opening = opening
        self._files = DenseFiles(piece.folder)
        self._records = segment_records(piece.record)
        self._lost: set[str] = set()
        """Of ``hnsw`` and ``binary``: damaged, or gone with a replaced generation."""
        self.centre: Vectors = np.empty(0, dtype=np.float32)
        """What the sign bits were taken around, float32 ``(dim,)``; empty where there are none."""
        self.dim = opening.encoder.dim
        self.ef = opening.settings.hnsw.ef
        """Candidates kept during a walk of the graph, at least."""
        self.segments = self._open(field)
        """The live vectors."""

    @property
    def has_bits(self) -> bool:
        """Whether there are sign bits to scan."""
        return "binary" not in self._lost and self._files.centre.name in self._piece.record.files

    @property
    def graph_bytes(self) -> int:
        """Size of the graph, on disk and about the same in memory; 0 where there is none."""
        record = self._piece.record.files.get(self._files.hnsw.name)
        return record.bytes if record and "hnsw" not in self._lost else 0

    def lose(self, structure: str, error: EmbedctlError) -> None:
        """Use ``hnsw`` or ``binary`` no more."""
        self._lost.add(structure)
        self._opening.lose(error, INSTEAD)

    @cached_property
    def flat(self) -> FlatRetriever:
        """The scan of the vectors."""
        return FlatRetriever(self.segments)

    @cached_property
    def binary(self) -> BinaryRetriever:
        """The scan of the sign bits, where there are any."""
        return BinaryRetriever(self.segments, self.centre, limits.INDEX.rescored_per_row, limits.INDEX.rescored_least)

    @cached_property
    def hnsw(self) -> HnswRetriever:
        """The graph, loaded.

        Raises:
            DamagedError: it is missing or damaged, or has another number of rows.
        """
        from .hnsw import HnswRetriever

        self._piece.verify(self._files.names("hnsw", self._records))
        retriever = HnswRetriever(self._files.hnsw, self.segments, self.ef)
        if len(retriever) != len(self.segments):
            raise DamagedError(
                f"The graph {self._files.hnsw} and its tail have {len(retriever)} rows; "
                f"the vectors beside it have {len(self.segments)}.",
                REPAIR,
            )
        return retriever

    def choose(self, plan: Plan, allowed: Allowed | None, expected: int) -> Plan:
        """Return the plan to follow, and open its structure; damaged ones are skipped.

        Args:
            plan: what is asked for; the name ``auto`` leaves the choice open.
            allowed: chunks that may answer.
            expected: queries of this session, those that were answered already included.

        Raises:
            DamagedError: the vectors are damaged.
        """
        while True:
            chosen = self._chosen(plan.name, allowed, expected)._replace(ef=plan.ef)
            try:
                self.retriever(chosen)
            except (DamagedError, MismatchError) as error:
                if chosen.name == "flat":
                    raise
                self.lose(chosen.name, error)
            else:
                return chosen

    def retriever(self, plan: Plan) -> DenseRetriever:
        """Return the structure of a plan, opened."""
        if plan.name == "hnsw":
            return self.hnsw if plan.ef is None else self.hnsw.with_ef(plan.ef)
        return self.binary if plan.name == "binary" else self.flat

    def scan(self, allowed: Allowed | None) -> DenseRetriever:
        """Return the scan that completes an answer which the graph did not reach."""
        gathered = allowed is not None and allowed.count <= limits.INDEX.gathered_rows
        return self.binary if self.has_bits and not gathered else self.flat

    def cost(self, plan: Plan, k: int, allowed: Allowed | None) -> dict[str, int | None]:
        """Return the cost of a query for ``k`` rows.

        ``scanned``: rows whose vectors or bits are looked at one after the other; ``bytes`` of vectors and bits that
        are read, in round numbers, without those of the graph; ``rescored``: candidates that are compared exactly;
        ``ef``: candidates kept while the graph is walked.
        """
        total, vector = self.segments.total, 2 * self.dim
        if plan.name == "hnsw":
            tail = self.hnsw.tail
            return {"scanned": tail, "bytes": tail * vector, "rescored": k, "ef": max(plan.ef or self.ef, k)}
        if plan.name == "binary":
            rescored = min(self.binary.candidates(k), total)
            read = total * self.dim // 8 + rescored * vector
            return {"scanned": total, "bytes": read, "rescored": rescored, "ef": None}
        scanned = self.flat.scanned(allowed)
        return {"scanned": scanned, "bytes": scanned * vector, "rescored": min(k, scanned), "ef": None}

    def _chosen(self, wanted: DensePlan, allowed: Allowed | None, expected: int) -> Plan:
        rows, most = len(self.segments), limits.INDEX
        few = f"at most {most.flat_rows:,} are scanned exactly"
        walks = self.graph_bytes and expected > most.graph_after
        if wanted in ("hnsw", "binary") and wanted in self._lost:
            return Plan("binary" if self.has_bits else "flat", f"{wanted} was asked for, but it is damaged or gone")
        if wanted == "hnsw" and not self.graph_bytes:
            return Plan("flat", f"hnsw was asked for, but this index of {rows:,} chunks has no graph")
        if wanted == "binary" and not self.has_bits:
            return Plan("flat", f"binary was asked for, but this index of {rows:,} chunks has no bits; {few}")
        if wanted != "auto":
            return Plan(wanted, "asked for")
        if allowed is not None and (not self.has_bits or allowed.count <= most.gathered_rows):
            return Plan("flat", f"{allowed.count:,} chunks pass the filter")
        if allowed is not None:
            return Plan("binary", f"{allowed.count:,} chunks pass the filter, more than {most.gathered_rows:,}")
        if "hnsw" in self.__dict__:
            return Plan("hnsw", "the graph is loaded")
        free = available_memory() if walks else None
        short = None if free is None or free >= self.graph_bytes else free / 1e9
        if walks and short is None:
            return Plan("hnsw", f"{rows:,} chunks, {expected:,} queries")
        if not self.has_bits:
            return Plan("flat", f"{rows:,} chunks; " + ("bits are damaged or gone" if "binary" in self._lost else few))
        if short is not None:
            return Plan("binary", f"the graph needs {self.graph_bytes / 1e9:.1f} GB, {short:.1f} GB are there")
        if not self.graph_bytes:
            lacks = "a damaged graph" if "hnsw" in self._lost else "no graph"
            return Plan("binary", f"{rows:,} chunks, more than {most.flat_rows:,}, and {lacks}")
        return Plan("binary", f"{rows:,} chunks; the graph is loaded for more than {most.graph_after} queries")

    def _open(self, field: str) -> Segments:
        self._piece.verify(self._files.names("vectors", self._records))
        try:
            dead = np.fromfile(self._files.dead, dtype="<u8").astype(np.uint64, copy=False)
        except OSError as error:
            raise DamagedError(f"{self._files.dead} cannot be read: {error.strerror}.", REPAIR) from error
        segments = Segments(self._segments(dead), self.dim)
        if segments.total - len(segments) != len(dead):
            raise DamagedError(f"{self._files.dead} names rows that the vectors beside it do not have.", REPAIR)
        if len(segments) != self._piece.record.rows:
            raise DamagedError(
                f"The vectors in {self._files.root} have {len(segments)} live rows; "
                f"the manifest says {self._piece.record.rows}.",
                REPAIR,
            )
        extra = self._opening.extra
        if extra is None or not extra.rows:
            return segments
        vectors, labels = extra.vectors[field], np.array([row.label for row in extra.rows], dtype=np.uint64)
        planes = sign_planes(vectors, self.centre) if self.has_bits else None
        own = Segment(labels, to_float16(vectors), np.empty(0, dtype=np.int64), planes)
        return Segments([*segments.segments, own], self.dim)

    def _segments(self, dead: Labels) -> list[Segment]:
        if self.has_bits:
            try:
                self._piece.verify(self._files.names("binary", self._records))
                self.centre = mapped(self._files.centre, "<f4", (self.dim,))
            except DamagedError as error:
                self.lose("binary", error)
        return open_segments(self._files, self._records, self.dim, dead, self.has_bits)
