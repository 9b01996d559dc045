"""``compact``: parts with many dead rows, and runs of small parts, become one part of their live rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..config import PartLimits, limits
from ..store.files import read_columns, write_table
from ..store.manifest import Part
from ..store.parts import read_chunks, read_vectors, write_embeddings
from ..store.schemas import chunks_schema, documents_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..store.layout import Layout
    from ..store.manifest import FileRecord, Manifest
    from ..store.writer import Writer
    from .report import RunReport

SMALL_PARTS = 16
"""Neighbouring small parts are merged when there are this many of them."""


def compact(writer: Writer, report: RunReport, force: Collection[int] = ()) -> None:
    """Rewrite what is past a threshold; ``force`` names parts that are rewritten if they have any dead row.

    Rows are copied: nothing is parsed, cut or embedded again. Parts that are not through the pipeline yet are left
    alone unless forced.
    """
    for group in _groups(writer.manifest, force):
        _merge(writer, group)
        report.add("parts_compacted", len(group))


def _groups(manifest: Manifest, force: Collection[int]) -> list[list[Part]]:
    most, full = limits.INDEX, PartLimits()
    fields = {field.name for field in manifest.settings.fields}
    groups: list[list[Part]] = []
    small: dict[tuple[str, ...], list[Part]] = {}
    for part in manifest.parts:
        if part.number in force and part.dead:
            groups.append([part])
        elif part.chunks is None or fields - part.vectors.keys():
            continue
        elif len(part.dead) > most.dead_share * part.documents.rows:
            groups.append([part])
        elif 4 * part.live_documents < full.documents and 4 * part.documents.bytes < full.text_bytes:
            vectors = (f"{name} {record.made_with}" for name, record in sorted(part.vectors.items()))
            alike = (part.documents.made_with, part.chunks.made_with, *vectors)
            small.setdefault(alike, []).append(part)
    for some in small.values():
        if len(some) >= SMALL_PARTS:
            groups += _full_parts(some, full)
    return groups


def _full_parts(small: Sequence[Part], full: PartLimits) -> list[list[Part]]:
    """Group parts, in their order, so that each group makes one part of the usual size, however many there are."""
    groups: list[list[Part]] = [[]]
    for part in small:
        group = [*groups[-1], part]
        documents, size = sum(one.live_documents for one in group), sum(one.documents.bytes for one in group)
        if len(group) > 1 and (documents > full.documents or size > full.text_bytes):
            groups.append([part])
        else:
            groups[-1] = group
    return [group for group in groups if len(group) > 1]


def _merge(writer: Writer, group: Sequence[Part]) -> None:
    """Replace the parts of ``group`` by one new part of their live rows, as far down the pipeline as they are."""
    import pyarrow as pa

    layout, manifest = writer.layout, writer.manifest
    number = manifest.next_part
    names = documents_schema().names
    tables = [
        read_columns(layout.documents(part.number), part.documents, names).filter(pa.array(_live_rows(part)))
        for part in group
    ]
    documents = pa.concat_tables(tables, promote_options="default")  # older parts lack the newest columns
    merged = Part(number, write_table(layout.documents(number), documents, group[0].documents.made_with))
    new_files = [layout.documents(number)]
    if group[0].chunks:
        merged, more = with_live_rows(layout, merged, group)
        new_files += more
    writer.commit(manifest.with_successor(merged, [part.number for part in group]), new_files)


def _live_rows(part: Part) -> NDArray[np.bool_]:
    live = np.ones(part.documents.rows, dtype=bool)
    live[list(part.dead)] = False
    return live


def with_live_rows(layout: Layout, fresh: Part, group: Sequence[Part]) -> tuple[Part, list[Path]]:
    """Give a part of the live documents of ``group``, in this order, their chunks and vectors; return its files, too.

    The parts of the group have been made alike.
    """
    import pyarrow as pa

    assert group[0].chunks is not None
    offsets = np.cumsum([0, *(part.live_documents for part in group)]).tolist()
    kept = [_live_chunks(layout, part, offset) for part, offset in zip(group, offsets, strict=False)]
    chunks = pa.concat_tables([table for table, _ in kept])
    files = [layout.chunks(fresh.number)]
    record = write_table(files[0], chunks, group[0].chunks.made_with)
    written: dict[str, FileRecord] = {}
    for field, made in group[0].vectors.items():
        if made.made_with in written:
            continue  # fields that one encoder made share a file
        live = [read_vectors(layout, part, field)[rows] for part, (_, rows) in zip(group, kept, strict=True)]
        ids, vectors = chunks.column("chunk_id"), np.concatenate(live)
        written[made.made_with] = write_embeddings(layout, fresh.number, ids, vectors, made.made_with)
        files.append(layout.embeddings(made.made_with, fresh.number))
    vectors_of = {field: written[made.made_with] for field, made in group[0].vectors.items()}
    return replace(fresh, chunks=record, vectors=vectors_of), files


def _live_chunks(layout: Layout, part: Part, offset: int) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Return a part's live chunks and which rows they are; their live documents are numbered from ``offset``."""
    import pyarrow as pa

    live = _live_rows(part)
    table = read_chunks(layout, part)
    owners = table.column("doc_row").to_numpy()
    keep = live[owners]
    numbered = pa.array((np.cumsum(live) - 1)[owners[keep]] + offset, pa.int32())
    at = table.schema.get_field_index("doc_row")
    return table.filter(pa.array(keep)).set_column(at, chunks_schema().field(at), numbered), keep
