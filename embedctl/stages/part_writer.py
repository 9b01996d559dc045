"""Documents become parts, each written and committed while the next one is being read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..config import PartLimits
from ..runners.stage import Change
from ..store.manifest import Part
from ..store.parts import write_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..records import Document, Source
    from ..runners.threads import WriteBehind
    from ..store.layout import Layout
    from ..store.ledger import Ledger
    from ..store.live_documents import DocumentPlace
    from ..store.manifest import Manifest
    from .report import RunReport


class PartWriter:
    """Fills parts, which ``behind`` commits.

    A part is committed together with the deaths of what its documents replace. One part at a time is being written,
    so that commits come in the order of the documents, and at most two parts are in memory.
    """

    def __init__(self, layout: Layout, behind: WriteBehind, report: RunReport, sources: Sequence[Source] = ()) -> None:
        """Prepare; ``sources`` are to be committed with the first part, in place of those of the same names."""
        self._layout = layout
        self._behind = behind
        self._report = report
        self._limits = PartLimits()
        self._sources = {source.name: source for source in sources}
        self._documents: list[Document] = []
        self._bytes = 0
        self._dead: dict[int, set[int]] = {}

    def add(self, document: Document) -> None:
        """Add a document to the part that is being filled."""
        self._documents.append(document)
        self._bytes += len(document.text) + len(document.metadata)
        if len(self._documents) >= self._limits.documents or self._bytes >= self._limits.text_bytes:
            self._behind.put(partial(self._fold, self._documents, self._dead, None))
            self._documents, self._bytes, self._dead = [], 0, {}

    def bury(self, places: Iterable[DocumentPlace]) -> None:
        """Note that documents are deleted or replaced."""
        for part, row in places:
            self._dead.setdefault(part, set()).add(row)

    def finish(self, ledger: Ledger | None) -> None:
        """Commit what is left, together with the ledger where there is a new one."""
        self._behind.put(partial(self._fold, self._documents, self._dead, ledger))
        self._behind.wait()

    def _fold(
        self, documents: list[Document], dead: dict[int, set[int]], ledger: Ledger | None, before: Manifest
    ) -> Change | None:
        """Write a part, and return the manifest that names it; ``None``: nothing has changed."""
        layout = self._layout
        manifest = before.with_dead(dead)
        sources = tuple(self._sources.get(source.name, source) for source in manifest.sources)
        manifest = replace(manifest, sources=sources)
        files = []
        if documents:
            number = manifest.next_part
            written = write_documents(layout, number, documents, manifest.settings.documents_made_with)
            manifest = manifest.with_part(Part(number, written))
            files.append(layout.documents(number))
            self._report.add("documents", len(documents))
        if ledger is not None:
            record = ledger.write(layout, manifest)
            manifest = replace(manifest, files=record)
            files.append(layout.files(record.number))
        return Change(manifest, files) if manifest != before else None
