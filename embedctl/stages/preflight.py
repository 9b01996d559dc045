"""``--dry-run``: what a run would do, file by file, with chunks, tokens and time, and nothing written."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from ..chunkers.batch import FailedDocument, chunk_documents
from ..encoders import card
from ..errors import NoStoreError, ParseError, UnsupportedError
from ..records import Document, FileEntry, Outcome, SkippedEntry, Source
from ..sources.describe import path_from_base, source_root
from ..sources.parquet import ended_afterwards
from ..sources.records import SameRecords
from ..sources.walk import GONE
from ..store.ledger import FileState, read_ledger
from ..store.live_documents import LiveDocuments
from ..store.row_problems import RowProblems
from .absence import absence
from .decide import Action, Met, decide, reads_otherwise, stored_otherwise
from .make_document import file_documents, record_prefix
from .overlap import with_losing
from .read_ahead import ReadAhead
from .read_task import read_tasks
from .record_file import examine
from .record_rows import MetDocument, RowReading
from .report import reports

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from ..config import RuntimeConfig
    from ..contracts import Encoder, Reporter, Tokenizer
    from ..parsers.reading import ReadResult
    from ..store.layout import Layout
    from ..store.manifest import Manifest

CALIBRATION_TEXTS = 48


@dataclass(slots=True)
class Preflight:
    """What a run would do."""

    files: list[dict[str, str]] = field(default_factory=list)
    """Path, outcome and reason of every file in the order of the walk, and of rows that make no document."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Inputs as a run counts them: files, and rows of record files."""
    documents: int = 0
    chunks: int = 0
    tokens: int = 0
    seconds: float = 0.0
    """Estimated time to embed; an upper bound, since texts that have a vector already are not taken off."""
    basis: str = ""
    """Where the rate behind ``seconds`` comes from."""

    def tell(self, place: str, outcome: Outcome, reason: str = "", inputs: int = 1) -> None:
        """List an input and count it; ``inputs``: as many as that, of which it is the first."""
        if inputs:
            self.outcomes[outcome.value] += inputs
        self.files.append({"path": place, "outcome": outcome.value, "reason": reason})

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
    runtime: RuntimeConfig,
    reporter: Reporter,
    allow_empty: bool = False,
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
        documents = _documents(layout, manifest, sources, plan, allow_empty)
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


def _documents(
    layout: Layout, manifest: Manifest, sources: Sequence[Source], plan: Preflight, allow_empty: bool
) -> Iterator[Document]:
    ledger = read_ledger(layout, manifest)
    before = {source.name: source for source in manifest.sources}
    every = tuple((before | {source.name: source for source in sources}).values())
    again = stored_otherwise(layout, manifest)
    live = cache(lambda: LiveDocuments(layout, manifest.parts, manifest.settings.documents_made_with))
    with closing(ReadAhead[Met](manifest.settings.threads)) as ahead, ended_afterwards():
        for source in with_losing(sources, manifest.sources, layout.base):
            root = source_root(source, layout.base)
            if not allow_empty and (reason := absence(source, root, ledger)):
                plan.tell(str(root), Outcome.FAILED, reason)
                continue
            reread = reads_otherwise(before.get(source.name, source), source)
            unmet = dict(ledger.paths(source.name))
            decided: Iterator[Met] = iter(())
            if root.is_dir():
                decided = decide(source, layout, ledger, manifest.settings.secrets, again, reread, every)
            for met, result in ahead.results(read_tasks(decided)):
                if allow_empty and isinstance(met.entry, SkippedEntry) and met.entry.reason == GONE:
                    continue
                unmet.pop(met.entry.path, None)
                if met.action is Action.READ_RECORDS and isinstance(met.entry, FileEntry):
                    yield from _record_file(met, met.entry, reread, live, manifest.settings.threads, plan)
                    continue
                place = path_from_base(source.root, met.entry.path)
                if met.action is Action.KEEP:
                    known = ledger.state(met.row) if met.known is None and met.row is not None else met.known
                    _tell_kept(place, known, plan)
                else:
                    plan.tell(place, *(yield from _document(met, result)))
            for path, row in sorted(unmet.items()):
                if documents := ledger.documents[row]:
                    plan.tell(path_from_base(source.root, path), Outcome.DELETED, inputs=documents)


def _document(met: Met, result: ReadResult | None) -> Generator[Document, None, tuple[Outcome, str]]:
    """Yield what a file adds; return what becomes of the file, and why."""
    entry, known = met.entry, met.known
    if isinstance(entry, SkippedEntry):
        return entry.outcome, entry.reason
    assert result is not None
    if result.problem:
        skipped = isinstance(result.problem, UnsupportedError)
        return (Outcome.SKIPPED, result.problem.message) if skipped else (Outcome.FAILED, _reason(result.problem))
    if result.document is None:
        return Outcome.UNCHANGED, (known and known.reason) or ""
    yield from file_documents(met.source, entry, result.document, result.sha256 or b"")
    changed = Outcome.CHANGED if known and known.documents else Outcome.ADDED
    return changed, "; ".join(result.document.notes)


def _record_file(
    met: Met, entry: FileEntry, reread: bool, live: Callable[[], LiveDocuments], threads: int, plan: Preflight
) -> Iterator[Document]:
    """Yield the documents of rows that are new or have changed, and list the file and its other rows."""
    place, known = path_from_base(met.source.root, entry.path), met.known
    counts: Counter[Outcome] = Counter()
    reading: RowReading | None = None
    try:
        seen = examine(entry, known, reread)
        if known and seen.same:
            _tell_kept(place, known, plan)
            return
        records = live().records(met.source.name, entry.path, record_prefix(met.source, entry))
        reading = RowReading(met.source, entry, seen.extent, records, threads)
        if known and seen.extent.start:
            reading.go_on_from(known)
            counts[Outcome.UNCHANGED] += known.documents
        for row in reading:
            if isinstance(row, SameRecords):
                counts[Outcome.UNCHANGED] += row.count
            elif isinstance(row, MetDocument):
                counts[row.outcome] += 1
                if row.outcome is not Outcome.UNCHANGED:
                    yield row.document
    except ParseError as error:
        other = isinstance(error, UnsupportedError) and met.source.only != (entry.path,) and not sum(counts.values())
        plan.tell(place, Outcome.SKIPPED if other else Outcome.FAILED, _reason(error))
    else:
        counts[Outcome.DELETED] += 0 if seen.extent.start else len(records.unmet())
        changed = Outcome.CHANGED if known and known.documents else Outcome.ADDED
        plan.tell(place, changed, reading.note or "", inputs=0)
    plan.outcomes.update({outcome.value: count for outcome, count in counts.items() if count})
    for problem in reading.problems if reading else ():
        plan.tell(problem.place(place), problem.outcome, problem.told, problem.rows)


def _tell_kept(place: str, known: FileState | None, plan: Preflight) -> None:
    if known is None or known.outcome is Outcome.INDEXED:
        plan.tell(place, Outcome.UNCHANGED, (known and known.reason) or "", known.documents if known else 1)
    else:
        plan.tell(place, known.outcome, known.reason or "")
    for problem in RowProblems(known.row_problems if known else None):
        plan.tell(problem.place(place), problem.outcome, problem.told, problem.rows)


def _reason(error: ParseError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message


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
