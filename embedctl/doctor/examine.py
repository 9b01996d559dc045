"""One examination of one snapshot: which checks are made, in which order, on which files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import encoders
from ..config import TEXT_FIELD, RuntimeConfig
from ..errors import DamagedError, MismatchError, ModelError
from ..store.students import student_folder
from . import contents, surroundings
from .findings import DoctorReport
from .named import index_pieces, named_files
from .quick import check_files, check_footers, check_index, check_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contracts import Encoder, Reporter
    from ..store.layout import Layout
    from ..store.manifest import EncoderRecord, IndexRecord, Manifest
    from .named import IndexPiece, Named

SEED = 20_260_101
"""Of all samples: an examination of the same store gives the same report."""
SAMPLED_CHUNKS = 20


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """How much is read, and what is done about what is found."""

    deep: bool = False
    """Also what must hold between rows, and how good the approximate plans are."""
    repair: bool = False
    """Every byte is read first, to compare checksums, as with ``deep``."""
    dry_run: bool = False
    """With ``repair``: say what would be done, and write nothing."""
    wait: float = 0.0
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)


def examine(layout: Layout, manifest: Manifest, how: DoctorRequest, reporter: Reporter) -> DoctorReport:
    """Make the checks and return what they find; nothing is written."""
    report = DoctorReport(str(layout.root), manifest.snapshot, how.deep)
    files = named_files(layout, manifest)
    report.counts = _counts(manifest, files)
    report.run("backup", surroundings.check_backup(layout, manifest))
    report.run("files", check_files(files))
    report.run("footers", check_footers(_sound(report, files)))
    if how.repair or how.deep:
        read = _sound(report, files)
        broken = {named.piece for named in files if named.name in _damaged(report)} - {""}
        with reporter.stage("read", len(read), "files") as progress:
            report.run("checksums", contents.check_checksums(read, broken, progress))
        report.bytes_read = sum(named.record.bytes for named in read)
    report.run("index", check_index(layout, manifest, _broken_parts(report), _damaged(report)))
    report.run("ledger", check_ledger(manifest))
    if how.deep:
        _deep(report, layout, manifest, how, reporter)
    report.run("modes", surroundings.check_modes(layout))
    report.run("leftovers", surroundings.check_leftovers(layout, manifest))
    report.run("writer", surroundings.check_writer(layout))
    report.run("locking", surroundings.check_locking(layout))
    report.run("model", surroundings.check_model(manifest))
    report.run("room", surroundings.check_room(layout, manifest))
    report.run("pending", surroundings.check_pending(manifest))
    return report


def _counts(manifest: Manifest, files: Sequence[Named]) -> dict[str, int]:
    return {
        "parts": len(manifest.parts),
        "documents": sum(part.live_documents for part in manifest.parts),
        "chunks": manifest.index.rows if manifest.index else sum(p.chunks.rows for p in manifest.parts if p.chunks),
        "files": len(files) + 1,
        "bytes": sum(named.record.bytes for named in files),
    }


def _damaged(report: DoctorReport) -> set[str]:
    return {one.file for one in report.damage if one.file}


def _sound(report: DoctorReport, files: Sequence[Named]) -> list[Named]:
    """Return the files about which nothing was found."""
    damaged = _damaged(report)
    return [named for named in files if named.name not in damaged]


def _broken_parts(report: DoctorReport) -> set[int]:
    return {one.part for one in report.damage if one.part is not None}


def _deep(report: DoctorReport, layout: Layout, manifest: Manifest, how: DoctorRequest, reporter: Reporter) -> None:
    """Check what must hold between rows; only of files that have their checksums."""
    broken = _broken_parts(report)
    sound = [part for part in manifest.parts if part.number not in broken]
    with reporter.stage("compare", len(sound), "parts") as progress:
        report.run("contents", contents.check_parts(layout, sound, _most_tokens(manifest), progress))
    if manifest.index:
        _deep_index(report, layout, manifest.index, reporter)
    if manifest.files and not any(one.kind in ("ledger", "documents") for one in report.damage):
        report.run("ledger contents", contents.check_ledger_rows(layout, manifest, manifest.files))
    _encoded(report, layout, manifest, how.runtime, reporter)


def _deep_index(report: DoctorReport, layout: Layout, index: IndexRecord, reporter: Reporter) -> None:
    """Open the pieces about which nothing was found, and compare them with the parts about which nothing was."""
    damaged, broken = _damaged(report), _broken_parts(report)
    pieces = [
        one
        for one in index_pieces(layout, index)
        if one.unknown is None and damaged.isdisjoint({one.folder, *map(one.file, one.piece.record.files)})
    ]
    served = [part for part in index.parts if part.number not in broken]
    opened: list[tuple[IndexPiece, Any]] = []
    with reporter.stage("compare index", len(served), "parts") as progress:
        report.run("index contents", contents.check_rows(layout, index, pieces, served, progress, opened))
    report.run("bits and graph", contents.check_derived(opened))
    if not any(one.kind == "index" for one in report.damage):
        report.run("recall", contents.measure_recall(report, opened, SEED))


def _most_tokens(manifest: Manifest) -> int | None:
    try:
        return encoders.card(manifest.settings.model).tokenizer().max_tokens
    except ModelError:
        return None


def _encoded(
    report: DoctorReport, layout: Layout, manifest: Manifest, runtime: RuntimeConfig, reporter: Reporter
) -> None:
    """Embed a few chunks again in each field, where its encoder is there."""
    broken = _broken_parts(report)
    sound = [part for part in manifest.parts if part.number not in broken]
    for name, made_by in manifest.encoders.items():
        parts = [part for part in sound if part.has_vectors(name, made_by.fingerprint)]
        if not parts:
            continue
        try:
            encoder = maker(layout, manifest, made_by, runtime, reporter)
        except (ModelError, MismatchError, DamagedError):  # another check reports what is wrong with it
            continue
        check = "embeddings" if name == TEXT_FIELD else f"embeddings of {name}"
        report.run(check, contents.check_encoded(layout, parts, name, encoder.encode_documents, SAMPLED_CHUNKS, SEED))


def maker(
    layout: Layout, manifest: Manifest, made_by: EncoderRecord, runtime: RuntimeConfig, reporter: Reporter
) -> Encoder:
    """Open the encoder that made the vectors of a field: a model, or the student of a fast store.

    Raises:
        ModelError: it is not on this machine.
        MismatchError: the model's files are not those that made the vectors.
        DamagedError: a file of the student is missing.
    """
    if made_by.teacher:
        student = manifest.student
        if student is None or student.fingerprint != made_by.fingerprint:
            raise ModelError("The encoder that made the vectors is gone.", 'Make one with "embedctl distill".')
        return encoders.student_card(student_folder(layout, student)).open()
    card = encoders.card(made_by.model)
    made_by.check_model(card.fingerprint)
    return card.open(runtime, reporter.message)
