"""What a store is worth: evaluation, tuning, inspection and the report of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import TEXT_FIELD
from .asking import Asking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..config import QueryEncoder, RuntimeConfig
    from ..config.measuring import AnnConfig, EvaluationConfig, InspectConfig, SyntheticConfig
    from ..contracts import Encoder
    from ..evaluation.ann_report import AnnReport
    from ..evaluation.evaluation import Evaluation
    from ..evaluation.judgements import Judgements
    from ..evaluation.runs import Run
    from ..inspection.inspection import Inspection
    from ..query.query_file import NamedQuery, QuerySource
    from ..store.manifest import Manifest
    from .reading import PathLike

_AT_ONCE = 1_000


class Measuring(Asking):
    """Measurements read one snapshot, as questions do."""

    def evaluate(
        self,
        queries: PathLike | QuerySource | Iterable[tuple[str, str]],
        judgements: PathLike | Judgements,
        config: EvaluationConfig | None = None,
        *,
        runs: Mapping[str, Run] | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> Evaluation:
        """Measure how good the answers to judged queries are: of BM25, of the dense arm, and of every fusion.

        Args:
            queries: a file as :meth:`query_many` takes them, or pairs of id and text.
            judgements: a file in the form of BEIR or TREC, or what ``embedctl.evaluation`` read; see ``docs/eval.md``.
            config: the setting in use, metrics, and what it is compared with.
            runs: what others found for the queries, by name, to be measured beside it.
            runtime: how the encoder is run.

        Raises:
            UsageError: a file cannot be read, a name is unknown, or no query has a relevant judgement.
            NoStoreError: there is no index yet.
            MismatchError: the model is not the one that made the store.
        """
        from ..config.measuring import EvaluationConfig
        from ..evaluation.evaluate import JudgedQueries, OpenSnapshot, evaluate
        from ..evaluation.judgements import Judgements, read_judgements

        wanted = config or EvaluationConfig()
        judged = judgements if isinstance(judgements, Judgements) else read_judgements(Path(judgements))
        asked = named_queries(queries)
        return self._read(
            lambda manifest: evaluate(
                OpenSnapshot(self._layout, manifest, self._searcher(manifest, runtime, wanted.query.encoder)),
                JudgedQueries(asked, judged, runs or {}),
                wanted,
                self._reporter,
            )
        )

    def evaluate_synthetic(
        self,
        config: EvaluationConfig | None = None,
        *,
        synthetic: SyntheticConfig | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> Evaluation:
        """Measure with queries that are made from the corpus itself, where nobody judged anything.

        What a query was copied from is held out of the index while it is asked. Figures rank settings roughly as
        judgements do, and say nothing about how good the answers to real questions are: see ``docs/synthetic.md``.

        Args:
            config: as for :meth:`evaluate`.
            synthetic: how many queries, and of which kinds.
            runtime: how the encoder is run.

        Raises:
            UsageError: no query can be made of the corpus, a name is unknown, or there is a filter.
            NoStoreError: there is no index yet.
            MismatchError: the model is not the one that made the store.
        """
        from ..config.measuring import EvaluationConfig, SyntheticConfig
        from ..evaluation.synthetic.index import Encoders
        from ..evaluation.synthetic.measure import SyntheticRequest, evaluate_synthetic

        wanted = config or EvaluationConfig()
        request = SyntheticRequest(synthetic or SyntheticConfig(), wanted)

        def measured(manifest: Manifest) -> Evaluation:
            asking = wanted.query.encoder

            def documents(field: str) -> Encoder:
                made_by = manifest.index.encoders[field] if manifest.index else None
                which: QueryEncoder = "student" if made_by and made_by.teacher else "teacher"
                return self._searcher(manifest, runtime, which).encoder(field)

            queries = self._searcher(manifest, runtime, asking).encoder
            encoders = Encoders(queries, documents)
            return evaluate_synthetic(self._layout, manifest, encoders, request, self._reporter)

        return self._read(measured)

    def measure_ann(
        self,
        config: AnnConfig | None = None,
        *,
        queries: PathLike | QuerySource | Iterable[str | tuple[str, str]] | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> AnnReport:
        """Measure what each dense plan loses against an exact search, and what it costs.

        Args:
            config: how many neighbours and queries, the target, and what is tried.
            queries: those of a person, as :meth:`query_many` takes them, or a file of them; ``None``: made from the
                corpus.
            runtime: how the encoder is run.

        Raises:
            UsageError: a file cannot be read, or no query can be made of the corpus.
            NoStoreError: there is no index yet, or nothing in it.
            DamagedError: vectors are damaged.
        """
        from ..config.measuring import AnnConfig
        from ..evaluation.ann import asked_vectors, measure_ann

        wanted = config or AnnConfig()
        texts = None if queries is None else [query.text for query in named_queries(queries)]

        def measured(manifest: Manifest) -> AnnReport:
            encoder = self._searcher(manifest, runtime, None).encoder(TEXT_FIELD)
            asked = asked_vectors(self._layout, manifest, texts, encoder, wanted)
            return measure_ann(self._layout, manifest, asked, wanted, self._reporter)

        return self._read(measured)

    def inspect(self, config: InspectConfig | None = None) -> Inspection:
        """Measure how healthy the embeddings of the store are, and say what to do about each figure.

        No model is loaded: vectors, texts and the model's tokenizer are read. What ``docs/inspect.md`` defines.

        Args:
            config: how many chunks are looked at; see :class:`~embedctl.config.measuring.InspectConfig`.

        Raises:
            NoStoreError: nothing has a vector yet.
            DamagedError: a file is not what was written.
        """
        from ..config.measuring import InspectConfig
        from ..inspection.inspect import inspect

        wanted = config or InspectConfig()
        return self._read(lambda manifest: inspect(self._layout, manifest, wanted, self._reporter))


def named_queries(queries: PathLike | QuerySource | Iterable[str | tuple[str, str]]) -> list[NamedQuery]:
    """Return the queries of a file, of a source, or of pairs of id and text."""
    from ..query.query_file import QueryFile, QueryList, QueryStream

    if isinstance(queries, str | os.PathLike):
        queries = QueryFile(Path(queries))
    source = queries if isinstance(queries, QueryFile | QueryStream | QueryList) else QueryList(queries)
    return [query for batch in source.batches(_AT_ONCE) for query in batch]
