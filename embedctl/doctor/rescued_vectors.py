"""Vectors of damaged parts, kept where ``embed`` finds them until these parts have been made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..store.vectors import with_sample

if TYPE_CHECKING:
    from pathlib import Path

    from ..contracts import Vectors
    from ..store.manifest import Manifest, SampleRecord
    from ..store.vectors import Hashes
    from ..store.writer import Writer


class Donors:
    """Files of sampled vectors that a repair adds, and takes away again at its end."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._records: list[SampleRecord] = []

    def add(
        self, manifest: Manifest, hashes: Hashes, vectors: Vectors, made_with: str, *, stays: bool = False
    ) -> tuple[Manifest, list[Path]]:
        """Write vectors, float32 ``(n, dim)``, to a file; return the manifest that names it, and the new files."""
        if not len(hashes):
            return manifest, []
        layout = self._writer.layout
        manifest = with_sample(layout, manifest, hashes, vectors, made_with)
        record = manifest.samples[-1]
        if not stays:
            self._records.append(record)
        return manifest, [layout.sample(record.number)]

    def drop(self) -> None:
        """Take them away; in a store without a student, also what an interrupted repair has left."""
        manifest = self._writer.manifest
        stale = manifest.student is None and not manifest.settings.fast
        kept = () if stale else tuple(one for one in manifest.samples if one not in self._records)
        if kept != manifest.samples:
            self._writer.commit(replace(manifest, samples=kept))
