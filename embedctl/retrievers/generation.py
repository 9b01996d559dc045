"""Folders of a Tantivy index: starting a new generation from an old one, reading one without touching it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import tantivy

from ..errors import DamagedError, MismatchError

_LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock")
_REWRITTEN = ("meta.json", ".managed.json")


def link_generation(previous: Path, folder: Path) -> None:
    """Fill ``folder`` with the index in ``previous``: segment files as hard links, the two that change as copies.

    Deleting or merging segments in ``folder`` then removes names, never the previous generation's data.
    """
    for file in sorted(previous.iterdir()):
        if file.name in _LOCKS:
            continue
        target = folder / file.name
        if file.name in _REWRITTEN:
            shutil.copyfile(file, target)
            continue
        try:
            os.link(file, target)
        except OSError:  # another device, or a file system without links
            shutil.copyfile(file, target)


def share_generation(folder: Path) -> None:
    """Drop the lock files, and let everyone read the two files that Tantivy writes for their owner alone."""
    usual = (folder / _LOCKS[0]).stat().st_mode & 0o777
    for name in _REWRITTEN:
        (folder / name).chmod(usual)
    for name in _LOCKS:
        (folder / name).unlink(missing_ok=True)


def read_meta(folder: Path) -> dict[str, Any]:
    """Return Tantivy's commit record.

    Raises:
        DamagedError: it is missing or not JSON.
    """
    path = folder / "meta.json"
    try:
        meta = json.loads(path.read_bytes())
        if not isinstance(meta["segments"], list):
            raise TypeError("segments")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{path} is not the commit record of a BM25 index: {error}.") from error
    return dict(meta)


def check_tokenizer(folder: Path, expected: str) -> None:
    """Refuse an index whose text was analysed in another way than queries will be.

    Raises:
        MismatchError: another language, or another version of the analysis.
    """
    for field in read_meta(folder).get("schema", []):
        found = field.get("options", {}).get("indexing", {}).get("tokenizer", expected) if field else expected
        if found != expected:
            raise MismatchError(f'The BM25 index in {folder} was made by analysis "{found}", not "{expected}".')


def row_counts(folder: Path) -> tuple[int, int]:
    """Return the live and the dead rows of the index."""
    segments = read_meta(folder)["segments"]
    dead = sum(segment["deletes"]["num_deleted_docs"] for segment in segments if segment["deletes"])
    return sum(segment["max_doc"] for segment in segments) - dead, dead


def open_reader(folder: Path) -> tantivy.Index:
    """Open an index for reading, without writing to its folder or waiting for a lock there.

    Tantivy opens an index under a lock file in its folder, which fails on a read-only store and makes readers wait
    for each other. It is given a folder of links instead, which is gone again when this function returns: by then
    every file is mapped.

    Raises:
        DamagedError: it is no index, or files are missing.
    """
    if not (folder / "meta.json").is_file():
        raise DamagedError(f"There is no BM25 index in {folder}.")
    view = _make_view(folder)
    try:
        index = tantivy.Index.open(str(view or folder))
        index.config_reader("manual")
        index.reload()
    except ValueError as error:
        raise DamagedError(f"The BM25 index in {folder} cannot be opened: {error}.") from error
    finally:
        if view:
            _remove(view)
    return index


def _make_view(folder: Path) -> Path | None:
    """Return a new folder of links to the index's files; ``None`` where the system allows none."""
    try:
        view = Path(tempfile.mkdtemp(prefix="embedctl-"))
    except OSError:
        return None
    try:
        for file in folder.iterdir():
            if file.name not in _LOCKS:
                (view / file.name).symlink_to(file.absolute())
    except OSError:
        _remove(view)
        return None
    return view


def _remove(view: Path) -> None:
    # Tantivy's watcher thread makes one lock file when it starts, perhaps between the listing and the removal.
    for _ in range(100):
        shutil.rmtree(view, ignore_errors=True)
        if not view.exists():
            return
