"""A small store, a change of it that goes through every step of the commit path, and what must be true of it after.

Imports the store alone, so that processes which are to be killed start quickly.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from embedctl.config import TEXT_FIELD, StoreSettings
from embedctl.errors import NoStoreError
from embedctl.store.durable import naming
from embedctl.store.files import describe_file, link_or_copy, write_table
from embedctl.store.garbage import collect, named_files
from embedctl.store.layout import Layout
from embedctl.store.manifest import (
    ArmRecord,
    EncoderRecord,
    FilesRecord,
    IndexRecord,
    Part,
)
from embedctl.store.writer import Writer, read_manifest, writing

if TYPE_CHECKING:
    pass

ENCODER = "ab" * 8
NEW_PART = 3
DIM = 8


def make_store(layout: Layout) -> None:
    """Make a store of two parts and one index generation, and garbage as killed runs leave it."""
    with writing(layout, "embedctl test") as writer:
        for number in range(1, NEW_PART):
            _add_part(writer, number)
        _generation(writer)
    for name in ("documents/000077.parquet", f"embeddings/{ENCODER}/000078.parquet.tmp", "embeddings/older/1.parquet"):
        (layout.root / name).parent.mkdir(exist_ok=True)
        (layout.root / name).write_bytes(b"left behind")
    (layout.generation(77) / "bm25").mkdir(parents=True)
    (layout.generation(77) / "bm25" / "meta.json").write_bytes(b"{}")
    layout.manifest.with_name("manifest.json.tmp").write_text('{"half', encoding="utf-8")


def change(layout: Layout) -> None:
    """Do what is not done yet of: a new part and a death, a new index generation, what garbage there is after that.

    A store that is not there yet gets its first part.
    """
    with writing(layout, "embedctl test") as writer:
        if not writer.manifest.parts:
            _add_part(writer, 1)
        if writer.manifest.index is None:
            return
        if writer.manifest.next_part == NEW_PART:
            _add_part(writer, NEW_PART, dead={1: {0}})
        if writer.manifest.index.parts != writer.manifest.parts:
            _generation(writer)
        collect(layout, writer.manifest)


def manifest_text(layout: Layout) -> str:
    """Return the commit record, empty where there is none."""
    return layout.manifest.read_text(encoding="utf-8") if layout.manifest.exists() else ""


def damage(layout: Layout) -> list[str]:
    """Return what is wrong with a store, as any reader would meet it: each file that its manifest names is read."""
    try:
        manifest = read_manifest(layout)
    except NoStoreError:
        return []
    found = []
    for path, record in named_files(layout, manifest).items():
        try:
            data = path.read_bytes()
        except OSError as error:
            found.append(f"{path} is named and cannot be read: {error}")
            continue
        if len(data) != record.bytes or hashlib.sha256(data).hexdigest() != record.sha256:
            found.append(f"{path} is named and is not what the manifest says")
    return found


def left_over(layout: Layout) -> list[str]:
    """Return temporary files, and the note of who is writing: nothing of it outlives a run that ended by itself."""
    names = ("*.tmp", "*.tmp.*", "lock.json")
    return sorted(path.relative_to(layout.root).as_posix() for name in names for path in layout.root.rglob(name))


def tree(layout: Layout) -> dict[str, tuple[int, str]]:
    """Return mode and SHA-256 of every file of a store, and the mode of each folder; without the lock's file."""
    return {
        path.relative_to(layout.root).as_posix(): (
            path.stat().st_mode,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(layout.root.rglob("*"))
        if path != layout.lock
    }


def _add_part(writer: Writer, number: int, dead: dict[int, set[int]] | None = None) -> None:
    """Commit a part with everything that a part has, and a ledger."""
    layout, encoder = writer.layout, EncoderRecord("test", ENCODER, DIM)
    table = pa.table({"text": [f"Row {row} of part {number}. " * 20 for row in range(3)]})
    part = Part(
        number,
        write_table(layout.documents(number), table),
        write_table(layout.chunks(number), table, "cut"),
        {TEXT_FIELD: write_table(layout.embeddings(ENCODER, number), table, ENCODER, vectors=True)},
    )
    manifest = writer.manifest.with_dead(dead or {}).with_part(part).with_encoder(TEXT_FIELD, encoder)
    ledger = FilesRecord(number, write_table(layout.files(number), table), covers=number)
    paths = [layout.documents(number), layout.chunks(number), layout.embeddings(ENCODER, number), layout.files(number)]
    writer.commit(replace(manifest, files=ledger), paths)


def _generation(writer: Writer) -> None:
    """Publish a generation: folders, files, links to files of the one before."""
    layout, manifest = writer.layout, writer.manifest
    number = manifest.next_generation
    root, name = layout.generation(number), "vectors/000001/vectors.f16"
    linked, meta = root / "dense" / name, root / "bm25" / "meta.json"
    linked.parent.mkdir(parents=True)
    meta.parent.mkdir()
    if manifest.index:
        link_or_copy(layout.generation(manifest.index.generation) / "dense" / name, linked)
    else:
        linked.write_bytes(bytes(range(256)))
    with naming(meta):
        meta.write_text(f"generation {number}", encoding="utf-8")
    record = IndexRecord(
        generation=number,
        settings=StoreSettings(),
        encoders=manifest.encoders,
        parts=manifest.parts,
        arms={
            "bm25": ArmRecord("bm25", None, "bm25", {"meta.json": describe_file(meta)}, 3),
            "dense": ArmRecord("dense", TEXT_FIELD, "dense", {name: describe_file(linked)}, 3, {"segments": [[1, 3]]}),
        },
        rows=3,
    )
    folders = [linked.parent, *linked.parent.parents[:2], meta.parent, root]
    writer.commit(replace(manifest, index=record, next_generation=number + 1), [linked, meta, *folders])
