"""``--dry-run``: what a run would do, file by file, with chunks, tokens and time, and nothing written."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..chunkers.batch import FailedDocument, chunk_documents
from ..encoders import card
from ..errors import NoStoreError, ParseError, UnsupportedError
from ..records import BadRecord, Document, FileEntry, Outcome, SkippedEntry, Source
from ..sources.describe import path_from_base
from ..sources.parquet import ended_afterwards
from ..sources.records import SameRecords
from ..store.ledger import FileState, read_ledger
from .decide import Action, Met, decide, reads_otherwise, stored_otherwise
from .mailbox import record_reader
from .make_document import file_documents, record_document, record_prefix
from .read_ahead import ReadAhead
from .read_task import read_tasks
from .record_file import examine
from .report import reports

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from ..config import RuntimeConfig
    from ..contracts import Encoder, Reporter, Tokenizer
    from ..parsers.reading import ReadResult
    from ..sources.table import Extent
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

    def tell(self, source: Source, path: str, outcome: Outcome, reason: str = "") -> None:
        """Count a file and list it."""
        self.outcomes[outcome.value] += 1
        self.files.append({"path": path_from_base(source.root, path), "outcome": outcome.value, "reason": reason})

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
    layout: Layout, manifest: Manifest, sources: Sequence[Source], runtime: RuntimeConfig, reporter: Reporter
) -> Preflight:
    """Walk, read, parse and cut what changed; write nothing.

    ``manifest`` has the settings of the run; without ``sources``, those of the store are looked at. The time comes from
    the tokens a second of the last run that embedded, or from embedding a few of the chunks now.

    Raises:
        NoStoreError: there is no source.
    """
    sources = sources or manifest.sources
    if not sources:
        raise NoStoreError("There is nothing to look at.", 'Name a path: "embedctl index PATH --dry-run".')
    plan = Preflight()
    sample: list[str] = []
    model = card(manifest.settings.model)
    tokenizer = model.tokenizer()
    with reporter.stage("dry run", None, "files") as progress:
        documents = _documents(layout, manifest, sources, plan)
        for chunks in chunk_documents(documents, tokenizer, manifest.settings.chunk):
            progress.advance()
            if isinstance(chunks, FailedDocument):
                continue  # the run itself tells of it
            plan.documents += 1
            plan.chunks += len(chunks)
            plan.tokens += sum(chunk.tokens for chunk in chunks)
            sample.extend(chunk.context + chunk.text for chunk in chunks[: CALIBRATION_TEXTS - len(sample)])
    if plan.tokens:
        rate, plan.basis = _rate(layout, sample, tokenizer, lambda: model.open(runtime, reporter.message))
        plan.seconds = plan.tokens / rate
    return plan


def _documents(layout: Layout, manifest: Manifest, sources: Sequence[Source], plan: Preflight) -> Iterator[Document]:
    ledger = read_ledger(layout, manifest)
    before = {source.name: source for source in manifest.sources}
    again = stored_otherwise(layout, manifest)
    with closing(ReadAhead[Met](manifest.settings.threads)) as ahead, ended_afterwards():
        for source in sources:
            reread = reads_otherwise(before.get(source.name, source), source)
            unmet = set(ledger.paths(source.name))
            decided = decide(source, layout, ledger, manifest.settings.secrets, again, reread)
            for met, result in ahead.results(read_tasks(decided)):
                unmet.discard(met.entry.path)
                outcome, reason = yield from _document(met, result, reread, manifest.settings.threads)
                plan.tell(source, met.entry.path, outcome, reason)
            for path in sorted(unmet):
                plan.tell(source, path, Outcome.DELETED)


def _document(
    met: Met, result: ReadResult | None, reread: bool, threads: int
) -> Generator[Document, None, tuple[Outcome, str]]:
    """Yield what a file adds; return what becomes of the file, and why."""
    entry, known = met.entry, met.known
    changed = Outcome.CHANGED if known and known.documents else Outcome.ADDED
    if isinstance(entry, SkippedEntry):
        return entry.outcome, entry.reason
    if met.action is Action.KEEP:
        return _kept(known)
    try:
        if result is None:
            seen = examine(entry, known, reread)
            if seen.same:
                return _kept(known)
            yield from _records(met.source, entry, seen.extent, threads)
        elif result.problem:
            raise result.problem
        elif result.document is None:
            return _kept(known)
        else:
            yield from file_documents(met.source, entry, result.document, result.sha256 or b"")
            return changed, "; ".join(result.document.notes)
    except UnsupportedError as error:
        return Outcome.SKIPPED, error.message
    except ParseError as error:
        return Outcome.FAILED, f"{error.message}. {error.hint}".removesuffix(". ")
    return changed, ""


def _kept(known: FileState | None) -> tuple[Outcome, str]:
    if known is None or known.outcome is Outcome.INDEXED:
        return Outcome.UNCHANGED, (known and known.reason) or ""
    return known.outcome, known.reason or ""


def _records(source: Source, entry: FileEntry, extent: Extent, threads: int) -> Iterator[Document]:
    prefix = record_prefix(source, entry)
    for record in record_reader(source, entry, extent, threads):
        if isinstance(record, (BadRecord, SameRecords)):
            continue
        document = record_document(source, entry, record, prefix)
        if document.doc_id not in source.forgotten:
            yield document


def _rate(
    layout: Layout, sample: Sequence[str], tokenizer: Tokenizer, load: Callable[[], Encoder]
) -> tuple[float, str]:
    for run in reports(layout):
        seconds, counts = run["seconds"].get("embed", 0.0), run["counts"]
        if counts.get("embedded", 0) > 100 and counts.get("embedded_tokens") and seconds > 1:
            return counts["embedded_tokens"] / seconds, f"the rate of run {run['id']}"
    encoder = load()
    encoder.encode_documents(sample)  # not measured: the first time compiles
    start = time.perf_counter()
    encoder.encode_documents(sample)
    spent = time.perf_counter() - start
    return sum(tokenizer.count(sample)) / spent, f"embedding {len(sample)} of the chunks just now"
