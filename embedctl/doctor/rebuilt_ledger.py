"""The ledger of input files, made again from the documents of the parts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..records import Outcome
from ..store.ledger import FileKey, FileState, Ledger
from ..store.parts import live_documents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store.layout import Layout
    from ..store.manifest import Part

_COLUMNS = ("source", "path", "record", "size", "sha256")


def ledger_of(layout: Layout, parts: Iterable[Part]) -> Ledger:
    """Return a ledger of the files that the live documents of ``parts`` came from.

    Times are not trusted, so that each file is read again and compared by its hash; a record file is compared record
    by record. Files that gave no document are not known.
    """
    states: dict[FileKey, FileState] = {}
    records: Counter[FileKey] = Counter()
    for part in parts:
        for _, document in live_documents(layout, part, _COLUMNS):
            source, path, record, size, sha256 = document.values()
            if record is None:
                states[source, path] = FileState(size, 0, sha256, Outcome.INDEXED, None, 1)
            else:
                records[source, path] += 1
    for key, documents in records.items():
        states[key] = FileState(0, 0, None, Outcome.INDEXED, None, documents)
    return Ledger.of(states)
