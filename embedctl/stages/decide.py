"""What a refresh has to do about each file, by the ledger: the one decision behind ``ingest`` and ``--dry-run``."""

from __future__ import annotations

import os
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ..parsers.kinds import VERSIONS, is_current, is_due
from ..parsers.ocr import is_allowed
from ..records import FileEntry, Outcome, SkippedEntry
from ..sources.describe import forgotten_ids, source_root
from ..sources.mailboxes import is_mailbox, is_named_mailbox
from ..sources.records import READ_BY, is_record_file
from ..sources.walk import walk
from ..store.parts import live_documents
from .overlap import FORGOTTEN, taken_elsewhere

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from ..config import Secrets
    from ..records import Source
    from ..store.layout import Layout
    from ..store.ledger import FileKey, FileState, Ledger
    from ..store.manifest import Manifest


_RECORDS, _FIRST = "records/", "records/1"


class Action(Enum):
    """What to do about one entry of a walk."""

    KEEP = "keep"
    """Nothing: size and times are what they were."""
    READ_FILE = "read file"
    READ_RECORDS = "read records"
    LEAVE_OUT = "leave out"
    """Skipped or failed by the walk itself."""


class Met(NamedTuple):
    """One entry of a walk, and what to do about it."""

    source: Source
    entry: FileEntry | SkippedEntry
    action: Action
    row: int | None
    """Of the file in the ledger; ``None``: it is new."""
    known: FileState | None
    """What the ledger says; ``None`` also for files that are kept without anything to tell."""
    again: bool = False
    """It is read although it has not changed, because its text is to be stored in another way."""


def entries(
    source: Source, layout: Layout, secrets: Secrets, sources: Sequence[Source] = ()
) -> Iterator[FileEntry | SkippedEntry]:
    """Yield what the source's walk meets, whatever the store's folder is called.

    Files that hold keys or passwords by their name are skipped, unless ``secrets`` is ``allow``; so are those that
    another one of ``sources`` has.

    Raises:
        UsageError: the source's folder is not there.
    """
    root = source_root(source, layout.base)
    found = _own_entries(source, root, layout, secrets)
    base = layout.base
    taken = taken_elsewhere(source, sources, base, lambda one, at: _own_entries(one, at, layout, secrets))
    if not taken:
        return found
    return _left_to_others(found, root, taken)


def _left_to_others(
    found: Iterator[FileEntry | SkippedEntry], root: Path, taken: Mapping[str, str]
) -> Iterator[FileEntry | SkippedEntry]:
    real, prefix = os.path.realpath(root), len(str(root))
    for entry in found:
        if isinstance(entry, FileEntry) and (name := taken.get(real + entry.absolute[prefix:])):
            yield SkippedEntry(entry.path, f'in the source "{name}", too, which has it')
        else:
            yield entry


def _own_entries(source: Source, root: Path, layout: Layout, secrets: Secrets) -> Iterator[FileEntry | SkippedEntry]:
    inside = f"{layout.root}/"
    forgotten = forgotten_ids(source)
    found = walk(root, source.rules, source.only, deny=secrets != "allow")
    if not forgotten and not layout.root.is_relative_to(root):
        yield from found
        return
    for entry in found:
        if isinstance(entry, SkippedEntry):
            yield entry
        elif entry.path in forgotten and not is_record_file(entry.path):
            yield SkippedEntry(entry.path, FORGOTTEN)
        elif not entry.absolute.startswith(inside):
            yield entry


