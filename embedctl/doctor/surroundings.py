"""Checks of what is around the files: modes, leftovers, who writes, the model, disk and memory, pending work."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import TEXT_FIELD
from ..errors import DamagedError, MismatchError, ModelError
from ..plural import counted
from ..stages.status import pending
from ..store.durable import mode_of
from ..store.filesystem import mount_of
from ..store.garbage import referenced
from ..store.layout import FOLDERS
from ..store.manifest import FORMAT_VERSION
from ..store.students import usable_student
from ..store.writer import read_backup
from ..system.resources import available_memory
from .findings import REPAIR, Finding, Severity, Steps
from .named import below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..store.layout import Layout
    from ..store.manifest import Manifest

_TEMPORARY = (".tmp", ".new")


def entries(folder: Path, without: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """Yield every file and folder below a folder, links unfollowed; ``without``: not these, nor what is in them."""
    todo = [str(folder)]
    while todo:
        with suppress(FileNotFoundError), os.scandir(todo.pop()) as found:  # a writer is at work
            for entry in found:
                if entry.path in without:
                    continue
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)


def wrong_modes(layout: Layout) -> list[Path]:
    """Return what lets more people in than the store's folder does, or not even its owner."""
    mode = mode_of(layout.root)
    wrong = []
    for entry in entries(layout.root) if os.name == "posix" else ():
        found = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(found):
            least, most = stat.S_IRWXU, mode
        elif stat.S_ISREG(found):
            least, most = stat.S_IRUSR | stat.S_IWUSR, mode & 0o666
        else:
            continue
        if found & 0o777 & ~most or least & ~found:
            wrong.append(Path(entry.path))
    return wrong


def check_modes(layout: Layout) -> Steps:
    """Whoever may not enter the store's folder may not read its files either, and its owner may."""
    wrong, mode = wrong_modes(layout), mode_of(layout.root)
    if wrong:
        message = (
            f"{len(wrong):,} files and folders let in other users than the store's own folder does, or not its owner."
        )
        severity: Severity = "warning" if mode & 0o077 else "note"  # nobody comes past a closed folder
        yield Finding("modes", severity, message, below(layout, wrong[0]), REPAIR)
    if os.name == "posix" and mode & 0o077:
        message = f"The store's folder lets other users in (mode {mode:04o}). That is right if they are to search it."
        yield Finding("modes", "note", message, ".", f"chmod 700 {layout.root}")
    return f"{len(wrong):,} wrong, mode {mode:04o}"


def leftovers(layout: Layout, manifest: Manifest) -> list[Path]:
    """Return the files that no manifest names: what the next run that writes removes."""
    keep = {str(path) for path in referenced(layout, manifest)}
    found = [Path(entry.path) for entry in os.scandir(layout.root) if entry.name.startswith("manifest.json.")]
    for folder in (layout.root / name for name in FOLDERS if name != "runs"):
        if folder.is_dir() and not folder.is_symlink():
            below_it = entries(folder, keep)
            found += [Path(entry.path) for entry in below_it if not entry.is_dir(follow_symlinks=False)]
    return found


def check_leftovers(layout: Layout, manifest: Manifest) -> Steps:
    """What no manifest names: the generation before this one, and what killed runs left."""
    found = leftovers(layout, manifest)
    size = 0
    for path in found:
        try:
            size += path.lstat().st_size
        except FileNotFoundError:  # a writer is at work
            continue
    killed = [path for path in found if path.name.endswith(_TEMPORARY)]
    if found:
        message = f"{counted(len(found), 'file')} ({size:,} bytes) left over from earlier snapshots or killed runs."
        if killed:
            message = f"A killed run left {counted(len(killed), 'file')}."
        message += " The next run that writes removes what is left over."
        yield Finding("leftovers", "note", message, below(layout, (killed or found)[0]), REPAIR)
    return f"{len(found):,} files, {size:,} bytes"


