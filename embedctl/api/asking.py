"""What is asked of a store: queries, and what it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..config import QueryConfig
from ..store.writer import read_manifest
from .reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..config import RuntimeConfig
    from ..query.answer import Answer
    from ..query.lookup import Shown
    from ..query.query_file import QuerySource


class Asking(Reading):
    """Questions read the current snapshot and take no lock."""

    def query(
        self,
        text: str,
        config: QueryConfig | None = None,
        *,
        n: int | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> Answer:
        """Return the best chunks for ``text``; any text is a valid query.

        The snapshot stays open between calls and is replaced when a new one was published.

        Args:
            text: words, ``"phrases"`` and ``-exclusions``.
            config: mode, number of hits, filters, fusion; see :class:`~embedctl.config.QueryConfig`.
            n: number of hits, instead of ``config.n``.
            runtime: how the encoder is run.

        Raises:
            NoStoreError: there is no index yet.
            UsageError: a filter is malformed, or a number of the configuration out of range.
            MismatchError: the model is not the one that made the store.
        """
        wanted = _wanted(config, n)
        return self._ask(lambda searcher: searcher.search(text, wanted), runtime, wanted.encoder)

    def query_many(
        self,
        queries: Iterable[str | tuple[str, str]] | QuerySource,
        config: QueryConfig | None = None,
        *,
        n: int | None = None,
        runtime: RuntimeConfig | None = None,
    ) -> Iterator[Answer]:
        """Yield what :meth:`query` returns for each of ``queries``, in their order and much faster.

        Queries are encoded in batches and answered by as many threads as there are processors. The snapshot that
        is current at the first answer answers all of them.

        Args:
            queries: texts, or pairs of id and text; the id is in ``Answer.query_id``, and the place from 1 where there
                is none. Read by another thread, up to two batches ahead of the answers.
            config: as for :meth:`query`, for all of them.
            n: number of hits, instead of ``config.n``.
            runtime: how the encoder is run.

        Raises:
            NoStoreError, UsageError, MismatchError: as for :meth:`query`, at the first answer.
        """
        from ..query.batch import search_many
        from ..query.query_file import QueryFile, QueryList, QueryStream

        wanted = _wanted(config, n)
        source = queries if isinstance(queries, QueryFile | QueryStream | QueryList) else QueryList(queries)
        setup = self._ask(lambda searcher: searcher.ready(wanted, source.count), runtime, wanted.encoder)
        with self._reporter.stage("query", source.count, "queries") as progress:
            for answer in search_many(setup, source):
                yield answer
                progress.advance()

    def matcher(self, text: str) -> Callable[[str], bool]:
        """Return a function that tells whether a word of a text is one that ``query(text)`` looks up in BM25.

        Words count up to inflection, as the index stems them; exclusions do not count. No model is loaded.

        Raises:
            NoStoreError: there is no index yet.
        """
        return self._ask(lambda searcher: searcher.matcher(text))

    def pending(self) -> dict[str, int]:
        """Return how many documents wait for each of ``chunk``, ``embed`` and ``index``; all 0: nothing is waiting."""
        from ..stages.status import pending

        return pending(read_manifest(self._layout))

    def status(self, *, check: bool = False, files: str | None = None) -> dict[str, Any]:
        """Return what the store holds and what is pending, as ``docs/schema/status.v1.json`` describes it."""
        from ..stages.status import status

        return self._read(lambda manifest: status(self._layout, manifest, check, files))

    def show(self, name: str) -> Shown:
        """Return one document or chunk by its id.

        Raises:
            UsageError: no such id, or several.
        """
        from ..query.lookup import show

        return self._read(lambda manifest: show(self._layout, manifest, name))


def _wanted(config: QueryConfig | None, n: int | None) -> QueryConfig:
    from ..query.validate import validated

    wanted = config or QueryConfig()
    return validated(wanted if n is None else replace(wanted, n=n))
