"""Removing what no manifest names any more."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .layout import Layout
    from .manifest import Manifest


def referenced(layout: Layout, manifest: Manifest) -> set[Path]:
    """Return every file and index folder that ``manifest`` names."""
    names: set[Path] = set()
    for part in (*manifest.parts, *(manifest.index.parts if manifest.index else ())):
        names.add(layout.documents(part.number))
        if part.chunks:
            names.add(layout.chunks(part.number))
        if part.embeddings:
            names.add(layout.embeddings(part.embeddings.made_with, part.number))
    if manifest.files:
        names.add(layout.files(manifest.files.number))
    if manifest.index:
        names.add(layout.generation(manifest.index.generation))
    return names


def collect(layout: Layout, manifest: Manifest) -> int:
    """Remove unreferenced files and index folders below the store; return how many.

    Call it with the write lock held. Readers use what they have open; one that opens a file too late reads the
    manifest again.
    """
    keep = referenced(layout, manifest)
    removed = 0
    for pattern in ("documents/*", "chunks/*", "embeddings/*/*", "files/*", "index/*", "manifest.json.tmp"):
        for path in layout.root.glob(pattern):
            if path in keep:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed += 1
    return removed
