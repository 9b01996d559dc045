"""What must be true of a manifest before anything is done with it.

Its checksum tells that it is what was written, not who wrote it: names of files and folders in a store of a stranger
must not lead out of it, and numbers must be ones that memory is safely laid out by. What is about to be written is
held to the same.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

from ..config import LEAST_WEIGHT, MOST_WEIGHT, FusionName, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..config import StoreSettings
    from ..records import Source
    from .manifest import EncoderRecord, FileRecord, IndexRecord, Manifest, Part, StudentRecord, TunedRecord

_FINGERPRINT = re.compile(r"[0-9a-f]{16}").fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_MOST = (1 << 63) - 1
_MOST_PARTS = (1 << 31) - 1
"""Numbers of parts are the upper 32 bits of labels, with one bit for files of samples."""
_MOST_ROWS = (1 << 31) - 1
_MOST_DIM = 1 << 16
_MOST_GRAPH = 1 << 16
"""Links and candidates of a graph; hnswlib makes room for as many as it is told."""


class FieldError(ValueError):
    """A field of a manifest is not what it can be."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"its field {field} {why}")
        self.field = field
        self.why = why


def check_manifest(manifest: Manifest, part_check: Callable[[Part], None] | None = None) -> None:
    """Refuse a manifest that no store can have; ``part_check``: for parts, instead of :func:`check_part_once`.

    Raises:
        FieldError: it is.
    """
    _counts(manifest, "", "next_part", "next_generation", "snapshot", "format_version")
    _check_settings(manifest.settings, "settings")
    for at, source in enumerate(manifest.sources):
        _check_source(source, f"sources[{at}]")
    _ascending([source.name for source in sorted(manifest.sources, key=lambda source: source.name)], "sources", "names")
    _check_parts(manifest.parts, "parts", part_check or check_part_once)
    _ascending([part.number for part in manifest.parts], "parts", "numbers")
    if manifest.parts and manifest.parts[-1].number >= manifest.next_part:
        raise FieldError("next_part", "is the number of a part already")
    if manifest.files is not None:
        _counts(manifest.files, "files.", "number", "covers")
        _check_file(manifest.files.file, "files.file")
        _check_summary(manifest.files.summary, "files.summary")
    for name, encoder in manifest.encoders.items():
        _check_encoder(encoder, f"encoders.{name}")
    if manifest.index is not None:
        checked = frozenset(map(id, manifest.parts))  # most parts are indexed as they are
        _check_parts(manifest.index.parts, "index.parts", part_check or check_part_once, checked)
        _check_index(manifest.index)
        if manifest.index.generation >= manifest.next_generation:
            raise FieldError("next_generation", "is the number of a generation already")
    if manifest.student is not None:
        _check_student(manifest.student)
    for at, sample in enumerate(manifest.samples):
        _count(sample.number, f"samples[{at}].number", _MOST_PARTS)
        _check_file(sample.file, f"samples[{at}].file")
    _ascending([sample.number for sample in manifest.samples], "samples", "numbers")
    for at, tuned in enumerate(manifest.tuned):
        _check_tuned(tuned, f"tuned[{at}]")


def check_part(part: Part) -> None:
    """Check one part; names of fields are told from it."""
    _count(part.number, "number", _MOST_PARTS)
    _check_file(part.documents, "documents")
    if part.chunks is not None:
        _check_file(part.chunks, "chunks")
    for name, vectors in part.vectors.items():
        _check_file(vectors, f"vectors.{name}")
        _fingerprint(vectors.made_with, f"vectors.{name}.made_with")
        if part.chunks is None or part.chunks.rows != vectors.rows:
            raise FieldError(f"vectors.{name}.rows", "are not those of the chunks")
    last = -1
    for row in part.dead:
        if type(row) is not int or not last < row < part.documents.rows:
            raise FieldError("dead", "is not a list of rows of the documents, ascending")
        last = row


@lru_cache(maxsize=1 << 14)
def check_part_once(part: Part) -> None:
    """Check one part that this process made or has checked: each commit names every part, and makes one."""
    check_part(part)


def _check_parts(
    parts: Sequence[Part], field: str, part_check: Callable[[Part], None], checked: frozenset[int] = frozenset()
) -> None:
    for at, part in enumerate(parts):
        if id(part) in checked:
            continue
        try:
            part_check(part)
        except FieldError as error:
            raise FieldError(f"{field}[{at}].{error.field}", error.why) from None


