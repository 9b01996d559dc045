"""The commit record of a stranger: refused with the name of the field, never believed and never a crash."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from older_formats import as_format

from embedctl.config import (
    TEXT_FIELD,
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
from embedctl.errors import DamagedError, MismatchError
from embedctl.records import Source
from embedctl.store.codec import FieldError
from embedctl.store.manifest import (
    FORMAT_VERSION,
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
from embedctl.store.manifest_json import manifest_text, parse_manifest

A, B = "0a" * 8, "1b" * 8
HNSW = HnswConfig(8, 50, 60, "on", 1)
TUNED = RankingConfig(
    300,
    FusionConfig("convex", 60, (("dense", 0.7), ("bm25", 0.3))),
    Bm25Config(1.0, 2.0, 0.0),
    FeedbackConfig(rm3=True),
)


def file(rows: int = 3, made_with: str = "") -> FileRecord:
    return FileRecord(rows, 10, "ab" * 32, made_with)


def whole() -> Manifest:
    """A manifest that has everything a manifest can have."""
    parts = (
        Part(4, file(), file(5, "cut"), {TEXT_FIELD: file(5, A)}, dead=(0, 2)),
        Part(7, file(), file(5, "cut")),
        Part(8, file()),
    )
    source = Source(
        "docs", "docs", WalkRules(include=("*.md",)), RecordFields(text="body"), only=("a.md",), forgotten=("7",)
    )
    settings_ = StoreSettings(ChunkConfig("window", 64, 8, False), "some/model", "german", HNSW)
    record = IndexRecord(
        generation=3,
        settings=settings_,
        encoders={TEXT_FIELD: EncoderRecord("some/model", A, 384, B)},
        parts=(replace(parts[0], dead=()),),
        arms={
            "bm25": ArmRecord("bm25", None, "bm25", {"meta.json": file(0)}, 5),
            "dense": ArmRecord(
                "dense", TEXT_FIELD, "dense", {"vectors/000001/vectors.f16": file(0)}, 5, {"segments": [[2, 4], [1, 1]]}
            ),
        },
        rows=5,
    )
    return Manifest(
        settings=settings_,
        sources=(source, replace(source, name="b", only=None)),
        parts=parts,
        files=FilesRecord(2, file(), 8, {"docs": {"indexed": 3, "skipped": 0, "failed": 0, "documents": 3}}),
        encoders={TEXT_FIELD: EncoderRecord("some/model", A, 384, B)},
        index=record,
        student=StudentRecord(A, "some/model", B, 384, 900, 50, 0.93, {"model.safetensors": file(0)}),
        samples=(SampleRecord(1, file(3, B)), SampleRecord(2, file(3, B))),
        tuned=(
            TunedRecord(RankingConfig(), "ndcg@10", 40, 0.41, 0.44, 0.01, 0.05),
            TunedRecord(TUNED, "recall@100", 93, 0.71, 0.75, 0.02, 0.06),
        ),
        next_part=9,
        next_generation=4,
        snapshot=9,
    )


def read(text: str) -> Manifest:
    return parse_manifest(text, "manifest.json")


def sealed(raw: dict[str, Any]) -> str:
    """Return the text that someone writes who knows how checksums are made."""
    text = json.dumps({name: value for name, value in raw.items() if name != "sha256"}, separators=(",", ":"))
    return f'{{"sha256":"{hashlib.sha256(text.encode()).hexdigest()}",{text[1:]}'


def test_everything_survives_its_own_json() -> None:
    assert read(manifest_text(whole())) == whole()
    assert read(sealed(json.loads(manifest_text(whole())))) == whole()


def changed(path: str, value: object) -> str:
    """Return a sealed manifest with another member; ``path``: names and positions with dots, ``~`` for a dot in one."""
    raw = json.loads(manifest_text(whole()))
    target: Any = raw
    *above, last = (name.replace("~", ".") for name in path.split("."))
    for name in above:
        target = target[int(name)] if isinstance(target, list) else target[name]
    target[int(last) if isinstance(target, list) else last] = value
    return sealed(raw)


BAD: list[tuple[str, object, str]] = [
    ("snapshot", -1, "snapshot"),
    ("snapshot", True, "snapshot"),
    ("snapshot", 1.0, "snapshot"),
    ("next_part", 8, "next_part"),
    ("next_generation", 3, "next_generation"),
    ("parts.0.number", 7, "parts"),
    ("parts.2.number", 5, "parts"),
    ("parts.0.number", 1 << 31, r"parts\[0\].number"),
    ("parts.0.dead", [2, 0], r"parts\[0\].dead"),
    ("parts.0.dead", [1, 1], r"parts\[0\].dead"),
    ("parts.0.dead", [3], r"parts\[0\].dead"),
    ("parts.0.documents.rows", "3", r"parts\[0\].documents.rows"),
    ("parts.0.documents.bytes", -1, r"parts\[0\].documents.bytes"),
    ("parts.0.documents.sha256", "AB" * 32, r"parts\[0\].documents.sha256"),
    ("parts.0.vectors.text.rows", 4, r"parts\[0\].vectors.text"),
    ("parts.0.vectors.text.made_with", "../../../etc", r"parts\[0\].vectors.text.made_with"),
    ("parts.0.vectors.text.made_with", A + "\n", r"parts\[0\].vectors.text.made_with"),
    ("parts.0.chunks", None, r"parts\[0\].vectors.text"),
    ("encoders.text.fingerprint", "/etc", "encoders.text.fingerprint"),
    ("encoders.text.dim", 0, "encoders.text.dim"),
    ("encoders.text.dim", 1 << 40, "encoders.text.dim"),
    ("student.fingerprint", "..", "student.fingerprint"),
    ("student.files", {"../../x": asdict(file())}, "student.files"),
    ("student.cosine", "1", "student.cosine"),
    ("index.arms.bm25.files", {"/etc/passwd": asdict(file())}, "index.arms.bm25.files"),
    ("index.arms.bm25.files", {"bm25/../../../x": asdict(file())}, "index.arms.bm25.files"),
    ("index.arms.bm25.files", {"bm25\\meta.json": asdict(file())}, "index.arms.bm25.files"),
    ("index.arms.bm25.files", {"a\0b": asdict(file())}, "index.arms.bm25.files"),
    ("index.arms.bm25.files", {"bm25//x": asdict(file())}, "index.arms.bm25.files"),
    ("index.arms.bm25.files", {"": asdict(file())}, "index.arms.bm25.files"),
    ("index.arms.bm25.files.meta~json.rows", -1, r"index.arms.bm25.files\['meta.json'\].rows"),
    ("index.arms.dense.folder", "../x", "index.arms.dense.folder"),
    ("index.arms.dense.folder", "a/b", "index.arms.dense.folder"),
    ("index.arms.dense.field", "title", "index.arms.dense.field"),
    ("index.arms.dense.rows", True, "index.arms.dense.rows"),
    ("index.arms", {"../dense": {}}, "index.arms"),
    ("parts.0.vectors", {"a/b": asdict(file(5, A))}, r"parts\[0\].vectors"),
    ("encoders", {"..": asdict(EncoderRecord("m", A, 3))}, "encoders"),
    ("settings.fields", [], "settings.fields"),
    ("settings.fields.0.name", "a b", r"settings.fields\[0\].name"),
    ("settings.arms.1.field", "title", r"settings.arms\[1\].field"),
    ("settings.arms.1.name", "bm25", "settings.arms"),
    ("settings.default_arms", ["bm25", "sparse"], "settings.default_arms"),
    ("index.settings.arms.1.field", "title", r"index.settings.arms\[1\].field"),
    ("settings.chunk.unheard", 1, "settings.chunk.unheard"),
    ("index.rows", 6, "index.rows"),
    ("index.parts.0.vectors.text.made_with", B, "index.parts"),
    ("index.settings.hnsw.m", 1 << 30, "index.settings.hnsw.m"),
    ("sources.1.name", "docs", "sources"),
    ("sources.0.only", ["../../etc/passwd"], r"sources\[0\].only"),
    ("sources.0.only", ["/etc/passwd"], r"sources\[0\].only"),
    ("sources.0.rules.hidden", 1, r"sources\[0\].rules.hidden"),
    ("sources.0.root", "a\0", r"sources\[0\].root"),
    ("samples.1.number", 1, "samples"),
    ("tuned.0.queries", -1, r"tuned\[0\].queries"),
    ("tuned.0.metric", 10, r"tuned\[0\].metric"),
    ("tuned.0.after", "0.5", r"tuned\[0\].after"),
    ("tuned.1.low", True, r"tuned\[1\].low"),
    ("tuned.1.ranking.candidates", 0, r"tuned\[1\].ranking.candidates"),
    ("tuned.1.ranking.candidates", 1 << 40, r"tuned\[1\].ranking.candidates"),
    ("tuned.1.ranking.fusion.name", "best", r"tuned\[1\].ranking.fusion.name"),
    ("tuned.1.ranking.fusion.rrf_k", 1.5, r"tuned\[1\].ranking.fusion.rrf_k"),
    ("tuned.1.ranking.fusion.weights.0.1", -1, r"tuned\[1\].ranking.fusion.weights\[0\]"),
    ("tuned.1.ranking.fusion.weights.0.1", 1e300, r"tuned\[1\].ranking.fusion.weights\[0\]"),
    ("tuned.1.ranking.fusion.weights.0.1", True, r"tuned\[1\].ranking.fusion.weights\[0\]"),
    (
        "tuned.1.ranking.fusion",
        {"name": "rrf", "rrf_k": 60, "weights": [["bm25", 0], ["dense", 0]]},
        r"tuned\[1\].ranking.fusion.weights",
    ),
    ("tuned.1.ranking.fusion.weights.0", ["dense"], r"tuned\[1\].ranking.fusion.weights\[0\]"),
    ("tuned.1.ranking.fusion.weights.0.0", "bm25", r"tuned\[1\].ranking.fusion.weights"),
    ("tuned.1.ranking.fusion.weights.0.0", "a/b", r"tuned\[1\].ranking.fusion.weights\[0\]"),
    ("tuned.1.ranking.bm25.title", "2", r"tuned\[1\].ranking.bm25.title"),
    ("tuned.1.ranking.bm25.body", None, r"tuned\[1\].ranking.bm25.body"),
    ("tuned.1.ranking.feedback.rm3", 1, r"tuned\[1\].ranking.feedback.rm3"),
    ("settings.secrets", "all", "settings.secrets"),
    ("settings.teacher_share", 2, "settings.teacher_share"),
    ("files.summary", {"docs": {"indexed": 1}}, "files.summary"),
    ("files.covers", None, "files.covers"),
]


@pytest.mark.parametrize(("path", "value", "field"), BAD, ids=[f"{path}={value}" for path, value, _ in BAD])
def test_a_value_that_cannot_be_is_refused_with_its_field(path: str, value: object, field: str) -> None:
    with pytest.raises(DamagedError, match=rf"manifest\.json is not valid: its field {field}"):
        read(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("parts", {}),
        ("parts.0", None),
        ("parts.0.dead", "12"),
        ("index.arms.bm25.files", []),
        ("index.encoders.text", {"model": "m"}),
        ("settings.chunk", {"unheard": 1}),
        ("files.file", 3),
        ("sources.0.rules", []),
        ("encoders", "x"),
        ("tuned", {"0": 1}),
        ("tuned.0", None),
        ("tuned.0.ranking", []),
        ("tuned.0.ranking.fusion", {"name": "rrf", "unheard": 1}),
        ("tuned.0.ranking.bm25", 3),
    ],
)
def test_a_value_of_another_shape_is_refused(path: str, value: object) -> None:
    with pytest.raises(DamagedError, match=r"manifest\.json is (incomplete|not valid)"):
        read(changed(path, value))


@pytest.mark.parametrize("version", [True, 0, -3, 3.0, "3", None, [3]])
def test_a_format_that_is_no_number_is_refused(version: object) -> None:
    with pytest.raises(DamagedError, match=r"manifest\.json"):
        read(changed("format_version", version))


def test_numbers_that_json_does_not_know_are_refused() -> None:
    text = sealed(json.loads(manifest_text(whole()))).replace("0.93", "NaN")
    with pytest.raises(DamagedError):
        read(sealed(json.loads(text)))


def test_weights_of_older_formats_are_those_of_their_arms() -> None:
    fusion = {"name": "convex", "rrf_k": 60, "bm25_weight": 0.3, "dense_weight": None}
    ranking = {"candidates": 100, "fusion": fusion, "bm25": {}, "feedback": {}}
    old = as_format(2, manifest_text(replace(whole(), tuned=(), student=None)))
    old["tuned"] = [asdict(TunedRecord(RankingConfig(), "ndcg@10", 1, 0.1, 0.2, 0.0, 0.3)) | {"ranking": ranking}]
    (tuned,) = read(json.dumps(old)).tuned
    assert tuned.ranking.fusion == FusionConfig("convex", 60, (("bm25", 0.3),))


def test_what_cannot_be_read_again_is_not_written() -> None:
    manifest_text(whole())
    with pytest.raises(FieldError, match=r"index\.rows"):
        manifest_text(replace(whole(), index=replace(whole().index, rows=99)))  # type: ignore[type-var]


SPANS = st.tuples(st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=40))


@given(SPANS)
@settings(max_examples=300, deadline=None)
def test_any_change_of_bytes_is_refused_or_changes_nothing(span: tuple[int, int, bytes]) -> None:
    data = manifest_text(whole()).encode()
    start, length, new = span
    start %= len(data)
    damaged = data[:start] + new + data[start + length :]
    try:
        found = read(damaged.decode(errors="replace"))
    except (DamagedError, MismatchError):
        return
    assert found == whole()


def test_any_flipped_bit_is_refused() -> None:
    data = manifest_text(whole()).encode()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        with pytest.raises((DamagedError, MismatchError)):
            read(bytes(damaged).decode(errors="replace"))


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to every member of a JSON value."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(way for name, member in inner for way in places(member, (*path, name)))]


RAW = json.loads(manifest_text(whole()))
PLACES = [way for way in places(RAW) if way and way[0] != "sha256"]
ODD = (
    None,
    True,
    -1,
    0,
    1,
    2,
    7,
    1.5,
    1 << 31,
    1 << 63,
    "",
    "..",
    "/",
    "a\0",
    "\ud800",
    A,
    "ab" * 32,
    [],
    [1],
    {},
    {"a": 1},
)
VALUES = st.one_of(st.sampled_from(ODD), st.integers(), st.text(max_size=8), st.sampled_from(list(RAW.values())))
EDITS = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["set", "drop", "repeat"]), VALUES), max_size=4)


@given(EDITS)
@settings(max_examples=300, deadline=None)
def test_any_sealed_json_is_a_manifest_or_refused(edits: list[tuple[tuple[str | int, ...], str, object]]) -> None:
    raw = json.loads(manifest_text(whole()))
    for way, what, value in edits:
        target: Any = raw
        try:
            for name in way[:-1]:
                target = target[name]
            if what == "set":
                target[way[-1]] = deepcopy(value)  # one value may be drawn twice, and be put into itself
            elif what == "drop":
                del target[way[-1]]
            elif isinstance(target, list):
                target.append(deepcopy(target[way[-1]]))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier edit took it away
    found = None
    with suppress(DamagedError, MismatchError):
        found = read(sealed(raw))
    if found is not None:
        manifest_text(found)
        assert read(manifest_text(found)) == replace(found, format_version=FORMAT_VERSION)
