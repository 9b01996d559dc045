"""Sources that are suddenly gone or empty, as behind a share that is not mounted: their documents stay."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..plural import counted
from ..sources.walk import NEVER_READ

if TYPE_CHECKING:
    from pathlib import Path

    from ..records import Source
    from ..store.ledger import Ledger


def absence(source: Source, root: Path, ledger: Ledger) -> str | None:
    """Return why the documents of a source are not known to be deleted, and how to drop them; ``None``: it is there.

    An empty folder is one without any file, whatever the rules of the source leave out of it.
    """
    documents = sum(map(ledger.documents.__getitem__, ledger.paths(source.name).values()))
    drops = f'"embedctl forget {source.name}"'
    if documents:
        drops = f'its {counted(documents, "document")} stay until "embedctl index --allow-empty" or {drops}'
    if not root.is_dir():
        return f"the source is not there; {drops if documents else f'{drops} removes it from the store'}"
    if documents and source.only is None and not _has_files(root, source.rules.hidden):
        return f"the source is empty, as a share that is not mounted; {drops}"
    return None


def _has_files(root: Path, hidden: bool) -> bool:
    """Return whether there is a file anywhere below ``root``, or a folder that cannot be listed."""
    folders = [str(root)]
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:  # ends at the first file, however many there are
                for entry in entries:
                    if entry.name in NEVER_READ or (entry.name[0] == "." and not hidden):
                        continue
                    if not entry.is_dir(follow_symlinks=False):
                        return True
                    folders.append(entry.path)
    except OSError:
        return True
    return False