def _check_file(record: FileRecord, field: str) -> None:
    rows, size, sha256 = record.rows, record.bytes, record.sha256
    if type(rows) is not int or not 0 <= rows <= _MOST_ROWS:
        raise FieldError(f"{field}.rows", "is not a number of rows")
    if type(size) is not int or not 0 <= size <= _MOST:
        raise FieldError(f"{field}.bytes", "is not a number of bytes")
    if type(sha256) is not str or not _SHA256(sha256):
        raise FieldError(f"{field}.sha256", "is not 64 hex digits")
    if type(record.made_with) is not str:
        raise FieldError(f"{field}.made_with", "is not a text")


def _check_files(files: dict[str, FileRecord], field: str) -> None:
    for name, record in files.items():
        pieces = name.split("/")
        if "\\" in name or "\0" in name or any(piece in {"", ".", ".."} for piece in pieces):
            raise FieldError(field, f"names {name!r}, which is not a file below that folder")
        _check_file(record, f"{field}[{name!r}]")


def _check_index(index: IndexRecord) -> None:
    """Check an index whose parts are good, each by itself."""
    _counts(index, "index.", "generation", "rows")
    _check_settings(index.settings, "index.settings")
    for name, encoder in index.encoders.items():
        _check_encoder(encoder, f"index.encoders.{name}")
    _ascending([part.number for part in index.parts], "index.parts", "numbers")
    for piece in index.pieces:
        _text(piece.kind, "index.arms.kind")
        _count(piece.rows, "index.arms.rows", _MOST_ROWS)
        if type(piece.folder) is not str or "/" in piece.folder or "\\" in piece.folder or piece.folder in (".", ".."):
            raise FieldError("index.arms.folder", "is not the name of a folder")
        _check_files(dict(piece.files), "index.arms.files")
        if piece.field is not None and piece.field not in index.encoders:
            raise FieldError("index.arms.field", f"is {piece.field!r}, which no encoder made")
    for part in index.parts:
        for name, encoder in index.encoders.items():
            vectors = part.vectors.get(name)
            if vectors is None or vectors.made_with != encoder.fingerprint:
                raise FieldError("index.parts", f"has part {part.number}, whose vectors are not of the index's encoder")
    if index.rows > sum(part.chunks.rows for part in index.parts if part.chunks):
        raise FieldError("index.rows", "are more than its parts have")


def _check_encoder(encoder: EncoderRecord, field: str) -> None:
    _text(encoder.model, f"{field}.model")
    _fingerprint(encoder.fingerprint, f"{field}.fingerprint")
    _dim(encoder.dim, f"{field}.dim")
    if encoder.teacher != "":
        _fingerprint(encoder.teacher, f"{field}.teacher")


def _check_student(student: StudentRecord) -> None:
    _fingerprint(student.fingerprint, "student.fingerprint")
    _fingerprint(student.teacher, "student.teacher")
    _text(student.model, "student.model")
    _dim(student.dim, "student.dim")
    _counts(student, "student.", "sample", "held_out")
    if type(student.cosine) not in {int, float} or not math.isfinite(student.cosine):
        raise FieldError("student.cosine", "is not a number")
    _check_files(student.files, "student.files")


def _check_tuned(tuned: TunedRecord, field: str) -> None:
    _text(tuned.metric, f"{field}.metric")
    _count(tuned.queries, f"{field}.queries")
    for name in ("before", "after", "low", "high"):
        _number(getattr(tuned, name), f"{field}.{name}", -math.inf)
    ranking, fusion = tuned.ranking, tuned.ranking.fusion
    if fusion.name not in get_args(FusionName):
        raise FieldError(f"{field}.ranking.fusion.name", f"is none of {', '.join(get_args(FusionName))}")
    _count(ranking.candidates, f"{field}.ranking.candidates", _MOST_ROWS)
    if not ranking.candidates:
        raise FieldError(f"{field}.ranking.candidates", "is 0")
    _count(fusion.rrf_k, f"{field}.ranking.fusion.rrf_k", _MOST_ROWS)
    weights = {name: getattr(fusion, name) for name in ("bm25_weight", "dense_weight")}
    for name, weight in weights.items():
        if weight is not None:
            _weight(weight, f"{field}.ranking.fusion.{name}")
    if not any(fusion.weights):
        raise FieldError(f"{field}.ranking.fusion", "gives neither arm a weight")
    for name, weight in asdict(ranking.bm25).items():
        _weight(weight, f"{field}.ranking.bm25.{name}")
    for name, flag in asdict(ranking.feedback).items():
        _flag(flag, f"{field}.ranking.feedback.{name}")


