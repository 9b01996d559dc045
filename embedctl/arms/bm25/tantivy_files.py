"""Folders of a Tantivy index: starting a new generation from an old one, reading one without touching it."""

from __future__ import annotations

import json
import operator
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import tantivy

from ...errors import DamagedError, MismatchError
from ...store.files import link_or_copy
from .analysis import can_read, tokenizer_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ...labels import Labels

FIELDS = ("body", "title", "path")
"""The text fields of the index; :class:`~embedctl.config.Bm25Config` has a weight for each."""

BURIED = {name: f"buried_{name}" for name in FIELDS}
"""The field that has the text of dead rows, for each field that had it; of those, only which rows have which term."""

FILLER = (1 << 64) - 1
"""Label of tombstones and fillers; see :mod:`.live`."""

DEAD = "dead.labels"
"""The file of the labels of rows that are not alive: little-endian uint64, ascending, ``FILLER`` for each row that
never was; none where all are alive."""

_LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock")
_REWRITTEN = ("meta.json", ".managed.json")
_NUMBERS = {"label": True, "part": False}
"""Fields of numbers, and whether their values can be read by row."""
_NUMBERS_TO_FORMAT_3 = {"label": True, "doc_key": True, "part": False}
_STORED = ("payload", "bytes", False, False, True, None, None)
"""Field of indexes up to format 3: what hits show."""


def index_schema(tokenizer: str) -> tantivy.Schema:
    """Return the fields of an index."""
    builder = tantivy.SchemaBuilder()
    for name, fast in _NUMBERS.items():
        builder.add_unsigned_field(name, indexed=True, fast=fast)
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name=tokenizer)
    for name in BURIED.values():
        builder.add_text_field(name, tokenizer_name=tokenizer, index_option="basic")
    return builder.build()


def link_generation(previous: Path, folder: Path, files: Collection[str] | None = None) -> None:
    """Fill ``folder`` with the index in ``previous``: segment files as hard links, the two that change as copies.

    Deleting or merging segments in ``folder`` then removes names, never the previous generation's data. ``files``:
    names that the index consists of, anything else is left behind; ``None``: all that are there.
    """
    for file in sorted(previous.iterdir()):
        if file.name in _LOCKS or (files is not None and file.name not in files):
            continue
        target = folder / file.name
        if file.name in _REWRITTEN:
            shutil.copyfile(file, target)
        else:
            link_or_copy(file, target)


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
    if not path.is_file():
        raise DamagedError(f"There is no BM25 index in {folder}.")
    try:
        meta = json.loads(path.read_bytes())
        if not isinstance(meta["segments"], list):
            raise TypeError("segments")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"{path} is not the commit record of a BM25 index: {error}.") from error
    return dict(meta)


class Made(NamedTuple):
    """How an index was made."""

    tokenizer: str
    """Name that its schema has for the analysis of its texts."""
    stored: bool
    """Whether it keeps what hits show, as those up to format 3 do."""


def check_schema(folder: Path, language: str) -> Made:
    """Return how an index was made; its analysis may be an earlier version of today's.

    Raises:
        DamagedError: the fields are not those that :func:`index_schema` gives, or gave up to format 3.
        MismatchError: another language, or a version of the analysis that is not known yet.
    """
    found = [_field(entry) for entry in read_meta(folder).get("schema", [])]
    stored = _STORED in found
    names = {name for *_, name in found if name is not None}
    tokenizer = str(next(iter(names), ""))
    texts = [(name, "text", None, False, False, "position", tokenizer) for name in FIELDS]
    buried = [(name, "text", None, False, False, "basic", tokenizer) for name in BURIED.values()]
    numbers = _NUMBERS_TO_FORMAT_3 if stored else _NUMBERS
    expected = [
        *((name, "u64", True, fast, False, None, None) for name, fast in numbers.items()),
        *([_STORED, *texts] if stored else [*texts, *buried]),
    ]
    if [field[:-1] for field in found] != [field[:-1] for field in expected]:
        raise DamagedError(f"The BM25 index in {folder} has other fields than those that embedctl makes.")
    if len(names) != 1 or not can_read(tokenizer, language):
        wanted = tokenizer_name(language)
        raise MismatchError(f'The BM25 index in {folder} was made by analysis "{tokenizer}", not "{wanted}".')
    return Made(tokenizer, stored)


def _field(entry: Any) -> tuple[Any, ...]:
    """Return name, type, indexed, fast, stored, what is recorded of a term, and tokenizer of a field."""
    try:
        options = entry["options"]
        indexing = options.get("indexing") or {}
        told = [options.get(name) for name in ("indexed", "fast", "stored")]
        return (entry["name"], entry["type"], *told, indexing.get("record"), indexing.get("tokenizer"))
    except (KeyError, TypeError, AttributeError):
        return (None,)


