"""The text of ``manifest.json``: sealed, parsed, checked and written.

Its checksum tells that it is what was written, not who wrote it: names of files and folders in a store of a stranger
must not lead out of it, and numbers must be ones that memory is safely laid out by. What is about to be written is
held to the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import Annotated, Any

from ..config import (
    LEAST_WEIGHT,
    MOST_WEIGHT,
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
from ..errors import DamagedError, MismatchError
from ..records import Source
from .codec import Codecs, FieldError, number, text, whole
from .manifest import CHECKSUM_SINCE, FORMAT_VERSION, INDEX_SINCE, Manifest, Name, Part
from .manifest_rules import check_part, check_rules

_CHECKSUM = re.compile(r'\{"sha256":"([0-9a-f]{64})",')
"""How a manifest begins: the SHA-256 of the same text without this member."""
_HINT = 'Bring back the last good one with "embedctl doctor --repair".'

_Graph = Annotated[int, whole(0, 1 << 16)]
"""Links and candidates of a graph; hnswlib makes room for as many as it is told."""
_Hits = Annotated[int, whole(1, (1 << 31) - 1)]
_Weight = Annotated[
    float,
    number(
        lambda value: value == 0 or LEAST_WEIGHT <= value <= MOST_WEIGHT,
        f"is neither 0 nor from {LEAST_WEIGHT:f} to {MOST_WEIGHT:,}",
    ),
]
_Text = Annotated[str, text()]
"""May have a NUL: an id of a record, a pattern."""


def _text_columns(value: Any) -> Any:
    """Read names of columns; stores of before have one name, or null."""
    if value is None:
        return ()
    names = value if type(value) is list else [value]
    return tuple(map(text(), names))


_Path = Annotated[
    str,
    text(
        lambda path: not (path.startswith("/") or ".." in path.split("/") or "\0" in path),
        "names {!r}, which is not below the source's folder",
    ),
]
_TYPES: dict[type, dict[str, Any]] = {
    RecordFields: {"text": Annotated[Any, _text_columns], "search": tuple[_Text, ...]},
    Source: {"only": tuple[_Path, ...] | None, "forgotten": tuple[_Text, ...]},
    WalkRules: {"include": tuple[_Text, ...], "exclude": tuple[_Text, ...]},
    HnswConfig: dict.fromkeys(("m", "ef_construction", "ef", "threads"), _Graph),
    StoreSettings: {
        "teacher_share": Annotated[float, number(lambda share: 0 < share <= 1, "is not a share")],
        "default_arms": tuple[Name, ...],
    },
    FieldSettings: {"name": Name},
    ArmSettings: {"name": Name},
    RankingConfig: {"candidates": _Hits, "reranked": _Hits},
    FusionConfig: {"rrf_k": Annotated[int, whole(0, (1 << 31) - 1)], "weights": tuple[tuple[Name, _Weight], ...]},
    Bm25Config: dict.fromkeys(("body", "title", "path", "delta"), _Weight),
}
_SETTINGS = {WalkRules, RecordFields, ChunkConfig, StoreSettings, RankingConfig, FeedbackConfig, *_TYPES} - {Source}


@cache
def _codecs() -> Codecs:
    names = {"JSON": object, "Source": Source, "WalkRules": WalkRules, "RecordFields": RecordFields}
    return Codecs(names, _TYPES, _SETTINGS)


def manifest_text(manifest: Manifest) -> str:
    """Return the text of ``manifest.json``, its checksum in front; raise a :class:`FieldError` for an invalid one."""
    index = manifest.index
    bare = replace(manifest, parts=(), index=index and replace(index, parts=()), format_version=FORMAT_VERSION)
    raw = _codecs().write(Manifest, bare)
    members = {name: _compact(value) for name, value in raw.items()}
    members["parts"] = _parts_json(manifest.parts, "parts")
    if index is not None:
        parts = {"parts": _parts_json(index.parts, "index.parts")}
        members["index"] = _object({name: _compact(value) for name, value in raw["index"].items()} | parts)
    check_rules(manifest)
    sealed = _object(members) + "\n"
    return f'{{"sha256":"{_sha256(sealed)}",{sealed[1:]}'


def parse_manifest(text: str, name: str) -> Manifest:
    """Return the manifest in ``text``; ``name`` is the file it came from, for messages.

    Raises:
        MismatchError: a newer embedctl wrote it.
        DamagedError: it is not a manifest, or not as it was written.
    """
    sealed = _CHECKSUM.match(text)
    if sealed and sealed[1] != _sha256("{" + text[sealed.end() :]):
        raise DamagedError(f"{name} is not what was written: its SHA-256 is another.", _HINT)
    try:
        raw = json.loads(text, parse_constant=_no_number)
        version = raw["format_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"{name} is not a manifest: {error}.", _HINT) from error
    if type(version) is not int or version < 1:
        raise DamagedError(f"{name} is not a manifest: its format is {version!r}.", _HINT)
    if version > FORMAT_VERSION:
        raise MismatchError(
            f"{name} has format {version}; this embedctl reads formats up to {FORMAT_VERSION}.",
            "Upgrade embedctl, or index again into another --store.",
        )
    if not sealed and version >= CHECKSUM_SINCE:
        raise DamagedError(f"{name} lacks its checksum.", _HINT)
    raw.pop("sha256", None)
    try:
        return _read(raw if version == FORMAT_VERSION else upgraded(raw))
    except FieldError as error:
        raise DamagedError(f"{name} is not valid: {error}.", _HINT) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{name} is incomplete: {error!r}.", _HINT) from error


def _read(raw: dict[str, Any]) -> Manifest:
    """Return the manifest that JSON of today's format stands for; a part that is indexed as it is, is read once."""
    index = raw["index"]
    entries, served = raw["parts"], index and index["parts"]
    bare = raw | {"parts": [], "index": index and index | {"parts": []}}
    manifest: Manifest = _codecs().read(Manifest, bare)
    parts = _parts(entries, "parts", {})
    if manifest.index is not None:
        known = {part.number: (entry, part) for entry, part in zip(entries, parts, strict=True)}
        manifest = replace(manifest, index=replace(manifest.index, parts=_parts(served, "index.parts", known)))
    manifest = replace(manifest, parts=parts)
    check_rules(manifest)
    return manifest


