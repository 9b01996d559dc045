"""From the JSON of a manifest to its dataclasses."""

from __future__ import annotations

from typing import Any

from ..config import (
    Bm25Config,
    ChunkConfig,
    FeedbackConfig,
    FusionConfig,
    HnswConfig,
    RankingConfig,
    RecordFields,
    StoreSettings,
    WalkRules,
)
from ..records import Source
from .manifest import (
    INDEX_SINCE,
    EncoderRecord,
    FileRecord,
    FilesRecord,
    IndexRecord,
    Manifest,
    Part,
    SampleRecord,
    SegmentRecord,
    StudentRecord,
    TunedRecord,
)
from .manifest_checks import check_manifest, check_part


def parse(raw: dict[str, Any]) -> Manifest:
    """Return the manifest that JSON stands for.

    Raises:
        FieldError: a field has a value that it cannot have.
        KeyError, TypeError, ValueError, AttributeError: a field is missing, or has another type.
    """
    index = raw["index"] if raw["format_version"] >= INDEX_SINCE else None
    files, student, encoder = raw["files"], raw.get("student"), raw["encoder"]
    parts = [_part(part) for part in _list(raw["parts"])]
    made = {part.number: (entry, part) for entry, part in zip(raw["parts"], parts, strict=True)}

    def indexed(entry: dict[str, Any]) -> Part:  # most parts are indexed as they are: no need to make them twice
        known = made.get(entry["number"])
        return known[1] if known and known[0] == entry else _part(entry)

    manifest = Manifest(
        settings=_settings(raw["settings"]),
        sources=tuple(_source(source) for source in _list(raw["sources"])),
        parts=tuple(parts),
        files=None
        if files is None
        else FilesRecord(files["number"], _file(files["file"]), files["covers"], files.get("summary")),
        encoder=None if encoder is None else EncoderRecord(**encoder),
        index=None
        if index is None
        else IndexRecord(
            generation=index["generation"],
            settings=_settings(index["settings"]),
            encoder=EncoderRecord(**index["encoder"]),
            parts=tuple(indexed(part) for part in _list(index["parts"])),
            files=_files(index["files"]),
            segments=tuple(SegmentRecord(**segment) for segment in _list(index["segments"])),
            rows=index["rows"],
        ),
        student=None if student is None else StudentRecord(**{**student, "files": _files(student["files"])}),
        samples=tuple(SampleRecord(one["number"], _file(one["file"])) for one in _list(raw.get("samples", []))),
        tuned=tuple(_tuned(one) for one in _list(raw.get("tuned", []))),
        next_part=raw["next_part"],
        next_generation=raw["next_generation"],
        snapshot=raw["snapshot"],
        format_version=raw["format_version"],
    )
    check_manifest(manifest, check_part)
    return manifest


def _tuned(raw: dict[str, Any]) -> TunedRecord:
    ranking = raw["ranking"]
    parts = {
        "fusion": FusionConfig(**ranking["fusion"]),
        "bm25": Bm25Config(**ranking["bm25"]),
        "feedback": FeedbackConfig(**ranking["feedback"]),
    }
    return TunedRecord(**{**raw, "ranking": RankingConfig(**{**ranking, **parts})})


def _list(raw: object) -> list[Any]:
    if type(raw) is not list:
        raise TypeError(f"{type(raw).__name__} instead of a list")
    return raw


def _file(raw: dict[str, Any]) -> FileRecord:
    return FileRecord(raw["rows"], raw["bytes"], raw["sha256"], raw["made_with"])


def _files(raw: dict[str, Any]) -> dict[str, FileRecord]:
    return {name: _file(record) for name, record in raw.items()}


def _part(raw: dict[str, Any]) -> Part:
    documents, chunks, embeddings = raw["documents"], raw["chunks"], raw["embeddings"]
    return Part(
        raw["number"],
        _file(documents),
        None if chunks is None else _file(chunks),
        None if embeddings is None else _file(embeddings),
        tuple(_list(raw["dead"])),
    )


def _settings(raw: dict[str, Any]) -> StoreSettings:
    # A store from before secrets were looked for was made as "allow" makes it.
    raw = {"secrets": "allow"} | raw
    known = {name: raw[name] for name in ("model", "language", "teacher_share", "secrets") if name in raw}
    return StoreSettings(chunk=ChunkConfig(**raw["chunk"]), hnsw=HnswConfig(**raw["hnsw"]), **known)


def _source(raw: dict[str, Any]) -> Source:
    rules: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in raw["rules"].items()
    }
    return Source(
        name=raw["name"],
        root=raw["root"],
        rules=WalkRules(**rules),
        fields=RecordFields(**raw["fields"]),
        only=None if raw["only"] is None else tuple(_list(raw["only"])),
        forgotten=tuple(_list(raw["forgotten"])),
    )
