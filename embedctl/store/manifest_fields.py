"""From the JSON of a manifest to its dataclasses."""

from __future__ import annotations

from typing import Any

from ..config import (
    TEXT_FIELD,
    ArmSettings,
    Bm25Config,
    ChunkConfig,
    FeedbackConfig,
    FieldSettings,
    FusionConfig,
    HnswConfig,
    RankingConfig,
    RecordFields,
    StoreSettings,
    WalkRules,
)
from ..records import JSON, Source
from .manifest import (
    INDEX_SINCE,
    ArmRecord,
    EncoderRecord,
    FileRecord,
    FilesRecord,
    IndexRecord,
    Manifest,
    Part,
    SampleRecord,
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
    files, student = raw["files"], raw.get("student")
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
        encoders=_encoders(raw),
        index=None
        if index is None
        else IndexRecord(
            generation=index["generation"],
            settings=_settings(index["settings"]),
            encoders=_encoders(index),
            parts=tuple(indexed(part) for part in _list(index["parts"])),
            arms=_arms(index),
            rows=index["rows"],
            payloads=_arm(index["payloads"]) if index.get("payloads") else None,
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


def _encoders(raw: dict[str, Any]) -> dict[str, EncoderRecord]:
    if "encoders" in raw:
        return {name: EncoderRecord(**encoder) for name, encoder in raw["encoders"].items()}
    return {} if raw["encoder"] is None else {TEXT_FIELD: EncoderRecord(**raw["encoder"])}


def _arms(index: dict[str, Any]) -> dict[str, ArmRecord]:
    if "arms" in index:
        return {name: _arm(arm) for name, arm in index["arms"].items()}
    files, rows = _files(index["files"]), index["rows"]  # up to format 3
    text = {name.removeprefix("bm25/"): record for name, record in files.items() if name.startswith("bm25/")}
    vectors = {name: record for name, record in files.items() if not name.startswith("bm25/")}
    segments: JSON = [[one["number"], one["rows"]] for one in _list(index["segments"])]
    return {
        "bm25": ArmRecord("bm25", None, "bm25", text, rows),
        "dense": ArmRecord("dense", TEXT_FIELD, "", vectors, rows, {"segments": segments}),
    }


def _arm(raw: dict[str, Any]) -> ArmRecord:
    return ArmRecord(**{**raw, "files": _files(raw["files"])})


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
    documents, chunks = raw["documents"], raw["chunks"]
    return Part(
        raw["number"],
        _file(documents),
        None if chunks is None else _file(chunks),
        _vectors(raw),
        tuple(_list(raw["dead"])),
    )


def _vectors(raw: dict[str, Any]) -> dict[str, FileRecord]:
    if "vectors" in raw:
        return _files(raw["vectors"])
    return {} if raw["embeddings"] is None else {TEXT_FIELD: _file(raw["embeddings"])}


def _settings(raw: dict[str, Any]) -> StoreSettings:
    # A store from before secrets were looked for was made as "allow" makes it.
    raw = {"secrets": "allow"} | raw
    known: dict[str, Any] = {
        name: raw[name] for name in ("model", "language", "teacher_share", "secrets") if name in raw
    }
    if "fields" in raw:
        known["fields"] = tuple(FieldSettings(**one) for one in _list(raw["fields"]))
        known["arms"] = tuple(ArmSettings(**one) for one in _list(raw["arms"]))
        known["default_arms"] = tuple(_list(raw["default_arms"]))
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
