"""Building the next generation: every arm and the rows, from the generation before where that can be extended."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..arms.kind import ArmWork, PartChanges
from ..config import ArmSettings
from ..errors import DamagedError, NoStoreError
from ..store.manifest import ArmRecord, EncoderRecord, IndexRecord, Manifest
from ..system.resources import require_disk, require_memory
from .pieces import PAYLOADS, described, kind_of, piece, pieces

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..arms.kind import ArmKind, Built
    from ..contracts import Progress, Reporter
    from ..store.layout import Layout
    from ..store.manifest import Part

_BUILDING = "Building the index"
_REBUILD = 'Rebuild the index with "embedctl index --no-refresh --rebuild".'


class IndexChanges:
    """The parts that are ready for every arm, and how they differ from those of the published index."""

    def __init__(self, layout: Layout, manifest: Manifest, rebuild: bool = False) -> None:
        """Compare.

        Raises:
            NoStoreError: nothing is embedded.
        """
        self._layout = layout
        settings = manifest.settings
        wanted = {arm.field for arm in settings.arms if arm.field is not None}
        if missing := sorted(wanted - manifest.encoders.keys()):
            what = "Nothing is embedded yet" if not manifest.encoders else f'The field "{missing[0]}" has no vectors'
            raise NoStoreError(f"{what}.", 'Run "embedctl embed" first.')
        self.encoders = {name: manifest.encoders[name] for name in sorted(wanted)}
        self.parts = tuple(part for part in manifest.parts if _ready(part, self.encoders))
        self.settings = settings
        self.old = None if rebuild else manifest.index
        before = {part.number: part for part in self.old.parts} if self.old else {}
        now = {part.number for part in self.parts}
        self.since = PartChanges(
            added=[part for part in self.parts if part.number not in before],
            removed=[part for number, part in before.items() if number not in now],
            buried=[
                (part, sorted(set(part.dead) - set(before[part.number].dead)))
                for part in self.parts
                if part.number in before and part.dead != before[part.number].dead
            ],
        )

    @property
    def rows(self) -> int:
        """Chunks that some piece has to add."""
        old = self.old
        if old is None or old.payloads is None or not all(self.serves(old, arm) for arm in self.settings.arms):
            return PartChanges(self.parts).rows
        return self.since.rows

    @property
    def nothing(self) -> bool:
        """Whether the published index is what would be built."""
        old, since = self.old, self.since
        if old is None or since.added or since.removed or since.buried or old.payloads is None:
            return False
        if old.settings.hnsw.build != self.settings.hnsw.build:
            return False
        wanted = {arm.name: arm for arm in self.settings.arms}
        return wanted.keys() == old.arms.keys() and all(self.serves(old, arm) for arm in wanted.values())

    def serves(self, old: IndexRecord, arm: ArmSettings) -> bool:
        """Return whether the published arm of that name was built from the same vectors, with the same settings."""
        record = old.arms.get(arm.name)
        if record is None or (record.kind, record.field) != (arm.kind, arm.field):
            return False
        hnsw, now = old.settings.hnsw, self.settings.hnsw
        if (hnsw.m, hnsw.ef_construction) != (now.m, now.ef_construction):
            return False
        if arm.field is None:
            language = record.facts.get("language", old.settings.language)
            return language == self.settings.language and kind_of(arm.kind).current(piece(self._layout, old, record))
        return old.encoders[arm.field].fingerprint == self.encoders[arm.field].fingerprint


def _ready(part: Part, encoders: Mapping[str, EncoderRecord]) -> bool:
    made = {name: record.made_with for name, record in part.vectors.items()}
    return part.chunks is not None and all(made.get(name) == one.fingerprint for name, one in encoders.items())


def damage(layout: Layout, old: IndexRecord) -> list[DamagedError]:
    """Return an error for each damaged file of a generation: nothing is linked from a damaged one."""
    return [error for record in pieces(old).values() for error in piece(layout, old, record).damage()]


class StoppedError(Exception):
    """Another piece of the build failed, or the build was interrupted."""


class _Tracks:
    """Progress of pieces that are built at once, shown as that of the slowest one."""

    def __init__(self, progress: Progress, work: Mapping[str, int]) -> None:
        self._progress = progress
        self._total = max(work.values(), default=0)
        self._work = {name: amount for name, amount in work.items() if amount}
        self._done = dict.fromkeys(self._work, 0)
        self._shown = 0
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def advance(self, name: str, units: int) -> None:
        """Count ``units`` more of the work called ``name``.

        Raises:
            StoppedError: another piece has failed.
        """
        if self.stopped.is_set():
            raise StoppedError
        with self._lock:
            self._done[name] = self._done.get(name, 0) + units
            least = min((self._done[one] / amount for one, amount in self._work.items()), default=1.0)
            further = int(self._total * min(1.0, least)) - self._shown
            self._shown += further
        if further:
            self._progress.advance(further)


def build(
    layout: Layout, manifest: Manifest, changes: IndexChanges, reporter: Reporter
) -> tuple[IndexRecord, list[Path]]:
    """Write a generation, in a folder that no manifest names yet; return its record and the files to make durable.

    Raises:
        ResourceError: there is not enough disk or memory.
        DamagedError: a part, or a file of the previous generation, is damaged.
    """
    number = manifest.next_generation
    root = layout.generation(number)
    shutil.rmtree(root, ignore_errors=True)  # left by a run that was killed
    root.mkdir(parents=True)
    arms = (ArmSettings(PAYLOADS, PAYLOADS), *changes.settings.arms)
    works = {arm.name: _work(layout, root, changes, arm, reporter) for arm in arms}
    kinds = {arm.name: kind_of(arm.kind) for arm in arms}
    require_memory(sum(kind.memory_bytes(works[name]) for name, kind in kinds.items()), _BUILDING)
    require_disk(layout.root, sum(kind.disk_bytes(works[name]) for name, kind in kinds.items()), _BUILDING)
    amounts = {name: work.changes.rows for name, work in works.items()}
    with reporter.stage("index", max(amounts.values()), "chunks") as progress:
        built = _all(works, kinds, _Tracks(progress, amounts))
    records: dict[str, ArmRecord] = {}
    new_files: list[Path] = []
    for arm in arms:
        files, fresh = described(works[arm.name])
        rows, facts = built[arm.name]
        records[arm.name] = ArmRecord(arm.kind, arm.field, arm.name, files, rows, facts)
        new_files += fresh
    if len({record.rows for record in records.values()}) > 1:
        told = ", ".join(f"{name} {record.rows:,}" for name, record in records.items())
        raise DamagedError(f"The pieces of the index have different numbers of rows: {told}.", _REBUILD)
    payloads = records.pop(PAYLOADS)
    record = IndexRecord(
        generation=number,
        settings=changes.settings,
        encoders=changes.encoders,
        parts=changes.parts,
        arms=records,
        rows=payloads.rows,
        payloads=payloads,
    )
    for name, of_arm in pieces(record).items():
        sums = [(works[name].folder / path, file.sha256) for path, file in of_arm.files.items()]
        piece(layout, record, of_arm).remember(sums)
    folders = sorted({path.parent for path in root.rglob("*")} | {root})
    return record, [*new_files, *folders]


def _work(layout: Layout, root: Path, changes: IndexChanges, arm: ArmSettings, reporter: Reporter) -> ArmWork:
    old, previous = changes.old, None
    record = pieces(old).get(arm.name) if old is not None else None
    if old is not None and record is not None and (arm.name == PAYLOADS or changes.serves(old, arm)):
        before = piece(layout, old, record)
        previous = before if kind_of(arm.kind).extends(before, changes.settings) else None
    return ArmWork(
        layout=layout,
        folder=root / arm.name,
        parts=changes.parts,
        changes=PartChanges(changes.parts) if previous is None else changes.since,
        settings=changes.settings,
        field=arm.field,
        encoder=changes.encoders[arm.field] if arm.field else None,
        previous=previous,
        message=reporter.message,
    )


def _all(works: Mapping[str, ArmWork], kinds: Mapping[str, ArmKind], tracks: _Tracks) -> dict[str, Built]:
    """Build all pieces at once: hnswlib and Tantivy do not hold Python's lock."""

    def one(name: str) -> Built:
        try:
            return kinds[name].build(replace(works[name], advance=partial(tracks.advance, name)))
        except BaseException:
            tracks.stopped.set()
            raise

    with ThreadPoolExecutor(len(works), thread_name_prefix="build") as pool:
        building = {name: pool.submit(one, name) for name in works}
        try:
            wait(building.values(), return_when=FIRST_EXCEPTION)
        except BaseException:
            tracks.stopped.set()  # or leaving this block would wait for the whole build
            raise
    failed = [error for future in building.values() if (error := future.exception()) is not None]
    if failed:
        raise next((error for error in failed if not isinstance(error, StoppedError)), failed[0])
    return {name: future.result() for name, future in building.items()}
