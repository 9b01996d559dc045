"""Reading the pieces of an index: they hold exactly the live chunks of the parts, and what is derived is right.

Only pieces whose files have their checksums: Tantivy and hnswlib may crash on others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arms.kind import RECALL_AT, Flaw, Opening
from ..errors import EmbedctlError
from ..index.pieces import PAYLOADS, kind_of
from .findings import Finding, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..contracts import Progress
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord, Part
    from .findings import DoctorReport
    from .named import IndexPiece

LOW_RECALL = 0.9
"""Below, a new graph or new bits are worth their time."""
_REBUILD = "embedctl index --no-refresh --rebuild"


def check_rows(
    layout: Layout,
    index: IndexRecord,
    pieces: Sequence[IndexPiece],
    parts: Sequence[Part],
    progress: Progress,
    opened: list[tuple[IndexPiece, Any]],
) -> Steps:
    """Every piece holds each live chunk of ``parts`` once, with what the parts say of it.

    The files of ``pieces`` and ``parts`` have their checksums, and the kinds of the pieces are installed. Pieces that
    can be opened, and what their kinds opened, are added to ``opened``.
    """
    for one in pieces:
        yield from map(one.finding, _open(index, one, opened))
    for part in parts:
        for one, arm in opened:
            yield from map(one.finding, one.examiner.check_part(arm, layout, part))
            stored = getattr(arm, "stored", None) if index.payloads is None else None
            if stored is not None:  # up to format 3
                yield from map(one.finding, kind_of(PAYLOADS).examiner().check_part(stored, layout, part))
        progress.advance()
    return f"{index.rows:,} live chunks in {', '.join(one.name for one, _ in opened)}"


def _open(index: IndexRecord, one: IndexPiece, opened: list[tuple[IndexPiece, Any]]) -> Iterator[Flaw]:
    lost: list[Flaw] = []
    opening = Opening(index.settings, one.encoder, lose=lambda error, _instead: lost.append(Flaw(error.message)))
    try:
        arm = kind_of(one.piece.record.kind).open(one.piece, opening)
    except EmbedctlError as error:
        yield Flaw(error.message)
        return
    yield from lost
    rows = getattr(arm, "rows", index.rows)
    if rows != index.rows:
        yield Flaw(f"{one.title} has {rows:,} rows; the index has {index.rows:,}.")
    opened.append((one, arm))


def check_derived(opened: Sequence[tuple[IndexPiece, Any]]) -> Steps:
    """Bits and graphs are those of the vectors."""
    for one, arm in opened:
        yield from map(one.finding, one.examiner.check_derived(arm, one.piece))
    return f"{len(opened)} pieces"


def measure_recall(report: DoctorReport, opened: Sequence[tuple[IndexPiece, Any]], seed: int) -> Steps:
    """Measure recall@10 of the approximate plans of each arm against the exact scan; report that of the first."""
    told = []
    for one, arm in opened:
        measured = one.examiner.recall(arm, seed)
        if measured is None:
            continue
        shares, queries = measured
        if report.recall is None:
            report.recall = {"hnsw": shares.get("hnsw"), "binary": shares.get("binary"), "queries": queries}
        for plan, share in shares.items():
            told.append(f"{one.name} {plan} {share:.3f}")
            if share < LOW_RECALL:
                asked = f"{queries} stored vectors with noise"
                message = f"Recall@{RECALL_AT} of --dense {plan} is {share:.3f} on {asked}."
                yield Finding("index", "warning", message, one.folder, _REBUILD)
    return f"recall@{RECALL_AT}: {', '.join(told)}" if told else "every query is answered by an exact scan"
