"""``forget``: a source, a document or a file leaves the store, and its text leaves every live file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..records import Outcome, Source
from ..registry import nearest
from ..store.files import read_columns
from ..store.garbage import collect
from ..store.handle import Writer, writing
from ..store.ledger import FileKey, read_ledger, write_ledger
from .compact import compact
from .index import index
from .report import RunReport, save_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contracts import Reporter
    from ..store.layout import Layout


def forget(layout: Layout, targets: Sequence[str], reporter: Reporter, wait: float = 0.0) -> RunReport:
    """Remove sources (by name) and files or documents (``source:path`` or path) from a store.

    A forgotten file is excluded from its source, so that the next refresh does not bring it back; a record comes
    back with the next change of its file. Parts are rewritten without the text, both indexes are made anew, and what
    held it is deleted at once.

    Raises:
        UsageError: the store has no such source or document; nothing is removed then.
    """
    report = RunReport("forget")
    with writing(layout, "embedctl forget", wait) as writer:
        try:
            _bury(writer, targets, report)
            touched = [part.number for part in writer.manifest.parts if part.dead]
            with report.timing("compact"):
                compact(writer, report, force=touched)
            if writer.manifest.index is not None:
                index(writer, reporter, report, rebuild=True)
            collect(layout, writer.manifest)
        finally:
            save_report(layout, report)
    return report


def _bury(writer: Writer, targets: Sequence[str], report: RunReport) -> None:
    manifest = writer.manifest
    sources = {source.name: source for source in manifest.sources}
    named = {target for target in targets if target in sources}
    wanted = [target for target in targets if target not in sources]
    dead: dict[int, set[int]] = {}
    excluded: dict[str, set[str]] = {}
    met: set[str] = set()
    for part in manifest.parts:
        table = read_columns(
            writer.layout.documents(part.number), part.documents, ["source", "doc_id", "path", "record"]
        )
        already = frozenset(part.dead)
        for row, document in enumerate(table.to_pylist()):
            if row in already:
                continue
            source = document["source"]
            hits = _matching(wanted, source, document["doc_id"], document["path"])
            if source in named or hits:
                dead.setdefault(part.number, set()).add(row)
                met.update(hits)
                if document["record"] is None:
                    excluded.setdefault(source, set()).add(document["path"])
    for target in wanted:
        if target not in met:
            choices = [*sources, *targets]
            raise UsageError(
                f'The store has no source or document called "{target}".{nearest(target, choices[: len(sources)])}',
                f"Its sources are: {', '.join(sources) or 'none'}.",
            )
    ledger = read_ledger(writer.layout, manifest)
    gone: set[FileKey] = {key for key in ledger if key[0] in named}
    gone |= {(source, path) for source, paths in excluded.items() for path in paths}
    kept = tuple(
        _without(source, excluded.get(source.name, set())) for source in manifest.sources if source.name not in named
    )
    report.outcomes[Outcome.DELETED.value] += sum(len(rows) for rows in dead.values())
    manifest = replace(manifest.with_dead(dead), sources=kept)
    remaining = {key: state for key, state in ledger.items() if key not in gone}
    record = write_ledger(writer.layout, manifest, remaining)
    writer.commit(replace(manifest, files=record), [writer.layout.files(record.number)])


def _matching(wanted: Sequence[str], source: str, doc_id: str, path: str) -> list[str]:
    names = {doc_id, path, f"{source}:{doc_id}", f"{source}:{path}"}
    return [target for target in wanted if target in names]


def _without(source: Source, paths: set[str]) -> Source:
    """Return the source with forgotten files left out of it from now on."""
    if not paths:
        return source
    if source.only is not None:
        return replace(source, only=tuple(path for path in source.only if path not in paths))
    escaped = tuple("/" + "".join(f"\\{c}" if c in "*?[]!#\\ " else c for c in path) for path in sorted(paths))
    rules = replace(source.rules, exclude=(*source.rules.exclude, *escaped))
    return replace(source, rules=rules)
