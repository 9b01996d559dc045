"""The plan of a repair: which files are to be rebuilt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..store.manifest import Manifest
    from .findings import DoctorReport


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What is to be rebuilt."""

    parts: dict[int, frozenset[str]]
    """Number of each damaged part of the store -> which of ``documents``, ``chunks``, ``embeddings`` is damaged."""
    vectors: dict[int, frozenset[str]]
    """Number of each damaged part -> encoders, by their fingerprints, whose file of vectors is damaged."""
    served: frozenset[int]
    """Damaged parts that only the index answers from."""
    index: bool
    ledger: bool
    """It is to be rebuilt."""
    reread: bool
    """A repair was interrupted before it had read the sources again."""
    samples: frozenset[int]
    student: bool

    @staticmethod
    def of(report: DoctorReport, manifest: Manifest) -> RepairPlan:
        """Return what ``report`` asks for; ``manifest`` is the one that was examined."""
        damaged: dict[int, set[str]] = defaultdict(set)
        vectors: dict[int, set[str]] = defaultdict(set)
        for one in report.damage:
            if one.part is not None:
                damaged[one.part].add(one.kind)
                if one.kind == "embeddings" and one.file:
                    vectors[one.part].add(PurePosixPath(one.file).parent.name)
        current = {part.number for part in manifest.parts}
        files = {one.file for one in report.findings if one.kind == "samples" and one.severity == "damage"}
        return RepairPlan(
            parts={number: frozenset(kinds) for number, kinds in sorted(damaged.items()) if number in current},
            vectors={number: frozenset(made_with) for number, made_with in vectors.items()},
            served=frozenset(damaged) - current,
            index=any(one.kind == "index" for one in report.damage),
            ledger=any(one.kind == "ledger" and one.severity != "note" and one.file for one in report.findings),
            reread=any(one.kind == "ledger" and one.severity != "note" and not one.file for one in report.findings),
            samples=frozenset(one.number for one in manifest.samples if f"samples/{one.number:06d}.parquet" in files),
            student=any(one.kind == "student" for one in report.damage),
        )

    @property
    def broken(self) -> frozenset[int]:
        """Parts of which nothing is to be believed without a look."""
        return frozenset(self.parts) | self.served

    @property
    def documents(self) -> list[int]:
        """Parts whose documents are damaged."""
        return [number for number, kinds in self.parts.items() if "documents" in kinds]

    @property
    def nothing(self) -> bool:
        """Whether no file is to be rebuilt."""
        return not (
            self.parts or self.served or self.index or self.ledger or self.reread or self.samples or self.student
        )

    def sentences(self) -> Iterator[str]:
        """Yield what would be done, as finished sentences."""
        for number, kinds in self.parts.items():
            yield f"Part {number}: {_OF_PART[next(kind for kind in _OF_PART if kind in kinds)]}."
        if self.student:
            yield "Drop the distilled encoder; in a store made with --fast, fit it again."
        if self.samples:
            yield "Keep what can be read of the sampled vectors."
        if self.ledger:
            yield "Rebuild the ledger of input files from the parts, and read the sources again."
        if self.reread:
            yield "Read the sources again."
        if self.index:
            yield "Rebuild the index from the parts; no text is embedded again."
        elif self.parts or self.served:
            yield "Bring the index up to date; no text is embedded again."


_OF_PART = {
    "documents": "keep the documents that can be read, read the sources of the others again, embed what has no vector",
    "chunks": "cut the documents again; embed only chunks whose vector is lost",
    "embeddings": "keep the vectors that can be read, and embed the other chunks again",
}
