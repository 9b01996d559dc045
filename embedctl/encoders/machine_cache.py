"""What is derived from models and kept once a machine: found as it was written, or rebuilt.

::

    <cache>/                              $EMBEDCTL_CACHE, else the user's cache folder
      fingerprints/<key>.json             fingerprint of a model folder, by the state of its files
      openvino/<fingerprint>/<version>-<precision>/
        contents.json                     facts, and size, sha256, time and inode of each file
        model.xml  model.bin              the converted model
        latency-2/  throughput-2/         what OpenVINO compiled from it, each with contents.json

Everything here can be deleted at any time. Folders appear whole, by one rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import digest
from ..system.cache_folder import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CONTENTS = "contents.json"
_UNNAMED = ".new-"
ABANDONED_SECONDS = 86_400.0
"""After that, a folder that was never given its name is left from a process that died."""


def find(folder: Path) -> Mapping[str, Any] | None:
    """Return the facts of an entry, or ``None`` where there is none, or one that is not what was written.

    A file is hashed when its time or inode is new, and then no more until they change.
    """
    contents = read_json(folder / CONTENTS)
    try:
        facts: Mapping[str, Any] = contents["facts"]
        files = contents["files"]
        there = {path.name for path in folder.iterdir() if not path.is_dir() and not path.name.startswith(_UNNAMED)}
        if there - files.keys() - {CONTENTS}:
            return None  # a library would believe it
        seen = {name: _state(folder / name) for name in files}
        changed = [name for name in files if seen[name] != files[name]["state"]]
        for name in changed:
            if seen[name][0] != files[name]["state"][0] or sha256_file(folder / name) != files[name]["sha256"]:
                return None
    except (OSError, KeyError, TypeError, IndexError, AttributeError):
        return None
    if changed:
        known = {name: {"state": seen[name], "sha256": record["sha256"]} for name, record in files.items()}
        with suppress(OSError):  # a cache that cannot be written is hashed again next time
            write_json(folder / CONTENTS, {"facts": facts, "files": known})
    return facts


def publish(folder: Path, fill: Callable[[Path], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Make an entry: ``fill`` writes its files to the folder it is given; return the facts that it returns.

    Of two processes that make the same one, both succeed and one is kept.

    Raises:
        OSError: the cache cannot be written.
    """
    _make_private(folder.parent)
    _sweep(folder.parent)
    made = _unnamed(folder.parent)
    made.mkdir()
    try:
        facts = fill(made)
        files = {}
        for path in sorted(path for path in made.rglob("*") if path.is_file()):
            _sync(path)
            files[path.relative_to(made).as_posix()] = {"state": _state(path), "sha256": sha256_file(path)}
        write_json(made / CONTENTS, {"facts": dict(facts), "files": files})
        _rename(made, folder)
    finally:
        remove(made)
    return facts


def read_json(path: Path) -> Any:
    """Return what a file of the cache says, or ``None`` where it is missing or not JSON."""
    try:  # a named pipe would be waited for
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, value: object) -> None:
    """Write a small file, whole or not at all.

    Raises:
        OSError: the cache cannot be written.
    """
    _make_private(path.parent)
    temporary = _unnamed(path.parent)
    try:
        with temporary.open("x", encoding="utf-8") as stream:
            json.dump(value, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder of the cache as far as that is possible."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _make_private(folder: Path) -> None:
    """Make a folder of the cache and those above it that are missing, for this user alone."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def _rename(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if find(folder) is not None:
            return  # another process was faster
        aside = _unnamed(folder.parent)
        try:
            if folder.exists():
                folder.rename(aside)
            made.rename(folder)
        finally:
            remove(aside)


def _sweep(folder: Path) -> None:
    for path in folder.glob(f"{_UNNAMED}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                remove(path)


def _unnamed(folder: Path) -> Path:
    """Return a path for what has not got its name yet."""
    return folder / f"{_UNNAMED}{os.getpid():x}-{time.time_ns():x}"


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


SETTLED_NS = 2_000_000_000
"""A file younger than that may change again without a new time: file systems count in steps of up to two seconds."""


def remembered(folder: Path, purpose: Sequence[str], compute: Callable[[], str]) -> str:
    """Return ``compute()``, or what it gave when path, size, times and inode of every file were the same.

    ``purpose`` is what else the result depends on.
    """
    now = time.time_ns()
    files = _files(folder)
    record = cache_folder() / "fingerprints" / f"{digest([str(folder), *purpose])}.json"
    known = read_json(record)
    if isinstance(known, dict) and known.get("files") == files and isinstance(known.get("fingerprint"), str):
        return str(known["fingerprint"])
    fingerprint = compute()
    youngest = max((max(state[1:3]) for state in files.values()), default=now)
    if youngest < now - SETTLED_NS and _files(folder) == files:
        with suppress(OSError):  # a cache that cannot be written: computed again next time
            write_json(record, {"files": files, "fingerprint": fingerprint})
    return fingerprint


def _files(folder: Path) -> dict[str, list[int]]:
    """Return size, times of content and of inode (nanoseconds) and inode of every file that is not hidden."""
    found: dict[str, list[int]] = {}
    for path in filter(Path.is_file, visible_files(folder)):
        state = path.stat()
        name = path.relative_to(folder).as_posix()
        found[name] = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
    return found


def visible_files(folder: Path, name: str = "*") -> Iterator[Path]:
    """Yield the files of a folder that match ``name``, and links, sorted; hidden ones are left out."""
    for path in sorted(folder.rglob(name)):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and (path.is_symlink() or path.is_file()):
            yield path