def row_counts(folder: Path) -> tuple[int, int]:
    """Return the live rows of the index, and the others."""
    segments = read_meta(folder)["segments"]
    deleted = sum(segment["deletes"]["num_deleted_docs"] for segment in segments if segment["deletes"])
    dead = deleted + len(read_dead(folder))
    return sum(segment["max_doc"] for segment in segments) - dead, dead


def counted_rows(folder: Path) -> int:
    """Return how many rows Tantivy counts in its statistics, alive or not."""
    return sum(int(segment["max_doc"]) for segment in read_meta(folder)["segments"])


def can_bury(folder: Path) -> bool:
    """Return whether an index counts its dead rows: older ones do not, and deleted rows inside Tantivy."""
    meta = read_meta(folder)
    fields = {entry["name"] for entry in meta["schema"]}
    return fields.issuperset(BURIED.values()) and not any(segment["deletes"] for segment in meta["segments"])


def read_dead(folder: Path, files: Collection[str] | None = None) -> Labels:
    """Return the labels of rows that are not alive, ascending; ``files``: as for :func:`open_reader`.

    Raises:
        DamagedError: they cannot be read, or are not in order.
    """
    path = folder / DEAD
    if not path.exists() if files is None else DEAD not in files:
        return np.empty(0, dtype=np.uint64)
    try:
        labels = np.frombuffer(path.read_bytes(), dtype="<u8").astype(np.uint64, copy=False)
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path} cannot be read: {error}.") from error
    again = labels[1:] <= labels[:-1]
    if (again & (labels[1:] != FILLER)).any():
        raise DamagedError(f"{path} holds labels that are not in order.")
    return labels


def write_dead(folder: Path, labels: Labels) -> None:
    """Write the labels of rows that are not alive, in any order, in place of a file that may be a link."""
    (folder / DEAD).unlink(missing_ok=True)
    (folder / DEAD).write_bytes(np.sort(labels).astype("<u8").tobytes())


@contextmanager
def reading_index(folder: Path) -> Iterator[None]:
    """Turn what Tantivy makes of a damaged index into our error; its panics are no ``Exception``.

    Raises:
        DamagedError: Tantivy failed on what it read.
    """
    try:
        yield
    except (ValueError, TypeError) as error:  # what tantivy-py makes of Tantivy's errors, and we of a missing value
        raise DamagedError(f"The BM25 index in {folder} cannot be read: {error}.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedError(f"The BM25 index in {folder} cannot be read: Tantivy failed on it ({error}).") from None


def numbers_of(searcher: tantivy.Searcher, field: str, addresses: Sequence[tantivy.DocAddress]) -> list[int]:
    """Return the number that each row has in a field.

    Raises:
        TypeError: a row has none.
    """
    return [operator.index(cast("int", value)) for value in searcher.fast_field_values(field, list(addresses))]


def open_reader(folder: Path, files: Collection[str] | None = None) -> tantivy.Index:
    """Open an index for reading, without writing to its folder or waiting for a lock there.

    Tantivy opens an index under a lock file in its folder, which fails on a read-only store and makes readers wait
    for each other. It is given a folder of links instead, which is gone again when this function returns: by then
    every file is mapped.

    Args:
        folder: holds the index.
        files: names that the index consists of; Tantivy sees no other. ``None``: all that are there.

    Raises:
        DamagedError: it is no index, or files are missing.
    """
    try:
        present = {file.name for file in folder.iterdir()}
    except OSError as error:
        raise DamagedError(f"{folder} cannot be read: {error.strerror}.") from error
    names = present - set(_LOCKS) if files is None else set(files)
    if missing := sorted(names - present):
        raise DamagedError(f"{folder / missing[0]} is missing; the manifest names it.")
    view = _make_view(folder, names)
    if view is None and (more := sorted(present - names - set(_LOCKS))):
        raise DamagedError(f"{folder / more[0]} is no file of the index, and hides it from being read safely.")
    try:
        with reading_index(folder):
            index = tantivy.Index.open(str(view or folder))
            index.config_reader("manual")
            index.reload()
    finally:
        if view:
            _remove(view)
    return index


def _make_view(folder: Path, names: Collection[str]) -> Path | None:
    """Return a new folder of links to files of the index; ``None`` where the system allows none."""
    try:
        view = Path(tempfile.mkdtemp(prefix="embedctl-"))
    except OSError:
        return None
    try:
        for name in names:
            (view / name).symlink_to((folder / name).absolute())
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
