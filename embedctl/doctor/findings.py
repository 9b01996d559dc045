"""What an examination finds: checks with their results, findings with their remedies, and the plan of a repair."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..errors import EXIT_OK, EXIT_SOME_FAILED, DamagedError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

    from ..store.manifest import Manifest

SCHEMA_VERSION = 1
REPAIR = "embedctl doctor --repair"

Severity = Literal["damage", "warning", "note"]
"""``damage``: an answer, or the next run, may be wrong or fail; ``warning``: worth doing something about; ``note``."""
NamedKind = Literal["documents", "chunks", "embeddings", "ledger", "index", "samples", "student"]
"""Of a file that a manifest names."""
_KEPT = frozenset({"manifest", "backup", "modes", "leftovers", "pending", "writer", "locking"})
"""Kinds that are made right in place: that they are not found again is enough."""
Kind = (
    NamedKind
    | Literal["manifest", "backup", "modes", "leftovers", "pending", "writer", "locking", "model", "disk", "memory"]
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: Kind
    severity: Severity
    message: str
    """What is wrong and what it means for answers: finished sentences."""
    file: str | None = None
    """Path below the store's folder; a folder where it is about all of it."""
    remedy: str = ""
    """The command to type, or empty."""
    repaired: bool = False
    part: int | None = field(default=None, compare=False)
    """Number of the part that a damaged file belongs to."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/doctor.v1.json`` describes."""
        names = ("file", "kind", "severity", "message", "remedy", "repaired")
        return {name: getattr(self, name) for name in names}


Steps: TypeAlias = "Generator[Finding, None, str]"
"""A check at work: it yields findings and returns, in a few words, what it looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made."""

    name: str
    ok: bool
    """Nothing found that is worse than a note."""
    detail: str
    """What was looked at, in a few words."""
    ms: float


@dataclass(slots=True)
class DoctorReport:
    """What was looked at, found, done and left."""

    store: str
    snapshot: int
    deep: bool = False
    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """``parts``, ``documents``, ``chunks``, ``files``, ``bytes``; after a repair also ``salvaged``, ``reused``,
    ``embedded`` (vectors), and ``documents_lost``."""
    recall: dict[str, float | None] | None = None
    """Recall@10 of ``hnsw`` and ``binary`` against the exact scan, ``None`` where the store has no such structure, on
    so many ``queries``."""
    bytes_read: int = 0
    """Bytes of the store that were read to compare checksums."""
    done: list[str] = field(default_factory=list)
    """What a repair did, or what one would do: finished sentences."""
    lost: list[str] = field(default_factory=list)
    """Documents that were in a damaged file and whose source is gone."""
    repair: Literal["no", "plan", "done"] = "no"
    seconds: float = 0.0

    def run(self, name: str, steps: Steps) -> None:
        """Make one check to its end: keep what it finds, and how long it took."""
        found: list[Finding] = []
        start = time.perf_counter()
        known = {(one.kind, one.file) for one in self.findings if one.file}
        try:
            while True:
                one = next(steps)
                if (one.kind, one.file) not in known:  # told by an earlier check
                    found.append(one)
        except StopIteration as end:
            detail = end.value
        ms = 1e3 * (time.perf_counter() - start)
        self.checks.append(Check(name, all(one.severity == "note" for one in found), detail, round(ms, 1)))
        self.findings += found

    @property
    def damage(self) -> list[Finding]:
        """What is damaged and not repaired."""
        return [one for one in self.findings if one.severity == "damage" and not one.repaired]

    @property
    def exit_code(self) -> int:
        """0: sound, or made sound; 3: so, but documents are lost; 4: there is damage left."""
        if self.damage:
            return DamagedError.exit_code
        return EXIT_SOME_FAILED if self.lost else EXIT_OK

    def settle(self, after: DoctorReport, named: Collection[str]) -> None:
        """Mark what a repair has made right, by the examination ``after`` it.

        ``named`` are the files that the manifest names as it did; a damaged one is right when it is not named any more.
        """
        left = {(one.kind, one.file) for one in after.findings}
        self.findings = [
            replace(one, repaired=(one.kind, one.file) not in left and (one.kind in _KEPT or one.file not in named))
            for one in self.findings
        ]
        known = {(one.kind, one.file) for one in self.findings}
        self.findings += [one for one in after.findings if (one.kind, one.file) not in known]
        self.snapshot = after.snapshot
        self.counts = {**self.counts, **after.counts}

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/doctor.v1.json`` describes."""
        return {
            "schema_version": SCHEMA_VERSION,
            "store": self.store,
            "snapshot": self.snapshot,
            "exit_code": self.exit_code,
            "deep": self.deep,
            "repair": self.repair,
            "checks": [asdict(check) for check in self.checks],
            "findings": [one.to_json() for one in self.findings],
            "done": self.done,
            "lost": self.lost,
            "recall": self.recall,
            "counts": dict(sorted(self.counts.items())),
            "bytes_read": self.bytes_read,
            "seconds": round(self.seconds, 3),
        }


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
