"""``doctor``: examine a store, and with ``repair`` make it whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import DamagedError, EmbedctlError, NoStoreError
from ..plural import counted
from ..stages.report import RunReport, reported
from ..store.durable import mode_of
from ..store.garbage import collect, missing
from ..store.verified import verify
from ..store.writer import read_backup, read_manifest, restore_manifest, writing
from .examine import DoctorRequest, examine
from .findings import REPAIR, DoctorReport, Finding, RepairPlan
from .named import named_files
from .repair import Repair
from .surroundings import leftovers, wrong_modes

if TYPE_CHECKING:
    from ..contracts import Reporter
    from ..store.layout import Layout
    from ..store.manifest import Manifest

TRIES = 5
"""Snapshots that are examined at most while others are published."""


def doctor(layout: Layout, request: DoctorRequest, reporter: Reporter) -> DoctorReport:
    """Examine a store; with ``repair``, make it whole under its write lock.

    A repair reads every byte first, to compare checksums.

    Raises:
        NoStoreError: there is no store.
        MismatchError: a newer embedctl made it; nothing was written.
        LockedError: a repair is asked for, and another process is writing.
        ModelError: a text has to be embedded again, and the model is not on this machine.
    """
    start = time.perf_counter()
    if request.repair and not request.dry_run:
        report = _repaired(layout, request, reporter)
    else:
        report, manifest = _looked(layout, request, reporter)
        if request.repair:
            report.repair = "plan"
            lost = any(one.kind == "manifest" for one in report.findings) and manifest
            report.done = ["Bring the manifest back from its copy."] if lost else []
            report.done += RepairPlan.of(report, manifest).sentences() if manifest else []
    report.seconds = time.perf_counter() - start
    return report


def _looked(layout: Layout, how: DoctorRequest, reporter: Reporter) -> tuple[DoctorReport, Manifest | None]:
    """Examine the current snapshot, without a lock; again where it was replaced, and files removed, meanwhile."""
    for left in reversed(range(TRIES)):
        try:
            manifest = read_manifest(layout)
        except DamagedError as error:
            return _without_manifest(layout, error, how, reporter)
        try:
            report = examine(layout, manifest, how, reporter)
        except (EmbedctlError, OSError):
            if not left or _is_current(layout, manifest):
                raise
            continue
        if not report.findings or not left or _is_current(layout, manifest):
            return report, manifest
    raise AssertionError("the last try returns or raises")


def _is_current(layout: Layout, manifest: Manifest) -> bool:
    try:
        return read_manifest(layout) == manifest
    except (DamagedError, NoStoreError):
        return False


def _without_manifest(
    layout: Layout, error: DamagedError, how: DoctorRequest, reporter: Reporter
) -> tuple[DoctorReport, Manifest | None]:
    """Examine what the copy of a damaged manifest names, as far as there is one."""
    name = layout.manifest.name
    try:
        manifest = read_backup(layout)
    except DamagedError as second:
        report = DoctorReport(str(layout.root), 0, how.deep)
        message = f"{error.message} {second.message} Nothing answers, and nothing tells what the other files are."
        sources = "Index the sources again into another --store"
        report.findings.append(Finding("manifest", "damage", message, name, sources))
        return report, None
    report = examine(layout, manifest, how, reporter)
    gone = missing(layout, manifest)
    told = f"{len(gone):,} of the files that it names are missing" if gone else "every file that it names is there"
    message = f"{error.message} Nothing answers. Its copy is of snapshot {manifest.snapshot}; {told}."
    report.findings.insert(0, Finding("manifest", "damage", message, name, REPAIR))
    return report, manifest


def _repaired(layout: Layout, request: DoctorRequest, reporter: Reporter) -> DoctorReport:
    found: list[Finding] = []
    done: list[str] = []
    try:
        read_manifest(layout)
    except DamagedError as error:
        try:
            read_backup(layout)
        except DamagedError:
            return _without_manifest(layout, error, request, reporter)[0]
        if layout.manifest.is_dir() and not layout.manifest.is_symlink():
            layout.manifest.rename(layout.manifest.with_name(f"{layout.manifest.name}.aside"))
        manifest = restore_manifest(layout, REPAIR, request.wait)
        done.append(f"Brought back the manifest of snapshot {manifest.snapshot}.")
        found.append(Finding("manifest", "damage", f"{error.message} Nothing answered.", layout.manifest.name, REPAIR))
    stale = len(leftovers(layout, read_manifest(layout)))
    run = RunReport("doctor")
    with writing(layout, REPAIR, request.wait) as writer, reported(layout, run):
        if opened := wrong_modes(layout):
            mode = mode_of(layout.root)
            for path in opened:
                path.chmod(mode if path.is_dir() else mode & 0o666)
            done.append(f"Took the rights of other users from {len(opened):,} files and folders.")
        report = examine(layout, writer.manifest, request, reporter)
        report.findings[:0] = found
        report.done += done
        report.repair = "done"
        plan = RepairPlan.of(report, writer.manifest)
        if not plan.nothing:
            Repair(writer, plan, report, run, reporter, request.runtime).go()
            collect(layout, writer.manifest)
        if stale:
            report.done.append(f"Removed {counted(stale, 'file')} left over from earlier snapshots or killed runs.")
        again = examine(layout, writer.manifest, DoctorRequest(runtime=request.runtime), reporter)
        report.settle(again, _kept(layout, writer.manifest))
        run.counts |= {name: report.counts[name] for name in ("salvaged",) if name in report.counts}
    return report


def _kept(layout: Layout, manifest: Manifest) -> set[str]:
    """Return the files that are the same as before a repair; a student that is fitted again may have its old name."""
    kept = set()
    for named in named_files(layout, manifest):
        try:
            if named.kind == "student":
                verify(named.path, named.record, always=True)
            else:
                kept.add(named.name)
        except DamagedError:
            kept.add(named.name)
    return kept
