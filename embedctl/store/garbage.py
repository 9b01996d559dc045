"""Removing what no manifest names any more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    if manifest.student:
        names.add(layout.student(manifest.student.fingerprint))
    names.update(layout.sample(sample.number) for sample in manifest.samples)
    if manifest.index:
        names.add(layout.generation(manifest.index.generation))
    return names


def collect(layout: Layout, manifest: Manifest) -> int:
    """Remove unreferenced files and index folders below the store; return how many.

    Call it with the write lock held. Readers use what they have open; one that opens a file too late reads the
    manifest again.
    """
    keep = {str(path) for path in referenced(layout, manifest)}
    removed = 0
    for folder in _folders(layout):
        try:
            found = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in found:
            if entry.path in keep:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()
            removed += 1
    temporary = layout.manifest.with_name("manifest.json.tmp")
    if temporary.exists():
        temporary.unlink()
        removed += 1
    return removed


def _folders(layout: Layout) -> list[str]:
    """Return the folders whose entries are files of parts and index folders."""
    root = str(layout.root)
    folders = [f"{root}/{name}" for name in ("documents", "chunks", "files", "index", "samples", "students")]
    embeddings = layout.root / "embeddings"
    return folders + ([str(path) for path in embeddings.iterdir()] if embeddings.is_dir() else [])