def _check_settings(settings: StoreSettings, field: str) -> None:
    chunk, hnsw = settings.chunk, settings.hnsw
    for name, value in (("model", settings.model), ("language", settings.language), ("strategy", chunk.strategy)):
        _text(value, f"{field}.{name}")
    if settings.secrets not in get_args(Secrets):
        raise FieldError(f"{field}.secrets", f"is none of {', '.join(get_args(Secrets))}")
    if type(settings.teacher_share) not in {int, float} or not 0 < settings.teacher_share <= 1:
        raise FieldError(f"{field}.teacher_share", "is not a share")
    if chunk.size is not None:
        _count(chunk.size, f"{field}.chunk.size")
    _count(chunk.overlap, f"{field}.chunk.overlap")
    _flag(chunk.context, f"{field}.chunk.context")
    for name in ("m", "ef_construction", "ef", "threads"):
        _count(getattr(hnsw, name), f"{field}.hnsw.{name}", _MOST_GRAPH)


def _check_source(source: Source, field: str) -> None:
    _text(source.name, f"{field}.name")
    _text(source.root, f"{field}.root")
    _texts(source.rules.include, f"{field}.rules.include")
    _texts(source.rules.exclude, f"{field}.rules.exclude")
    _flag(source.rules.hidden, f"{field}.rules.hidden")
    _flag(source.rules.ignore, f"{field}.rules.ignore")
    _count(source.rules.max_file_bytes, f"{field}.rules.max_file_bytes")
    for name in ("parse_seconds", "parse_bytes"):
        if getattr(source.rules, name) is not None:
            _count(getattr(source.rules, name), f"{field}.rules.{name}")
    for name in ("parse_seconds", "parse_bytes"):
        if getattr(source.rules, name) is not None:
            _count(getattr(source.rules, name), f"{field}.rules.{name}")
    for name in ("id", "title", "text"):
        if getattr(source.fields, name) is not None:
            _text(getattr(source.fields, name), f"{field}.fields.{name}")
    _texts(source.only or (), f"{field}.only")
    for path in source.only or ():
        if path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise FieldError(f"{field}.only", f"names {path!r}, which is not below the source's folder")
    _texts(source.forgotten, f"{field}.forgotten")


def _check_summary(summary: object, field: str) -> None:
    if summary is None:
        return
    if not isinstance(summary, dict):
        raise FieldError(field, "is not an object")
    for source, counts in summary.items():
        if not isinstance(counts, dict) or {"indexed", "skipped", "failed", "documents"} - counts.keys():
            raise FieldError(field, f"has no counts of {source!r}")
        for name, value in counts.items():
            _count(value, f"{field}.{name}")


def _counts(record: object, prefix: str, *names: str) -> None:
    for name in names:
        _count(getattr(record, name), f"{prefix}{name}")


def _count(value: object, field: str, most: int = _MOST) -> None:
    if type(value) is not int or not 0 <= value <= most:  # True is no number
        raise FieldError(field, f"is not a number from 0 to {most}")


def _number(value: object, field: str, least: float) -> None:
    if type(value) not in {int, float} or not math.isfinite(value) or value < least:  # type: ignore[arg-type, operator]
        raise FieldError(field, "is not a finite number" + ("" if least < 0 else f" from {least:g}"))


def _weight(value: object, field: str) -> None:
    _number(value, field, 0.0)
    if value and not LEAST_WEIGHT <= value <= MOST_WEIGHT:  # type: ignore[operator]
        raise FieldError(field, f"is neither 0 nor from {LEAST_WEIGHT:f} to {MOST_WEIGHT:,}")


def _dim(value: object, field: str) -> None:
    if type(value) is not int or not 1 <= value <= _MOST_DIM:
        raise FieldError(field, f"is not a number from 1 to {_MOST_DIM}")


def _text(value: object, field: str) -> None:
    if type(value) is not str or "\0" in value:
        raise FieldError(field, "is not a text")


def _texts(values: Iterable[object], field: str) -> None:
    if type(values) is not tuple or not all(type(value) is str for value in values):
        raise FieldError(field, "is not a list of texts")


def _flag(value: object, field: str) -> None:
    if type(value) is not bool:
        raise FieldError(field, "is neither true nor false")


def _fingerprint(value: object, field: str) -> None:
    if type(value) is not str or not _FINGERPRINT(value):
        raise FieldError(field, "is not 16 hex digits")


def _ascending(values: Sequence[Any], field: str, what: str) -> None:
    if any(one >= other for one, other in pairwise(values)):
        raise FieldError(field, f"has {what} that are not unique and in order")