def decide(
    source: Source,
    layout: Layout,
    ledger: Ledger,
    secrets: Secrets,
    again: Collection[FileKey],
    all_records: bool,
    sources: Sequence[Source],
) -> Iterator[Met]:
    """Yield what the source's walk meets, as :func:`entries` has it.

    Files in ``again`` are read although they have not changed; with ``all_records``, so are all record files: their
    rows mean something else than before.

    Raises:
        UsageError: the source's folder is not there.
    """
    row_of, quiet, stamps = ledger.paths(source.name).get, ledger.quiet, ledger.stamps
    outdated = read_by_another_version(ledger, ocr=is_allowed(source.rules.ocr))
    due = {wanted: _due(ledger, wanted=wanted) for wanted in (False, True)}
    for entry in entries(source, layout, secrets, sources):
        row = row_of(entry.path)
        if isinstance(entry, SkippedEntry):
            yield Met(source, entry, Action.LEAVE_OUT, row, None if row is None else ledger.state(row))
            continue
        if row is not None and again and (source.name, entry.path) in again:
            stale = replace(ledger.state(row), sha256=None)  # its content is not known to be what it should be
            yield Met(source, entry, _reading(entry), row, stale, again=True)
            continue
        if row is not None and (row in outdated or row in due[entry.wanted]):
            # What its content gave is not known; a version that cannot read it leaves what another has read.
            yield Met(source, entry, _reading(entry), row, replace(ledger.state(row), sha256=None))
            continue
        stamp = None if row is None else stamps[row]
        same = stamp == (entry.size, entry.mtime_us, entry.ctime_us) or (row is not None and ledger.is_same(row, entry))
        if row is not None and same and quiet[row] and not all_records:
            yield Met(source, entry, Action.KEEP, row, None)
            continue
        known = None if row is None else ledger.state(row)
        records = is_record_file(entry.path)
        if same and known and known.outcome is not Outcome.FAILED and not (all_records and records):
            yield Met(source, entry, Action.KEEP, row, known)
        else:
            yield Met(source, entry, Action.READ_RECORDS if records else _reading(entry), row, known)


def _reading(entry: FileEntry) -> Action:
    """Return how a file is read; of one without an ending, its first bytes decide."""
    records = is_record_file(entry.path) or is_mailbox(entry.path, entry.absolute)
    return Action.READ_RECORDS if records else Action.READ_FILE


def _due(ledger: Ledger, *, wanted: bool) -> frozenset[int | None]:
    """Return the rows of files that are to be read, or left out, because their source now asks for them, or no more."""
    return frozenset(row for read_by, rows in ledger.read_by.items() if is_due(read_by, wanted=wanted) for row in rows)


def read_by_another_version(ledger: Ledger, *, ocr: bool) -> frozenset[int | None]:
    """Return the rows of files that a parser of another version has read, or refused; ``ocr``: it reads pictures."""
    outdated: set[int | None] = set()
    for read_by, rows in ledger.read_by.items():
        if read_by is None:
            if READ_BY != _FIRST or any(number > 1 for number in VERSIONS.values()):
                outdated.update(row for row in rows if not _is_current(ledger.key(row)[1]))
        elif read_by != READ_BY if read_by.startswith(_RECORDS) else not is_current(read_by, "", ocr=ocr):
            outdated.update(rows)
    return frozenset(outdated)


def _is_current(path: str) -> bool:
    """Return whether a file that a store of before has read without a note by what would be read the same now."""
    if is_record_file(path) and not is_named_mailbox(path):
        return READ_BY == _FIRST
    return is_current(None, path)


def stored_otherwise(layout: Layout, manifest: Manifest) -> frozenset[FileKey]:
    """Return the files whose documents were stored with other rules about secrets than the store has now."""
    made_with = manifest.settings.documents_made_with
    files: set[FileKey] = set()
    for part in manifest.parts:
        if part.documents.made_with != made_with:
            found = live_documents(layout, part, ("source", "path"))
            files.update((document["source"], document["path"]) for _, document in found)
    return frozenset(files)


def reads_otherwise(before: Source, now: Source) -> bool:
    """Say whether the same rows of record files make other documents than before: other columns, or other ids."""
    return before.fields != now.fields or _alone(before) != _alone(now)


def _alone(source: Source) -> tuple[str, ...] | None:
    """Return the one file that a source is; ids of its records have no path in front of them."""
    return source.only if source.only is not None and len(source.only) == 1 else None


def content_known(known: FileState | None) -> bytes | None:
    """Return the SHA-256 of the content that needs no reading, because a document was made of it."""
    return known.sha256 if known and known.outcome is not Outcome.FAILED else None
