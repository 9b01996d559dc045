"""Which documents of damaged parts could not be read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..records import Outcome
from ..sources.describe import path_from_base
from ..store.ledger import FileKey, read_ledger
from ..store.snapshot import Snapshot

if TYPE_CHECKING:
    from ..store.layout import Layout
    from ..store.manifest import Manifest

LOST_REASON = "its part of the store was damaged; it is read again as soon as it is there"
"""What the ledger says of a file until it is read again."""


@dataclass(slots=True)
class Lost:
    """Files that lost documents, and what is known of these."""

    layout: Layout
    expected: dict[FileKey, int] = field(default_factory=dict)
    """File -> documents that it had."""
    names: set[str] = field(default_factory=set)
    """``source:doc_id`` of the documents in damaged parts, as far as anything told."""

    def remember(self, manifest: Manifest) -> None:
        """Add the files that an earlier repair, which did not come to its end, was to read again."""
        for key, state in read_ledger(self.layout, manifest).items():
            if state.reason == LOST_REASON:
                self.expected.setdefault(key, state.documents + 1)

    def still(self, manifest: Manifest) -> list[str]:
        """Return the documents that are gone: their file could not be read again. Sorted, from the store's base."""
        if not self.expected:
            return []
        ledger = read_ledger(self.layout, manifest)
        gone = {key for key in self.expected if (state := ledger.get(key)) is None or state.outcome is Outcome.FAILED}
        live = self._live(manifest, gone)
        roots = Snapshot(self.layout, manifest).roots
        alone = {source.name for source in manifest.sources if source.only is not None and len(source.only) == 1}
        lost: list[str] = []
        for source, path in sorted(gone):
            file = f"{source}:{path}"
            mine = {name for name in self.names if name == file or name.startswith(f"{file}#")}
            if source in alone:
                mine |= {name for name in self.names if name.startswith(f"{source}:")}
            missing = sorted(mine - live)
            count = self.expected[source, path] - sum(1 for name in mine if name in live)
            lost += missing or [f"{path_from_base(roots.get(source, ''), path)}: {max(1, count):,} documents"]
        return lost

    def _live(self, manifest: Manifest, files: set[FileKey]) -> set[str]:
        """Return the names of the live documents of these files."""
        if not files:
            return set()
        found = (one for _, _, one in Snapshot(self.layout, manifest).live_rows(("source", "path", "doc_id")))
        return {f"{one['source']}:{one['doc_id']}" for one in found if (one["source"], one["path"]) in files}
