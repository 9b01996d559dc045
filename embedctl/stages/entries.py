"""What a source covers now, the store's own folder left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import FileEntry, SkippedEntry, Source
from ..sources.describe import source_root
from ..sources.records import is_record_file
from ..sources.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import Secrets
    from ..store.layout import Layout


def entries(source: Source, layout: Layout, secrets: Secrets) -> Iterator[FileEntry | SkippedEntry]:
    """Yield what the source's walk meets, whatever the store's folder is called.

    Files that hold keys or passwords by their name are skipped, unless ``secrets`` is ``allow``.

    Raises:
        UsageError: the source's folder is not there.
    """
    inside = f"{layout.root}/"
    forgotten = frozenset(source.forgotten)
    root = source_root(source, layout.base)
    found = walk(root, source.rules, source.only, deny=secrets != "allow")
    if not forgotten and not layout.root.is_relative_to(root):
        yield from found
        return
    for entry in found:
        if isinstance(entry, SkippedEntry):
            yield entry
        elif entry.path in forgotten and not is_record_file(entry.path):
            yield SkippedEntry(entry.path, "forgotten")
        elif not entry.absolute.startswith(inside):
            yield entry
