"""A store: reading its snapshot, and the one place where a new snapshot is committed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import NoStoreError
from .files import durable, fsync_path
from .manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .layout import Layout


def read_manifest(layout: Layout) -> Manifest:
    """Return the store's current snapshot.

    Raises:
        NoStoreError: the folder holds no store.
        DamagedError, MismatchError: the manifest cannot be used.
    """
    try:
        text = layout.manifest.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        raise NoStoreError(f"There is no store in {layout.root}.", 'Make one with "embedctl index PATH".') from None
    return _parsed(text, str(layout.manifest))


@lru_cache(maxsize=2)
def _parsed(text: str, name: str) -> Manifest:
    """Return the manifest in ``text``: one command reads it several times, and that of a large store takes 10 ms."""
    return Manifest.from_json(text, name)


class Writer:
    """The right to change one store; every change is a new manifest."""

    def __init__(self, layout: Layout, manifest: Manifest) -> None:
        self.layout = layout
        self.manifest = manifest

    def commit(self, manifest: Manifest, new_files: Iterable[Path] = ()) -> Manifest:
        """Publish ``manifest`` as the next snapshot and return it.

        The new files are made durable first, then the manifest is replaced in one step: a process killed at any
        instant leaves the old snapshot or the new one.
        """
        durable(new_files)
        manifest = replace(manifest, snapshot=self.manifest.snapshot + 1)
        temporary = self.layout.manifest.with_name("manifest.json.tmp")
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(manifest.to_json())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.layout.manifest)
        fsync_path(self.layout.root)
        self.manifest = manifest
        return manifest


@contextmanager
def writing(layout: Layout, command: str, wait: float = 0.0) -> Iterator[Writer]:
    """Hold the store's write lock; a store that is not there yet begins empty.

    What earlier runs left unreferenced is removed first: by then it has been out of every manifest for a whole run.

    Raises:
        LockedError: another process is writing.
    """
    from .garbage import collect
    from .lock import write_lock

    with write_lock(layout.lock, command, wait):
        try:
            manifest = read_manifest(layout)
        except NoStoreError:
            manifest = Manifest()
        ignore = layout.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")  # a store is made from its sources, not kept in git
        collect(layout, manifest)
        yield Writer(layout, manifest)
