"""Documents that could be read and not cut: one bad document never stops a run, and is always reported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..records import Outcome
from ..sources.describe import path_from_base

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..chunkers.batch import FailedDocument
    from ..records import Document
    from ..store.ledger import FileKey, FileState, Ledger
    from ..store.manifest import Manifest
    from .report import RunReport

CANNOT_BE_CUT = "cannot be cut into chunks: "


def place_of(manifest: Manifest, document: Document) -> str:
    """Return the path of a document, and its row in a record file, as reports name it."""
    root = next(source.root for source in manifest.sources if source.name == document.source)
    path = path_from_base(root, document.path)
    return path if document.record is None else f"{path}, row {document.record}"


def report_failed(manifest: Manifest, failed: Iterable[FailedDocument], report: RunReport) -> None:
    """Report documents as failed; if this run read them, they were counted as added or changed so far."""
    for document, reason in failed:
        counted = next((kind for kind in (Outcome.ADDED, Outcome.CHANGED) if report.outcomes[kind.value]), None)
        if counted:
            report.outcomes[counted.value] -= 1
        report.problem(place_of(manifest, document), Outcome.FAILED, f"{CANNOT_BE_CUT}{reason}")


def with_failed(ledger: Ledger, failed: Iterable[FailedDocument]) -> Ledger:
    """Return the ledger with these documents as failed: a file is read again by the next run, a row when it changes."""
    changes: dict[FileKey, FileState] = {}
    for document, reason in failed:
        key = (document.source, document.path)
        state = changes.get(key) or ledger.get(key)
        if state is None:
            continue
        if document.record is None:
            changes[key] = replace(state, outcome=Outcome.FAILED, reason=f"{CANNOT_BE_CUT}{reason}", documents=0)
        else:
            bad = state.bad_rows + 1
            told = f"{bad} of its rows could not be read"
            changes[key] = replace(state, reason=told, bad_rows=bad, documents=state.documents - 1)
    return ledger.updated(np.ones(len(ledger), dtype=bool), changes)
