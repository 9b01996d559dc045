"""What a store holds and what is still to be done, read from the manifest and the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..records import Outcome, SkippedEntry
from ..sources.describe import path_from_base, source_root
from ..store.garbage import referenced
from ..store.ledger import read_ledger
from .entries import entries
from .report import last_report

if TYPE_CHECKING:
    from ..store.layout import Layout
    from ..store.manifest import Manifest, Part

SCHEMA_VERSION = 1


def status(layout: Layout, manifest: Manifest, check: bool = False, files: str | None = None) -> dict[str, Any]:
    """Return what ``docs/schema/status.v1.json`` describes.

    ``check`` also walks the sources and counts what a refresh would find; ``files`` lists the input files with that
    outcome (``indexed``, ``skipped``, ``failed`` or ``all``).
    """
    ledger = read_ledger(layout, manifest)
    outcomes = Counter(state.outcome.value for state in ledger.values())
    served = manifest.index
    result: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "store": str(layout.root),
        "format_version": manifest.format_version,
        "snapshot": manifest.snapshot,
        "settings": asdict(manifest.settings),
        "encoder": asdict(manifest.encoder) if manifest.encoder else None,
        "sources": [
            {
                "name": source.name,
                "root": source.root,
                "only": None if source.only is None else list(source.only)[:10],
                "files": sum(
                    state.outcome is Outcome.INDEXED for (name, _), state in ledger.items() if name == source.name
                ),
                "documents": sum(state.documents for (name, _), state in ledger.items() if name == source.name),
            }
            for source in manifest.sources
        ],
        "files": {kind: outcomes[kind] for kind in ("indexed", "skipped", "failed")},
        "documents": sum(part.live_documents for part in manifest.parts),
        "chunks": sum(part.chunks.rows for part in manifest.parts if part.chunks),
        "parts": len(manifest.parts),
        "index": {"generation": served.generation, "rows": served.rows} if served else None,
        "pending": pending(manifest),
        "bytes": sum(_size(path) for path in referenced(layout, manifest)),
        "last_run": last_report(layout),
    }
    if check:
        result["stale"] = _stale(layout, manifest)
    if files:
        roots = {source.name: source.root for source in manifest.sources}
        result["listed"] = [
            {
                "source": name,
                "path": path_from_base(roots[name], path),
                "outcome": state.outcome.value,
                "reason": state.reason,
            }
            for (name, path), state in sorted(ledger.items())
            if files in ("all", state.outcome.value)
        ]
    return result


def pending(manifest: Manifest) -> dict[str, int]:
    """Return how many documents wait for each stage."""

    def waiting(parts: list[Part]) -> int:
        return sum(part.live_documents for part in parts)

    served = {(part.number, part.dead) for part in manifest.index.parts} if manifest.index else set()
    made_with = manifest.encoder.fingerprint if manifest.encoder else None
    return {
        "chunk": waiting([part for part in manifest.parts if part.chunks is None]),
        "embed": waiting([p for p in manifest.parts if p.embeddings is None or p.embeddings.made_with != made_with]),
        "index": waiting([part for part in manifest.parts if (part.number, part.dead) not in served]),
    }


def _stale(layout: Layout, manifest: Manifest) -> dict[str, int]:
    """Return how many files a refresh would look at, by size and time only; nothing is read."""
    ledger = read_ledger(layout, manifest)
    found: Counter[str] = Counter()
    for source in manifest.sources:
        root = source_root(source, layout.base)
        if not root.is_dir():
            found["missing_sources"] += 1
            continue
        unmet = {path for (name, path) in ledger if name == source.name}
        for entry in entries(source, layout):
            unmet.discard(entry.path)
            if isinstance(entry, SkippedEntry):
                continue
            known = ledger.get((source.name, entry.path))
            if known is None:
                found["new"] += 1
            elif known.size != entry.size or known.mtime_us not in (entry.mtime_us, 0):
                found["changed"] += 1
        found["deleted"] += len(unmet)
    return {kind: found[kind] for kind in ("new", "changed", "deleted", "missing_sources")}


def _size(path: Any) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return int(path.stat().st_size) if path.exists() else 0
