"""An evaluation with known-item queries, put to the index of a store with reduced chunks beside the others.

The reduced chunks are rows that every arm searches beside those of the published index, so arms, fusion and every
option work on them as on any other row. The store is read only. A query may be answered by every chunk but those that
something was taken out of, and by what is left of these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arms.kind import ExtraRows, TextRow
from ...config import FilterConfig
from ...errors import UsageError
from ...index.open import require_index
from ...index.payload import payloads
from ...index.pieces import kind_of
from ...labels import is_in, label, labels, split
from ...plural import counted
from ...query.filters import LabelSet
from ...query.query_file import NamedQuery
from ...query.searcher import Searcher
from ...store.parts import live_chunk_rows
from ...store.snapshot import Snapshot
from ..evaluate import JudgedQueries, evaluate
from ..evaluation import KindMeans, KnownItems
from ..judgements import Judgements
from .queries import make_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...config.measuring import EvaluationConfig, SyntheticConfig, SyntheticKind
    from ...contracts import Encoder, Labels, Reporter
    from ...store.layout import Layout
    from ...store.manifest import IndexRecord, Manifest
    from ..evaluation import Evaluation
    from .queries import SyntheticQuery, SyntheticSet


class Encoders(NamedTuple):
    """Loaders of encoders by field; they differ where a student encodes either."""

    queries: Callable[[str], Encoder]
    documents: Callable[[str], Encoder]
    """The one that made the vectors of the index."""


class HeldOutIndex:
    """A searcher for known-item queries, and the chunks that may answer each."""

    def __init__(
        self, layout: Layout, manifest: Manifest, encoders: Encoders, queries: Sequence[SyntheticQuery]
    ) -> None:
        """Encode the reduced chunks of ``queries`` and put them beside the rows of the published index.

        Raises:
            NoStoreError: there is no index.
            UsageError: an arm of the index cannot search rows beside its own.
            ModelError, MismatchError: an encoder cannot be opened.
        """
        record = require_index(layout, manifest)
        for name, arm in record.arms.items():
            if not kind_of(arm.kind).holds_out:
                raise UsageError(
                    f'The arm "{name}" cannot be measured with synthetic queries.',
                    f'Measure it with judged queries, or remove it: "embedctl arm remove {name}".',
                )
        reduced = [chunk for query in queries for chunk in query.held_out.reduced]
        texts = [chunk.context + chunk.text for chunk in reduced]
        rows, shown, self._own = _reduced(layout, record, queries)
        vectors = {field: encoders.documents(field).encode_documents(texts) for field in record.encoders}
        self.searcher = Searcher(layout, manifest, encoders.queries, ExtraRows(rows, vectors, shown))
        self._added = np.array([row.label for row in rows], dtype=np.uint64)
        live = [labels(part.number, live_chunk_rows(layout, part)) for part in record.parts]
        self._live = np.concatenate([*live, self._added])
        self._queries = {query.id: query for query in queries}
        self._allowed: dict[str, LabelSet] = {}

    def allowed_for(self, query_id: str) -> LabelSet:
        """Return the chunks that may answer a query: none that its passage was taken out of, none made for others."""
        if query_id not in self._allowed:
            changed = np.array(self._queries[query_id].held_out.changed, dtype=np.uint64)
            out = np.sort(np.concatenate([changed, self._added[~is_in(self._added, self._own[query_id])]]))
            self._allowed[query_id] = LabelSet(self._live[~is_in(self._live, out)])
        return self._allowed[query_id]


def _reduced(
    layout: Layout, record: IndexRecord, queries: Sequence[SyntheticQuery]
) -> tuple[tuple[TextRow, ...], tuple[str, ...], dict[str, Labels]]:
    """Return the reduced chunks of all queries, what their hits show, and the labels of each query's own."""
    wanted = {chunk.label for query in queries for chunk in query.held_out.reduced}
    numbers = {split(one)[0] for one in wanted}
    whole = {
        number: (document, payload)
        for part in record.parts
        if part.number in numbers
        for number, document, payload in payloads(layout, part)
        if number in wanted
    }
    part = max(part.number for part in record.parts) + 1
    rows: list[TextRow] = []
    shown: list[str] = []
    own: dict[str, Labels] = {}
    for query in queries:
        first = len(rows)
        for chunk in query.held_out.reduced:
            document, payload = whole[chunk.label]
            texts = chunk.text, query.held_out.title, chunk.heading, query.held_out.path
            rows.append(TextRow(label(part, len(rows)), document, *texts))
            shown.append(payload)
        own[query.id] = labels(part, np.arange(first, len(rows)))
    return tuple(rows), tuple(shown), own


def evaluate_synthetic(
    layout: Layout,
    manifest: Manifest,
    encoders: Encoders,
    synthetic: SyntheticConfig,
    config: EvaluationConfig,
    reporter: Reporter,
) -> Evaluation:
    """Make queries from the corpus, hold out what they were copied from, and evaluate every setting with them.

    Raises:
        NoStoreError: there is no index.
        UsageError: no query can be made of the corpus, or a filter is set.
    """
    if config.query.filter != FilterConfig():
        raise UsageError("Synthetic queries are asked of the whole store.", "Leave out the filters.")
    made = make_queries(layout, manifest, synthetic)
    if not made.queries:
        raise UsageError(
            f"No query can be made of this corpus: none of {counted(made.looked_at, 'document')} that were looked at "
            "has a title, heading or sentence without which enough of it is left.",
            "Write some queries yourself: see docs/eval.md.",
        )
    judgements = {query.id: {f"{query.source}:{query.document}": 1} for query in made.queries}
    with reporter.stage("hold out", len(made.queries), "queries") as progress:
        held_out = HeldOutIndex(layout, manifest, encoders, made.queries)
        progress.advance(len(made.queries))
    named = [NamedQuery(query.id, query.text) for query in made.queries]
    judged = JudgedQueries(named, Judgements(judgements), {}, held_out.allowed_for)
    found = evaluate(Snapshot(layout, manifest), held_out.searcher, judged, config, reporter)
    return replace(found, known_items=KnownItems(made, _kinds(made, found)))


def _kinds(made: SyntheticSet, found: Evaluation) -> tuple[KindMeans, ...]:
    """Return the means of each kind of query."""
    kind_of = {query.id: query.kind for query in made.queries}
    rows: dict[SyntheticKind, list[int]] = {}
    for row, query in enumerate(found.queries):
        rows.setdefault(kind_of[query.id], []).append(row)
    return tuple(
        KindMeans(kind, len(of), {one.name: float(one.values[of, 0].mean()) for one in found.settings})
        for kind, of in rows.items()
    )
