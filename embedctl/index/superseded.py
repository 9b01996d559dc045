"""Telling a file that is damaged from one that a writer has removed, since a newer snapshot does without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..store.writer import read_manifest

if TYPE_CHECKING:
    from ..store.layout import Layout
    from ..store.manifest import IndexRecord


def superseded(layout: Layout, index: IndexRecord) -> bool:
    """Return whether another index than ``index`` is published now, so that files of it may be gone.

    Ask after a file was missing, not before. Numbers of generations never come back: an index that is still published
    was published all the time, and what is missing of it is damage.
    """
    return read_manifest(layout).index != index
