"""What a store holds and what is still to be done, read from the manifest and the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..store.layout import Layout
    from ..store.ledger import Summary
    from ..store.manifest import Manifest, Part

SCHEMA_VERSION = 1


def status(layout: Layout, manifest: Manifest, check: bool = False, files: str | None = None) -> dict[str, Any]:
    """Return what ``docs/schema/status.v1.json`` describes.

    ``check`` also walks the sources and counts what a refresh would find; ``files`` lists the input files with that
    outcome (``indexed``, ``skipped``, ``failed``, ``noted`` where something was left out of them, or ``all``).
    """
    from ..store.garbage import named_files
    from .report import reports

    summary = _summary(layout, manifest)
    served = manifest.index
    result: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "store": str(layout.root),
        "format_version": manifest.format_version,
        "snapshot": manifest.snapshot,
        "settings": asdict(manifest.settings),
        "encoder": asdict(manifest.encoder) if manifest.encoder else None,
        "student": _student(manifest),
        "sources": [
            {
                "name": source.name,
                "root": source.root,
                "only": None if source.only is None else list(source.only)[:10],
                "files": summary.get(source.name, {}).get("indexed", 0),
                "documents": summary.get(source.name, {}).get("documents", 0),
            }
            for source in manifest.sources
        ],
        "files": {kind: sum(counts[kind] for counts in summary.values()) for kind in ("indexed", "skipped", "failed")},
        "rows": {
            kind: sum(counts.get(f"rows_{kind}", 0) for counts in summary.values()) for kind in ("skipped", "failed")
        },
        "documents": sum(part.live_documents for part in manifest.parts),
        "chunks": sum(part.chunks.rows for part in manifest.parts if part.chunks),
        "parts": len(manifest.parts),
        "index": {"generation": served.generation, "rows": served.rows} if served else None,
        "ranking": manifest.ranking.to_json(),
        "tuned": manifest.tuned[-1].to_json() if manifest.tuned else None,
        "pending": pending(manifest),
        "bytes": sum(record.bytes for record in named_files(layout, manifest).values()),
        "last_run": next(reports(layout), None),
    }
    if check:
        result["stale"] = _stale(layout, manifest)
    if files:
        result["listed"] = _listed(layout, manifest, files)
    return result


def pending(manifest: Manifest) -> dict[str, int]:
    """Return how many documents wait for each stage; for ``embed``, those that lack the vectors of any field."""

    def waiting(parts: list[Part]) -> int:
        return sum(part.live_documents for part in parts)

    served = {(part.number, part.dead) for part in manifest.index.parts} if manifest.index else set()
    return {
        "chunk": waiting([part for part in manifest.parts if part.chunks is None]),
        "embed": waiting([part for part in manifest.parts if not manifest.is_embedded(part)]),
        "index": waiting([part for part in manifest.parts if (part.number, part.dead) not in served]),
    }


def _student(manifest: Manifest) -> dict[str, Any] | None:
    names = ("model", "teacher", "fingerprint", "sample", "held_out", "cosine")
    return {name: getattr(manifest.student, name) for name in names} if manifest.student else None


def _summary(layout: Layout, manifest: Manifest) -> Summary:
    """Return counts of files by source, from the manifest where it has them: that reads no Parquet file."""
    files = manifest.files
    if files and files.summary is not None and all(part.number <= files.covers for part in manifest.parts):
        return files.summary
    from ..store.ledger import read_ledger

    return read_ledger(layout, manifest).summary()


def _listed(layout: Layout, manifest: Manifest, wanted: str) -> list[dict[str, Any]]:
    """Return the files with an outcome, and rows of record files by outcome and reason."""
    from ..sources.describe import path_from_base
    from ..store.ledger import read_ledger
    from ..store.row_problems import RowProblems

    roots = {source.name: source.root for source in manifest.sources}
    listed: list[dict[str, Any]] = []
    for (name, path), state in read_ledger(layout, manifest).items():
        place = path_from_base(roots[name], path)
        if wanted in ("all", state.outcome.value) or (wanted == "noted" and state.noted):
            listed.append({"source": name, "path": place, "outcome": state.outcome.value, "reason": state.reason})
        for problem in RowProblems(state.row_problems):
            if wanted in ("all", problem.outcome.value):
                told = {"outcome": problem.outcome.value, "reason": problem.told}
                listed.append({"source": name, "path": problem.place(place), **told})
    return listed


def _stale(layout: Layout, manifest: Manifest) -> dict[str, int]:
    """Return how many files a refresh would look at, by size and time only; nothing is read."""
    from ..records import SkippedEntry
    from ..sources.describe import source_root
    from ..store.ledger import read_ledger
    from .absence import absence
    from .decide import entries

    ledger = read_ledger(layout, manifest)
    found: Counter[str] = Counter()
    for source in manifest.sources:
        root = source_root(source, layout.base)
        if absence(source, root, ledger):
            found["missing_sources"] += 1
            continue
        rows = ledger.paths(source.name)
        met = 0
        for entry in entries(source, layout, manifest.settings.secrets, manifest.sources):
            row = rows.get(entry.path)
            met += row is not None
            if isinstance(entry, SkippedEntry):
                continue
            if row is None:
                found["new"] += 1
            elif not ledger.is_same(row, entry) and ledger.stamps[row][:2] != (entry.size, 0):
                found["changed"] += 1
        found["deleted"] += len(rows) - met
    return {kind: found[kind] for kind in ("new", "changed", "deleted", "missing_sources")}
