"""A store: reading its snapshot, and the one place where a new snapshot is committed."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import DamagedError, EmbedctlError, NoStoreError, ResourceError
from .durable import durable, fsync_path, make_root, mode_of, naming, replace_text, tighten
from .manifest import CHECKSUM_SINCE, Manifest
from .manifest_json import manifest_text, parse_manifest
from .regular import no_follow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .layout import Layout

_REPAIR = 'Bring back the last good one with "embedctl doctor --repair".'
_MOST_BYTES = 1 << 30
"""A manifest of ten million parts is not as long; a file that is was not written by us."""
_PRIVATE_SINCE = 3
"""The format since which stores are made for their owner alone."""


def read_manifest(layout: Layout) -> Manifest:
    """Return the store's current snapshot.

    Raises:
        NoStoreError: the folder holds no store.
        DamagedError, MismatchError: the manifest cannot be used.
    """
    text = _read(layout.manifest)
    if text is not None:
        return _parsed(text, str(layout.manifest))
    if os.path.lexists(layout.backup):
        raise DamagedError(f"{layout.manifest} is missing; its copy is there.", _REPAIR)
    raise NoStoreError(f"There is no store in {layout.root}.", 'Make one with "embedctl index PATH".')


@lru_cache(maxsize=2)
def _parsed(text: str, name: str) -> Manifest:
    """Return the manifest in ``text``: one command reads it several times, and that of a large store takes 10 ms."""
    return parse_manifest(text, name)


def _read(path: Path) -> str | None:
    """Return what a small file says, ``None`` where there is none; links are not followed, pipes not waited for."""
    try:
        with naming(path), open(path, "rb", opener=no_follow) as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise DamagedError(f"{path} is no file.", _REPAIR)
            if found.st_size > _MOST_BYTES:
                raise DamagedError(f"{path} has {found.st_size:,} bytes, which is no manifest.", _REPAIR)
            return stream.read().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError as error:
        raise DamagedError(f"{path} is no file.", _REPAIR) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise DamagedError(f"{path} is a link or no file at all.", _REPAIR) from error
        raise


class Writer:
    """The right to change one store; every change is a new manifest."""

    def __init__(self, layout: Layout, manifest: Manifest) -> None:
        self.layout = layout
        self.manifest = manifest
        self._settled: set[Path] = set()
        """Folders whose own names are known to be durable."""
        self._failed = False
        self._turn = Lock()

    def close(self) -> None:
        """Wait for a commit that another thread is making, and let none be made from now on."""
        with self._turn:
            self._failed = True

    def commit(self, manifest: Manifest, new_files: Iterable[Path] = ()) -> Manifest:
        """Publish ``manifest`` as the next snapshot and return it.

        The new files, and all folders above them, are made durable first; then the manifest is replaced in one step:
        a process killed at any instant leaves the old snapshot or the new one. When this returns, the new one is on
        disk for good. When it raises, ``self.manifest`` is what it was unless only the copy of the new one could not
        be written, and nothing more can be committed: what a file system says after it has failed once is not to be
        trusted.

        Raises:
            OSError: with the name of the file or folder that could not be written.
            ResourceError: an earlier commit failed, or the writer was closed.
        """
        with self._turn:
            self._publish(manifest, new_files)
            return self.manifest

    def _publish(self, manifest: Manifest, new_files: Iterable[Path]) -> None:
        if self._failed:
            raise ResourceError(
                f"Nothing more is written to {self.layout.root}: this run was stopped, or a commit of it failed.",
                "Run the same command again; what was committed before stays.",
            )
        self._failed = True
        manifest = replace(manifest, snapshot=self.manifest.snapshot + 1)
        text = manifest_text(manifest)
        durable(new_files, self.layout.root, self._settled)
        _publish(self.layout, text)
        self.manifest = manifest
        replace_text(self.layout.backup, text, mode_of(self.layout.root))
        self._failed = False


class Staging(Writer):
    """A writer whose commits become one snapshot, with :meth:`publish`: all of them, or none.

    For commands that are over only when all is done, and could not be repeated when a part of it were.
    """

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer.layout, writer.manifest)
        self._writer = writer
        self._new: dict[Path, None] = {}

    def commit(self, manifest: Manifest, new_files: Iterable[Path] = ()) -> Manifest:
        """Take ``manifest`` as what the next step starts from; nothing is published."""
        self._new.update(dict.fromkeys(new_files))
        self.manifest = manifest
        return manifest

    def publish(self) -> Manifest:
        """Commit what the last step left; see :meth:`Writer.commit`."""
        return self._writer.commit(self.manifest, self._new)


def _publish(layout: Layout, text: str) -> None:
    """Make ``text`` the store's manifest, in one step that lasts: all that it names is durable already."""
    try:
        replace_text(layout.manifest, text, mode_of(layout.root))
    except IsADirectoryError as error:
        raise DamagedError(
            f"{layout.manifest} is a folder.", "Move it away, then run the same command again."
        ) from error
    fsync_path(layout.root)


