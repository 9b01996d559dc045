"""One committed state of a store: its folder, and the manifest that names everything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .parts import live_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .layout import Layout
    from .manifest import Manifest, Part


class Snapshot(NamedTuple):
    """A store as one manifest has it."""

    layout: Layout
    manifest: Manifest

    @property
    def roots(self) -> dict[str, str]:
        """Source -> its folder, as the manifest spells it."""
        return {source.name: source.root for source in self.manifest.sources}

    def live_rows(self, columns: tuple[str, ...]) -> Iterator[tuple[Part, int, dict[str, Any]]]:
        """Yield part, row and ``columns`` of each live document of the store."""
        for part in self.manifest.parts:
            for row, document in live_documents(self.layout, part, columns):
                yield part, row, document
