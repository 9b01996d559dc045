"""``--dry-run``: what a run would do, file by file, with chunks, tokens and time, and nothing written."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..chunkers.batch import chunk_documents
from ..errors import ParseError, UnsupportedError
from ..records import BadRecord, Document, FileEntry, Outcome, SkippedEntry, Source
from ..sources.describe import path_from_base
from ..sources.records import is_record_file, read_records
from ..store.ledger import read_ledger
from .entries import entries
from .ingest import file_document, read_file, record_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..contracts import Encoder, Reporter, Tokenizer
    from ..store.layout import Layout
    from ..store.manifest import Manifest

CALIBRATION_TEXTS = 48


@dataclass(slots=True)
class Preflight:
    """What a run would do."""

    files: list[dict[str, str]] = field(default_factory=list)
    """Path, outcome and reason of every file, in the order of the walk."""
    outcomes: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    chunks: int = 0
    tokens: int = 0
    seconds: float = 0.0
    """Estimated time to embed; an upper bound, since texts that have a vector already are not taken off."""
    basis: str = ""
    """Where the rate behind ``seconds`` comes from."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/preflight.v1.json`` describes."""
        names = ("files", "documents", "chunks", "tokens", "basis")
        return {
            "schema_version": 1,
            "dry_run": True,
            **{name: getattr(self, name) for name in names},
            "outcomes": dict(self.outcomes),
            "estimated_seconds": round(self.seconds, 1),
        }


def preflight(
    layout: Layout,
    manifest: Manifest,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    load: Callable[[], Encoder],
    reporter: Reporter,
) -> Preflight:
    """Walk, read, parse and cut what changed; write nothing.

    The time comes from the tokens a second of the last run that embedded, or from embedding a few of the chunks now.
    """
    plan = Preflight()
    sample: list[str] = []
    with reporter.stage("dry run", None, "files") as progress:
        documents = _documents(layout, manifest, sources, plan)
        for chunks in chunk_documents(documents, tokenizer, manifest.settings.chunk):
            progress.advance()
            plan.documents += 1
            plan.chunks += len(chunks)
            plan.tokens += sum(chunk.tokens for chunk in chunks)
            sample.extend(chunk.context + chunk.text for chunk in chunks[: CALIBRATION_TEXTS - len(sample)])
    if plan.tokens:
        rate, plan.basis = _rate(layout, sample, tokenizer, load)
        plan.seconds = plan.tokens / rate
    return plan


def _documents(layout: Layout, manifest: Manifest, sources: Sequence[Source], plan: Preflight) -> Iterator[Document]:
    ledger = read_ledger(layout, manifest)

    for source in sources:

        def tell(path: str, outcome: Outcome, reason: str = "", root: str = source.root) -> None:
            plan.outcomes[outcome.value] += 1
            plan.files.append({"path": path_from_base(root, path), "outcome": outcome.value, "reason": reason})

        unmet = {path for (name, path) in ledger if name == source.name}
        for entry in entries(source, layout):
            unmet.discard(entry.path)
            if isinstance(entry, SkippedEntry):
                tell(entry.path, entry.outcome, entry.reason)
                continue
            known = ledger.get((source.name, entry.path))
            settled = known and known.outcome is not Outcome.FAILED
            if known and settled and (known.size, known.mtime_us) == (entry.size, entry.mtime_us):
                kept = known.outcome is Outcome.INDEXED
                tell(entry.path, Outcome.UNCHANGED if kept else known.outcome, known.reason or "")
                continue
            outcome = Outcome.CHANGED if known and known.documents else Outcome.ADDED
            try:
                if is_record_file(entry.path):
                    yield from _records(source, entry)
                else:
                    data = read_file(entry)
                    sha256 = hashlib.sha256(data).digest()
                    if known and settled and known.sha256 == sha256:
                        tell(entry.path, Outcome.UNCHANGED)
                        continue
                    yield file_document(source, entry, data, sha256)
                tell(entry.path, outcome)
            except UnsupportedError as error:
                tell(entry.path, Outcome.SKIPPED, error.message)
            except ParseError as error:
                tell(entry.path, Outcome.FAILED, f"{error.message}. {error.hint}".removesuffix(". "))
        for path in sorted(unmet):
            tell(path, Outcome.DELETED)


def _records(source: Source, entry: FileEntry) -> Iterator[Document]:
    for record in read_records(Path(entry.absolute), source.fields):
        if isinstance(record, BadRecord):
            continue
        document = record_document(source, entry, record)
        if document.doc_id not in source.forgotten:
            yield document


def _rate(
    layout: Layout, sample: Sequence[str], tokenizer: Tokenizer, load: Callable[[], Encoder]
) -> tuple[float, str]:
    for path in sorted(layout.runs.glob("*.json"), reverse=True):
        run = json.loads(path.read_text(encoding="utf-8"))
        seconds, counts = run["seconds"].get("embed", 0.0), run["counts"]
        if counts.get("embedded", 0) > 100 and counts.get("embedded_tokens") and seconds > 1:
            return counts["embedded_tokens"] / seconds, f"the rate of run {run['id']}"
    encoder = load()
    encoder.encode_documents(sample[:2])
    start = time.perf_counter()
    encoder.encode_documents(sample)
    spent = time.perf_counter() - start
    return sum(tokenizer.count(sample)) / spent, f"embedding {len(sample)} of the chunks just now"
