"""Removing what no manifest names any more."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from .durable import naming
from .layout import FOLDERS
from .regular import check_folder

if TYPE_CHECKING:
    from .layout import Layout
    from .manifest import FileRecord, Manifest

_FILES = ("manifest.json", "manifest.backup.json", "lock", "lock.json", ".gitignore")
_COLLECTED = ("documents", "chunks", "files", "index", "samples", "students")
"""Folders whose entries are files of parts, and index folders; those of ``embeddings`` are a folder deeper."""
_TEMPORARY = frozenset(f"{name}.tmp" for name in _FILES)
OWN_NAMES = frozenset((*FOLDERS, *_FILES, *_TEMPORARY))
"""What embedctl makes in a store's folder; anything else is somebody else's, and left alone."""


def named_files(layout: Layout, manifest: Manifest) -> dict[Path, FileRecord]:
    """Return every file that a manifest names, and what it says of it."""
    files = _single_files(layout, manifest)
    if manifest.student:
        folder = layout.student(manifest.student.fingerprint)
        files.update({folder / name: record for name, record in manifest.student.files.items()})
    if manifest.index:
        folder = layout.generation(manifest.index.generation)
        files.update({folder / name: record for name, record in manifest.index.files.items()})
    return files


def _single_files(layout: Layout, manifest: Manifest) -> dict[Path, FileRecord]:
    """Return the files that do not come and go with their folder."""
    files: dict[Path, FileRecord] = {}
    for part in (*manifest.parts, *(manifest.index.parts if manifest.index else ())):
        files[layout.documents(part.number)] = part.documents
        if part.chunks:
            files[layout.chunks(part.number)] = part.chunks
        files.update({layout.embeddings(one.made_with, part.number): one for one in part.vectors.values()})
    if manifest.files:
        files[layout.files(manifest.files.number)] = manifest.files.file
    files.update({layout.sample(sample.number): sample.file for sample in manifest.samples})
    return files


def missing(layout: Layout, manifest: Manifest) -> list[Path]:
    """Return the files that a manifest names and that are not there, or are no regular files of that length."""
    return [path for path, record in named_files(layout, manifest).items() if not _is_there(path, record.bytes)]


def _is_there(path: Path, size: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def referenced(layout: Layout, manifest: Manifest) -> set[Path]:
    """Return every file, student's folder and index folder that ``manifest`` names."""
    folders = [layout.student(manifest.student.fingerprint)] if manifest.student else []
    folders += [layout.generation(manifest.index.generation)] if manifest.index else []
    return {*_single_files(layout, manifest), *folders}


def check_layout(layout: Layout) -> None:
    """Raise a :class:`DamagedError` if a folder is a link: what is written and removed there would be elsewhere."""
    for folder in (*(layout.root / name for name in FOLDERS), *_encoders(layout)):
        check_folder(str(folder))


def collect(layout: Layout, *manifests: Manifest) -> int:
    """Remove files and index folders that none of these names, and what killed runs left half; return how many.

    Call it with the write lock held and the copy of the manifest renewed. Readers use what they have open; one that
    opens a file too late reads the manifest again. Links are removed, never followed; what embedctl did not name is
    left alone in the store's own folder and in ``runs``.

    Raises:
        DamagedError: a folder is a link.
        OSError: something cannot be removed.
    """
    check_layout(layout)
    keep = {str(path) for manifest in manifests for path in referenced(layout, manifest)}
    folders = (*(layout.root / name for name in _COLLECTED), *_encoders(layout))
    garbage = [entry for folder in folders for entry in _entries(folder) if entry.path not in keep]
    garbage += [entry for entry in _entries(layout.runs) if entry.name.endswith(".tmp")]
    garbage += [entry for entry in _entries(layout.root) if entry.name in _TEMPORARY]
    for entry in garbage:
        if entry.is_dir(follow_symlinks=False):
            with naming(Path(entry.path)):
                shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink(missing_ok=True)
    return len(garbage)


def _encoders(layout: Layout) -> list[Path]:
    """Return the folders in ``embeddings``, one for each encoder, and links to any."""
    entries = _entries(layout.root / "embeddings")
    return [Path(entry.path) for entry in entries if entry.is_symlink() or entry.is_dir()]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
