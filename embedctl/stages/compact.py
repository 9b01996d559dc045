"""``compact``: parts with many dead rows, and runs of small parts, become one part of their live rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..config import IndexLimits, PartLimits
from ..records import chunks_schema, documents_schema
from ..store.files import read_columns, write_table
from ..store.manifest import Part
from ..store.parts import chunk_columns, read_vectors, write_embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..store.handle import Writer
    from .report import RunReport

SMALL_PARTS = 16
"""Neighbouring small parts are merged when there are this many of them."""


def compact(writer: Writer, report: RunReport, force: Sequence[int] = ()) -> None:
    """Rewrite what is past a threshold; ``force`` names parts that are rewritten if they have any dead row.

    Only parts that are through the pipeline take part. Text is copied row for row: nothing is parsed, cut or embedded
    again.
    """
    for group in _groups(writer.manifest.parts, set(force)):
        _merge(writer, group)
        report.add("parts_compacted", len(group))


def _groups(parts: Sequence[Part], force: set[int]) -> list[list[Part]]:
    limits, full = IndexLimits(), PartLimits()
    groups: list[list[Part]] = []
    small: list[Part] = []
    for part in parts:
        if part.chunks is None or part.embeddings is None:
            continue
        if (part.number in force and part.dead) or len(part.dead) > limits.dead_share * part.documents.rows:
            groups.append([part])
        elif 4 * part.live_documents < full.documents and 4 * part.documents.bytes < full.text_bytes:
            small.append(part)
    made_alike = [part for part in small if small and _made_with(part) == _made_with(small[0])]
    if len(made_alike) >= SMALL_PARTS:
        groups.append(made_alike)
    return groups


def _made_with(part: Part) -> tuple[str, str]:
    assert part.chunks
    assert part.embeddings
    return part.chunks.made_with, part.embeddings.made_with


def _merge(writer: Writer, group: Sequence[Part]) -> None:
    import pyarrow as pa

    layout, manifest = writer.layout, writer.manifest
    number = manifest.next_part
    documents, chunks, vectors = [], [], []
    offset = 0
    for part in group:
        live = np.ones(part.documents.rows, dtype=bool)
        live[list(part.dead)] = False
        table = read_columns(layout.documents(part.number), part.documents, documents_schema().names)
        documents.append(table.filter(pa.array(live)))
        pieces = chunk_columns(layout, part, *chunks_schema().names)
        owners = pieces.column("doc_row").to_numpy()
        keep = live[owners]
        renumbered = (np.cumsum(live) - 1)[owners[keep]] + offset
        at = pieces.schema.get_field_index("doc_row")
        kept = pieces.filter(pa.array(keep))
        chunks.append(kept.set_column(at, chunks_schema().field(at), pa.array(renumbered, pa.int32())))
        vectors.append(read_vectors(layout, part)[keep])
        offset += int(live.sum())
    chunk_settings, encoder = _made_with(group[0])
    merged = pa.concat_tables(chunks)
    part = Part(
        number,
        documents=write_table(layout.documents(number), pa.concat_tables(documents)),
        chunks=write_table(layout.chunks(number), merged, chunk_settings),
        embeddings=write_embeddings(layout, number, merged.column("chunk_id"), np.concatenate(vectors), encoder),
    )
    gone = {other.number for other in group}
    others = tuple(other for other in manifest.parts if other.number not in gone)
    new_files = [layout.documents(number), layout.chunks(number), layout.embeddings(encoder, number)]
    writer.commit(replace(manifest, parts=(*others, part), next_part=number + 1), new_files)
