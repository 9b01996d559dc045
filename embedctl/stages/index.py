"""``index``: embedded parts become a new generation of every arm, built from the one before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..index.build import IndexChanges, build, damage
from ..store.durable import naming
from .compact import compact

if TYPE_CHECKING:
    from ..contracts import Reporter
    from ..store.writer import Writer
    from .report import RunReport


def index(writer: Writer, reporter: Reporter, report: RunReport, rebuild: bool = False) -> None:
    """Publish an index of every embedded part; the cost follows what changed since the last one.

    ``rebuild`` builds every arm from nothing, so that no deleted text is left in any file of theirs.

    Raises:
        NoStoreError: nothing is embedded.
    """
    if not writer.manifest.parts and not writer.manifest.encoders:
        return  # sources without a single document: there is nothing to index, and nothing is wrong
    with report.timing("index"):
        compact(writer, report)
        changes = _sound(writer, reporter, IndexChanges(writer.layout, writer.manifest, rebuild))
        if changes.nothing:
            return
        with naming(writer.layout.generation(writer.manifest.next_generation)):
            record, new_files = build(writer.layout, writer.manifest, changes, reporter)
        manifest = replace(writer.manifest, index=record, next_generation=record.generation + 1)
        writer.commit(manifest, new_files)
        report.add("indexed", changes.rows)


def _sound(writer: Writer, reporter: Reporter, changes: IndexChanges) -> IndexChanges:
    """Return the changes; from a damaged generation nothing is linked, and all is built from the parts."""
    if changes.old is None or not (found := damage(writer.layout, changes.old)):
        return changes
    more = f" So are {len(found) - 1} other files of the index." if len(found) > 1 else ""
    reporter.message("warning", f"{found[0].message}{more} The index is rebuilt from the parts.")
    return IndexChanges(writer.layout, writer.manifest, rebuild=True)
