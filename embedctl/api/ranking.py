"""How a store ranks: fitting that to judged queries, and going back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import QueryConfig
from ..store.writer import read_manifest
from .asking import Asking
from .measuring import named_queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..config import RuntimeConfig
    from ..config.measuring import TuneConfig
    from ..evaluation.judgements import Judgements
    from ..evaluation.tuning.tune import Prepared
    from ..evaluation.tuning.tuning import TunedState, Tuning
    from ..query.query_file import QuerySource
    from ..store.manifest import Manifest
    from .reading import PathLike


class Ranking(Asking):
    """A fit reads one snapshot; what is kept of it is a commit of its own, which no index work follows."""

    def tune(
        self,
        queries: PathLike | QuerySource | Iterable[tuple[str, str]],
        judgements: PathLike | Judgements,
        config: TuneConfig | None = None,
        *,
        dry_run: bool = False,
        wait: float = 0.0,
        runtime: RuntimeConfig | None = None,
    ) -> Tuning:
        """Fit how hits are ranked to judged queries, and keep what was found if it is better on queries held out.

        Args:
            queries: a file as :meth:`query_many` takes them, or pairs of id and text.
            judgements: a file in the form of BEIR or TREC, or what ``embedctl.evaluation`` read.
            config: metric, folds, and what makes a gain real.
            dry_run: change nothing.
            wait: seconds to wait for another writer once the ranking is found.
            runtime: how the encoder is run.

        Raises:
            NoStoreError: there is no index yet.
            UsageError: too few queries are judged, a file cannot be read, or the metric is none.
            LockedError: another process is writing; nothing was changed.
        """
        from ..config.measuring import TuneConfig
        from ..evaluation.evaluate import OpenSnapshot
        from ..evaluation.judgements import Judgements, read_judgements
        from ..evaluation.tuning.tune import fitted, keep, prepared

        asked, encoder = config or TuneConfig(), QueryConfig().encoder
        named = named_queries(queries)
        judged = judgements if isinstance(judgements, Judgements) else read_judgements(Path(judgements))

        def opened(manifest: Manifest) -> Prepared:
            snapshot = OpenSnapshot(self._layout, manifest, self._searcher(manifest, runtime, encoder))
            return prepared(snapshot, named, judged, asked)

        tuning = fitted(self._read(opened), asked, self._reporter)
        if not tuning.real or dry_run:
            return tuning
        keep(self._layout, tuning, wait)
        return replace(tuning, written=True)

    def undo_tune(self, *, wait: float = 0.0) -> TunedState:
        """Rank as before the last :meth:`tune` that was kept; can be repeated until the default is reached.

        Raises:
            UsageError: the store ranks by default.
            LockedError: another process is writing; nothing was changed.
        """
        from ..evaluation.tuning.tune import undo

        read_manifest(self._layout)
        return undo(self._layout, wait)

    def tuned(self) -> TunedState:
        """Return how hits are ranked unless a query says otherwise, and what that was fitted to."""
        from ..evaluation.tuning.tuning import TunedState

        return TunedState.of(read_manifest(self._layout))
