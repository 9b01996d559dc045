"""One snapshot, opened for queries: one at a time, or many."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from ..config import FilterConfig
from ..index.open import Index, require_index
from .answer import answer_of
from .draft import Draft
from .pipeline import Pipeline, query_of
from .setup import Setup, asked_arms, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..arms.kind import ExtraRows
    from ..config import ArmSettings, QueryConfig
    from ..contracts import Allowed, Encoder, Vectors
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .answer import Answer
    from .filters import LabelSet


class Searcher:
    """Answers queries from one snapshot; opens each arm and each encoder when a query first needs it."""

    def __init__(
        self,
        layout: Layout,
        manifest: Manifest,
        load_encoder: Callable[[str], Encoder],
        extra: ExtraRows | None = None,
    ) -> None:
        """Open a snapshot; ``load_encoder`` returns the encoder of queries in a field, ``extra`` is searched as well.

        Raises:
            NoStoreError: it has no index yet.
        """
        self._layout = layout
        self._manifest = manifest
        self._load_encoder = load_encoder
        self._encoders: dict[str, Encoder] = {}
        self._loading = threading.Lock()
        self._known: dict[tuple[str, str], Vectors] | None = None
        self.index = Index(layout, require_index(layout, manifest), extra)

    def encoder(self, field: str) -> Encoder:
        """Return the encoder of queries in a field, loaded."""
        with self._loading:
            if field not in self._encoders:
                self._encoders[field] = self._load_encoder(field)
            return self._encoders[field]

    def remember_vectors(self) -> None:
        """Keep the vector of every query from now on: for measurements, which ask the same queries again."""
        self._known = {} if self._known is None else self._known

    def encode(self, field: str, texts: Sequence[str]) -> Vectors:
        """Return the vectors of queries in a field, float32 ``(n, dim)``, unit norm."""
        if self._known is None:
            return self.encoder(field).encode_queries(texts)
        known = self._known
        new = [text for text in dict.fromkeys(texts) if (field, text) not in known]
        if new:
            vectors = self.encoder(field).encode_queries(new)
            known.update(zip(((field, text) for text in new), vectors, strict=True))
        return np.stack([known[field, text] for text in texts])

    def encoded_by(self, field: str) -> str:
        """Return the name of a field's encoder and how it is run, in words."""
        encoder = self.encoder(field)
        runtime = getattr(encoder, "runtime", "")
        return f"{encoder.name}, {runtime}" if isinstance(runtime, str) and runtime else encoder.name

    def arms(self, config: QueryConfig) -> tuple[ArmSettings, ...]:
        """Return the arms that ``config`` asks.

        Raises:
            UsageError: the index has no such arm.
        """
        return asked_arms(config, self._manifest.settings, self.index.record)

    def setup(self, config: QueryConfig, allowed: Allowed | None = None, queries: int = 1) -> Setup:
        """Return everything that queries with a validated ``config`` have in common.

        ``queries``: how many are expected; 0: find what a single query finds.

        Raises:
            UsageError: the index has no such arm, or no arm has a weight.
        """
        arms = self.arms(config)
        ranking = settled(config, self._manifest.ranking, arms)
        return Setup(
            index=self.index,
            arms=arms,
            config=config,
            ranking=ranking,
            encode=self.encode,
            encoded_by=self.encoded_by,
            allowed=allowed,
            roots={source.name: source.root for source in self._manifest.sources},
            settled_by="asked" if ranking != self._manifest.ranking else "tuned" if self._manifest.tuned else "default",
            queries=queries,
        )

    def ready(self, config: QueryConfig, queries: int | None) -> Setup:
        """Open what ``queries`` queries need, so that it stays there while others publish and clean up.

        ``None``: the number of queries is not known.

        Raises:
            DamagedError: a file is missing, or not what was written.
            UsageError: the filter is malformed, or names a source that the store does not have.
        """
        setup = self.setup(config, self.allowed(config), 1 if queries is None else queries)
        self.index.rows  # noqa: B018 - opens them
        for arm in setup.arms:
            setup.opened(arm)
        for field in setup.fields:
            self.encoder(field)
        return setup

    def allowed(self, config: QueryConfig) -> LabelSet | None:
        """Return the chunks that the filter lets through, or ``None`` when it restricts nothing.

        Raises:
            UsageError: the filter is malformed, or names a source that the store does not have.
        """
        if config.filter == FilterConfig():
            return None
        from .select import select

        return select(self._layout, self._manifest, self.index.record, config.filter)

    def search(self, text: str, config: QueryConfig, *, counted: bool = True) -> Answer:
        """Return the ``config.n`` best hits; any text is a valid query.

        Encoders are loaded by a thread of their own while the arms that search text are asked.

        ``config`` is validated. Not ``counted``: a measurement, which changes no plan of later queries.
        """
        start = time.perf_counter()
        draft = Draft(text)
        with draft.step("filter"):
            draft.allowed = self.allowed(config)
        setup = self.setup(config, draft.allowed, 1 if counted else 0)
        pipeline = Pipeline(setup)
        pipeline.rewrite([draft])
        encoding = _Encoding(self, draft, setup.fields if draft.dense_text else ())
        draft.encoding = encoding.vector
        try:
            answer = answer_of(pipeline, pipeline.hydrate(pipeline.search(pipeline.ask([draft])[0])))
        finally:
            encoding.join()
        answer.timings["total"] = 1e3 * (time.perf_counter() - start)
        return answer

    def matcher(self, text: str) -> Callable[[str], bool]:
        """Return a function that tells whether a word is one that ``text`` looks up, up to its inflection."""
        lexical, query = self.index.lexical(), query_of(Draft(text))
        if lexical is None:
            words = {word.casefold() for word in query.words}
            return lambda word: word.casefold() in words
        matcher: Callable[[str], bool] = self.index.arm(lexical).matcher(query)  # type: ignore[attr-defined]
        return matcher


class _Encoding:
    """The vectors of one query, made by a thread of its own where an encoder has to be loaded for them."""

    def __init__(self, searcher: Searcher, draft: Draft, fields: Sequence[str]) -> None:
        self._searcher = searcher
        self._draft = draft
        self._made: dict[str, Vectors] = {}
        self._failed: BaseException | None = None
        self._thread: threading.Thread | None = None
        if any(field not in searcher._encoders for field in fields):
            self._thread = threading.Thread(target=self._try, args=(fields,), name="encoder", daemon=True)
            self._thread.start()

    def vector(self, field: str) -> Vectors:
        """Return float32 ``(dim,)``.

        Raises:
            EmbedctlError: the encoder cannot be loaded.
        """
        self.join()
        if self._failed is not None:
            raise self._failed
        if field not in self._made:
            self._make(field)
        return self._made[field]

    def join(self) -> None:
        """Wait for the thread: one that still runs when the interpreter ends takes the process down with it."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _make(self, field: str) -> None:
        with self._draft.step("load"):
            self._searcher.encoder(field)
        with self._draft.step("encode"):
            self._made[field] = self._searcher.encode(field, [self._draft.dense_text])[0]

    def _try(self, fields: Sequence[str]) -> None:
        try:
            for field in fields:
                self._make(field)
        except BaseException as error:  # noqa: BLE001 - raised again where the vector is needed
            self._failed = error
