"""Which documents of damaged parts could not be read again, and the ledger as the parts tell it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..records import Outcome
from ..sources.describe import path_from_base
from ..store.ledger import FileKey, FileState, Ledger, read_ledger
from ..store.parts import live_documents
from ..store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..store.layout import Layout
    from ..store.manifest import Manifest, Part

LOST_REASON = "its part of the store was damaged; it is read again as soon as it is there"
"""What the ledger says of a file until it is read again."""


def unread(layout: Layout, manifest: Manifest) -> dict[FileKey, int]:
    """Return the files that an earlier repair, which did not come to its end, was to read again; how many documents."""
    files = read_ledger(layout, manifest).items()
    return {key: state.documents + 1 for key, state in files if state.reason == LOST_REASON}


def still_lost(layout: Layout, manifest: Manifest, expected: Mapping[FileKey, int], names: set[str]) -> list[str]:
    """Return the documents that are gone, because their file could not be read again.

    Args:
        layout: of the store.
        manifest: after the sources were read again.
        expected: files that lost documents, and how many they had.
        names: ``source:doc_id`` of the documents in damaged parts, as far as anything told.
    """
    if not expected:
        return []
    ledger = read_ledger(layout, manifest)
    gone = {key for key in expected if (state := ledger.get(key)) is None or state.outcome is Outcome.FAILED}
    snapshot = Snapshot(layout, manifest)
    rows = snapshot.live_rows(("source", "path", "doc_id")) if gone else ()
    live = {f"{one['source']}:{one['doc_id']}" for _, _, one in rows if (one["source"], one["path"]) in gone}
    alone = {source.name for source in manifest.sources if source.only is not None and len(source.only) == 1}
    lost: list[str] = []
    for source, path in sorted(gone):
        file = f"{source}:{path}"
        mine = {name for name in names if name == file or name.startswith(f"{file}#")}
        if source in alone:
            mine |= {name for name in names if name.startswith(f"{source}:")}
        missing = sorted(mine - live)
        count = expected[source, path] - len(mine & live)
        lost += missing or [f"{path_from_base(snapshot.roots.get(source, ''), path)}: {max(1, count):,} documents"]
    return lost


def ledger_of(layout: Layout, parts: Iterable[Part]) -> Ledger:
    """Return a ledger of the files that the live documents of ``parts`` came from.

    Times are not trusted, so that each file is read again and compared by its hash; a record file is compared record
    by record. Files that gave no document are not known.
    """
    states: dict[FileKey, FileState] = {}
    records: Counter[FileKey] = Counter()
    for part in parts:
        for _, document in live_documents(layout, part, ("source", "path", "record", "size", "sha256")):
            source, path, record, size, sha256 = document.values()
            if record is None:
                states[source, path] = FileState(size, 0, sha256, Outcome.INDEXED, None, 1)
            else:
                records[source, path] += 1
    for key, documents in records.items():
        states[key] = FileState(0, 0, None, Outcome.INDEXED, None, documents)
    return Ledger.of(states)