@contextmanager
def writing(layout: Layout, command: str, wait: float = 0.0) -> Iterator[Writer]:
    """Hold the store's write lock; a store that is not there yet begins empty.

    A store that cannot be written by this embedctl is refused before a byte of it changes. What earlier runs left
    unreferenced is removed first: by then it has been out of every manifest for a whole run. When the body fails, what
    it wrote and did not commit is removed at once, which on a full disk is what makes room.

    Raises:
        LockedError: another process is writing.
        DamagedError: the manifest is damaged or missing, or a folder of the store is a link; nothing was changed.
        MismatchError: a newer embedctl made the store; nothing was changed.
        ResourceError: the folder cannot be locked.
    """
    from .garbage import check_layout, collect
    from .lock import write_lock

    check_layout(layout)
    ours = _is_ours(layout)
    try:
        read_manifest(layout)
    except NoStoreError:
        make_root(layout.root)
    with write_lock(layout.lock, command, wait):
        try:
            manifest = read_manifest(layout)
        except NoStoreError:
            manifest = Manifest()
            if ours:
                tighten(layout.root, inside=False)
        if manifest.format_version < _PRIVATE_SINCE:
            tighten(layout.root, inside=True)
        ignore = layout.root / ".gitignore"
        if not os.path.lexists(ignore):
            # A store is made from its sources, not kept in git.
            replace_text(ignore, "*\n", mode_of(layout.root), lasting=False)
        _renew_backup(layout)
        collect(layout, manifest)
        writer = Writer(layout, manifest)
        try:
            yield writer
        except BaseException:
            writer.close()  # a thread that was interrupted late must not publish what is removed now
            with suppress(EmbedctlError, OSError):  # what stopped the run is to be told, and the next one tries again
                # Where the last commit failed, it is not certain which manifest a power cut would leave.
                collect(layout, read_manifest(layout), writer.manifest, *_copies(layout))
            raise


def restore_manifest(layout: Layout, command: str = "embedctl doctor --repair", wait: float = 0.0) -> Manifest:
    """Make the copy of the manifest the manifest again, where that is damaged or missing; return the snapshot.

    A manifest that can be read stays, also when it turns out to be whole once the lock is held. Files that the copy
    names and that are not there are told by :func:`~embedctl.store.garbage.missing`.

    Raises:
        NoStoreError: there is no store.
        DamagedError: there is no copy, or it is damaged, too.
        MismatchError: a newer embedctl made the store.
        LockedError: another process is writing.
    """
    from .garbage import check_layout
    from .lock import write_lock

    check_layout(layout)
    with suppress(DamagedError):
        return read_manifest(layout)
    _backup(layout)
    with write_lock(layout.lock, command, wait):
        with suppress(DamagedError):
            return read_manifest(layout)
        _publish(layout, _backup(layout))
        return read_manifest(layout)


def read_backup(layout: Layout) -> Manifest:
    """Return the snapshot in the manifest's copy; for a look at a store whose manifest is damaged.

    Raises:
        DamagedError: there is none, or it is damaged.
        MismatchError: a newer embedctl wrote it.
    """
    return _parsed(_backup(layout), str(layout.backup))


def _copies(layout: Layout) -> tuple[Manifest, ...]:
    """Return the snapshot in the manifest's copy, or nothing."""
    try:
        return (read_backup(layout),)
    except EmbedctlError:
        return ()


def _backup(layout: Layout) -> str:
    """Return the text of the manifest's copy; errors as for :func:`read_backup`."""
    hint = 'Restore the store from a copy, or build it again with "embedctl index" into another --store.'
    text = _read(layout.backup)
    if text is None:
        raise DamagedError(f"{layout.manifest} is damaged, and there is no copy of it.", hint)
    try:
        manifest = parse_manifest(text, str(layout.backup))
    except DamagedError as error:
        raise DamagedError(f"{layout.manifest} is damaged, and so is its copy. {error.message}", hint) from error
    if manifest.format_version < CHECKSUM_SINCE:
        raise DamagedError(f"{layout.backup} has format {manifest.format_version}, which has no copies.", hint)
    return text


def _renew_backup(layout: Layout) -> None:
    """Make the copy of the manifest current, where a killed run left an older one, or none.

    Called before anything is removed that the older one may name. Where there is no room for it, there is none.
    """
    text = _read(layout.manifest)
    if text is None or _parsed(text, str(layout.manifest)).format_version < CHECKSUM_SINCE:
        return
    with suppress(DamagedError):
        if _read(layout.backup) == text:
            return
    try:
        replace_text(layout.backup, text, mode_of(layout.root))
    except OSError:
        layout.backup.unlink(missing_ok=True)


def _is_ours(layout: Layout) -> bool:
    """Return whether a folder without a manifest has nothing in it that embedctl did not make."""
    from .garbage import OWN_NAMES

    try:
        return {path.name for path in layout.root.iterdir()} <= OWN_NAMES
    except (FileNotFoundError, NotADirectoryError):
        return True