def check_writer(layout: Layout) -> Steps:
    """Say who is writing; a lock goes with its process, so a note left by a dead one is no harm."""
    path = layout.lock.with_name("lock.json")
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        pid, host, told = int(who["pid"]), who["host"], f'"{who["command"]}", process {who["pid"]} on {who["host"]}'
    except FileNotFoundError:
        return "nobody is writing"
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding("writer", "note", "It cannot be read; it only says who writes.", "lock.json", REPAIR)
        return "unknown"
    if (host, pid) == (socket.gethostname(), os.getpid()):
        return "this process"
    if host == socket.gethostname() and not _alive(pid):
        message = f"{told}, was killed while it wrote. Its lock went with it."
        yield Finding("writer", "note", message, "lock.json", REPAIR)
        return "nobody is writing"
    yield Finding("writer", "note", f"{told}, is writing since {who.get('since')}.", "lock.json")
    return told


def check_locking(layout: Layout) -> Steps:
    """Locks of the file system keep other writers out."""
    mount = mount_of(layout.root)
    if mount and mount.why_not:
        message = f"The store is on a file system {mount.kind}, {mount.why_not}. It is not written there."
        yield Finding("locking", "warning", message, None, "embedctl index --store FOLDER")
    return mount.kind if mount else "unknown file system"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def check_backup(layout: Layout, manifest: Manifest) -> Steps:
    """The manifest has a copy, and that is whole."""
    if manifest.format_version != FORMAT_VERSION:
        return "none in this format"
    try:
        copy = read_backup(layout)
    except DamagedError:  # its message tells of the manifest as damaged, which it is not
        message = "The copy of the manifest is missing or damaged. Answers do not depend on it; it is what brings the "
        message += "manifest back, should that be damaged one day."
        yield Finding("backup", "warning", message, layout.backup.name, REPAIR)
        return "damaged"
    if copy.snapshot != manifest.snapshot:
        message = f"It is of snapshot {copy.snapshot}: a run was killed. The next run that writes renews it."
        yield Finding("backup", "note", message, layout.backup.name, REPAIR)
    return f"snapshot {copy.snapshot}"


def check_model(manifest: Manifest) -> Steps:
    """The model that made the vectors is on this machine, and is the same."""
    from .. import encoders

    made = {**manifest.encoders, **(manifest.index.encoders if manifest.index else {})}
    for one in {(one.model, one.space): one for one in made.values()}.values():
        try:
            one.check_model(encoders.card(one.model).fingerprint)
        except MismatchError as error:
            yield Finding("model", "warning", error.message, None, error.hint)
        except ModelError as error:
            student = bool(manifest.student and manifest.student.teacher == one.space)
            also = " or --query-encoder student" if student else ""
            message = f"{error.message} Queries on this machine work with --mode bm25{also}."
            yield Finding("model", "note", message, None, error.hint)
    made_by = made.get(TEXT_FIELD)
    if made_by is None:
        return "no vectors yet"
    if made_by.teacher and usable_student(manifest, made_by.teacher) is None:
        message = "The encoder that the vectors were distilled into is gone. Queries by the model are right; "
        message += "what is new cannot be embedded before there is another."
        yield Finding("student", "warning", message, None, "embedctl distill")
    return "; ".join(f"{one.model}, {one.fingerprint}" for one in made.values())


def check_room(layout: Layout, manifest: Manifest) -> Steps:
    """The disk has room for one more generation of the index, and the memory for its graph."""
    files = manifest.index.files if manifest.index else {}
    index = sum(record.bytes for record in files.values())
    graph = max((record.bytes for name, record in files.items() if name.endswith("hnsw.bin")), default=0)
    free = shutil.disk_usage(layout.root).free
    if free < index:
        message = f"The disk has {free:,} bytes left; a new generation of the index takes up to {index:,}."
        yield Finding("disk", "note", message)
    memory = available_memory()
    if graph and memory is not None and memory < graph:
        message = f"{memory:,} bytes of memory are free, the graph takes {graph:,}: vectors are scanned instead."
        yield Finding("memory", "note", message)
    return f"disk {free:,} bytes free" + (f", memory {memory:,}" if memory is not None else "")


def check_pending(manifest: Manifest) -> Steps:
    """Every document is in the index."""
    waiting = {stage: count for stage, count in pending(manifest).items() if count}
    if waiting:
        told = ", ".join(f"{count:,} for {stage}" for stage, count in waiting.items())
        message = f"Documents wait: {told}. Answers are those of the last index."
        yield Finding("pending", "note", message, None, "embedctl index --no-refresh")
    return "nothing" if not waiting else f"{max(waiting.values()):,} documents"
