"""``forget``: a source, a document or a file leaves the store, and its text leaves every live file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from ..records import Outcome
from ..registry import nearest
from ..sources.describe import path_from_base
from ..spelling import composed
from ..store.garbage import collect
from ..store.ledger import FileKey, Ledger, read_ledger
from ..store.snapshot import Snapshot
from ..store.vectors import read_hashes
from ..store.writer import Staging, Writer, writing
from .compact import compact
from .distill import prune
from .index import index
from .report import RunReport, reported

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ..contracts import Reporter
    from ..store.layout import Layout
    from ..store.manifest import Manifest


def forget(layout: Layout, targets: Sequence[str], reporter: Reporter, wait: float = 0.0) -> RunReport:
    """Remove sources (by name) and files or documents (``source:path`` or path) from a store.

    What is forgotten is left out of its source from then on, so that no refresh brings it back; to have it again,
    forget the whole source and index it again. Parts are rewritten without the text, the index is rebuilt, and what
    held it is deleted at once. All of that is one snapshot: a run that is killed has forgotten everything, or nothing
    and can be repeated.

    Raises:
        UsageError: the store has no such source or document; nothing is removed then.
    """
    report = RunReport("forget")
    with writing(layout, "embedctl forget", wait) as writer, reported(layout, report):
        staging = Staging(writer)
        _bury(staging, targets, report)
        touched = [part.number for part in staging.manifest.parts if part.dead]
        with report.timing("compact"):
            compact(staging, report, force=touched)
        if staging.manifest.index is not None:
            index(staging, reporter, report, rebuild=True)
        _unlearn(staging, reporter)
        collect(layout, staging.publish())
    return report


def _unlearn(writer: Writer, reporter: Reporter) -> None:
    """Let go of sampled vectors of texts that the store has no more, and of the student where it may be missed."""
    parts = [part for part in writer.manifest.parts if part.chunks]
    hashes = [read_hashes(writer.layout, part) for part in parts]
    prune(writer, np.concatenate([np.empty((0, 4), np.uint64), *hashes]))
    if writer.manifest.student is None:
        return
    needed = writer.manifest.settings.fast and parts
    if not needed:
        writer.commit(replace(writer.manifest, student=None))
    learnt = f"The student may have learnt from what was forgotten{'' if needed else ', and is gone'}"
    reporter.message("warning", f'{learnt}: "embedctl distill" makes another.')


def _bury(writer: Writer, targets: Sequence[str], report: RunReport) -> None:
    """Take the targets out of sources, ledger and live rows."""
    layout, manifest = writer.layout, writer.manifest
    sources = {source.name: source for source in manifest.sources}
    spelled = {composed(name): name for name in sources}
    targets = [spelled.get(composed(target), target) for target in targets]
    wanted = {target for target in targets if target not in sources}
    met: set[str] = set()
    rows: dict[int, set[int]] = {}
    ids: dict[str, set[str]] = {}
    files: set[FileKey] = set()  # that are one document each
    documents: Counter[FileKey] = Counter()
    for number, row, document, hits in _find(layout, manifest, set(targets) & sources.keys(), wanted):
        file = (document["source"], document["path"])
        met |= hits
        rows.setdefault(number, set()).add(row)
        ids.setdefault(document["source"], set()).add(document["doc_id"])
        documents[file] += 1
        if document["record"] is None:
            files.add(file)
    for target in sorted(wanted - met):
        raise UsageError(
            f'The store has no source or document called "{target}".{nearest(target, sources)}',
            f"Its sources are: {', '.join(sources) or 'none'}.",
        )
    ledger = {
        key: replace(state, documents=state.documents - documents[key])
        for key, state in read_ledger(layout, manifest).items()
        if key[0] not in targets and key not in files
    }
    kept = tuple(
        replace(source, forgotten=tuple(sorted({*source.forgotten, *ids.get(source.name, ())})))
        for source in manifest.sources
        if source.name not in targets
    )
    report.outcomes[Outcome.DELETED.value] += sum(map(len, rows.values()))
    manifest = replace(manifest.with_dead(rows), sources=kept)
    record = Ledger.of(ledger).write(layout, manifest)
    writer.commit(replace(manifest, files=record), [layout.files(record.number)])


def _find(
    layout: Layout, manifest: Manifest, named: Collection[str], wanted: Collection[str]
) -> Iterator[tuple[int, int, dict[str, Any], set[str]]]:
    """Yield part, row and columns of each document that is to go, and the targets among ``wanted`` that name it.

    ``named`` are the sources that go as a whole.
    """
    snapshot = Snapshot(layout, manifest)
    roots = snapshot.roots
    spellings = {composed(layout.from_base(target)): target for target in wanted}
    spellings |= {composed(target): target for target in wanted}
    for part, row, document in snapshot.live_rows(("source", "doc_id", "path", "record")):
        source, doc_id, path = document["source"], document["doc_id"], document["path"]
        names = {doc_id, path, path_from_base(roots[source], path), f"{source}:{doc_id}", f"{source}:{path}"}
        hits = {spellings[name] for name in set(map(composed, names)) & spellings.keys()}
        if hits or source in named:
            yield part.number, row, document, hits