def _parts(entries: Any, path: str, known: dict[int, tuple[Any, Part]]) -> tuple[Part, ...]:
    if type(entries) is not list:
        raise FieldError(path, "is not a list")
    parts: list[Part] = []
    for entry in entries:
        before, part = known.get(entry["number"], (None, None))
        if part is None or before != entry:
            try:
                part = _codecs().read(Part, entry)
                check_part(part)
            except FieldError as error:
                raise error.below(f"{path}[{len(parts)}]") from None
        parts.append(part)
    return tuple(parts)


def _parts_json(parts: tuple[Part, ...], path: str) -> str:
    done: list[str] = []
    try:
        done.extend(map(_part_json, parts))
    except FieldError as error:
        raise error.below(f"{path}[{len(done)}]") from None
    return f"[{','.join(done)}]"


@lru_cache(maxsize=1 << 14)
def _part_json(part: Part) -> str:
    """Return a part as JSON, checked; kept, because each commit writes every part and makes one."""
    raw = _codecs().write(Part, part)
    check_part(part)
    return _compact(raw)


def upgraded(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a format before 4 as today's: one field, two arms, and what has been added since."""
    index = raw["index"] if raw["format_version"] >= INDEX_SINCE else None
    files = raw["files"]
    new: dict[str, Any] = {"student": None, "samples": []} | _one_field(raw)
    return new | {
        "tuned": [_tuned_before_4(one) for one in raw.get("tuned", [])],
        "files": files and {"summary": None} | files,
        "index": index and _index_before_4(index),
    }


def _one_field(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest and its index have in common, and the rest of either as it is."""
    encoder = raw["encoder"]
    return {name: value for name, value in raw.items() if name not in ("encoder", "files", "segments")} | {
        "settings": {"secrets": "allow"} | raw["settings"],  # before secrets were looked for
        "parts": [_part_before_4(part) for part in raw["parts"]],
        "encoders": {} if encoder is None else {TEXT_FIELD: {"teacher": ""} | encoder},
    }


def _tuned_before_4(raw: dict[str, Any]) -> dict[str, Any]:
    fusion = dict(raw["ranking"]["fusion"])
    weights = [(arm, fusion.pop(f"{arm}_weight")) for arm in ("bm25", "dense")]
    fusion["weights"] = [[arm, weight] for arm, weight in weights if weight is not None]
    return raw | {"ranking": raw["ranking"] | {"fusion": fusion}}


def _part_before_4(raw: dict[str, Any]) -> dict[str, Any]:
    vectors = {} if raw["embeddings"] is None else {TEXT_FIELD: raw["embeddings"]}
    return {name: value for name, value in raw.items() if name != "embeddings"} | {"vectors": vectors}


def _index_before_4(raw: dict[str, Any]) -> dict[str, Any]:
    facts = {"segments": [[one["number"], one["rows"]] for one in raw["segments"]]}
    bm25: dict[str, Any] = {"kind": "bm25", "field": None, "folder": "bm25", "rows": raw["rows"], "facts": {}}
    dense = {"kind": "dense", "field": TEXT_FIELD, "folder": "", "rows": raw["rows"], "facts": facts, "files": {}}
    bm25["files"] = {}
    for name, record in raw["files"].items():
        (bm25 if name.startswith("bm25/") else dense)["files"][name.removeprefix("bm25/")] = record
    return _one_field(raw) | {"payloads": None, "arms": {"bm25": bm25, "dense": dense}}


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _object(members: dict[str, str]) -> str:
    """Return a JSON object of members that are JSON already."""
    return "{" + ",".join(f'"{name}":{members[name]}' for name in sorted(members)) + "}"
