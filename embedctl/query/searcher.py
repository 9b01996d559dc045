"""One snapshot, opened for questions: one at a time, or many."""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..config import FilterConfig, RankingConfig
from ..index.dense_arm import DenseArm
from ..index.open import Generation, require_index
from .answering import Asked, DensePart, Question
from .parse import parse_query
from .validate import settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..arms.bm25.retriever import Bm25Retriever
    from ..config import QueryConfig
    from ..contracts import Encoder, Vectors
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .answer import Answer, SettledBy
    from .filters import LabelSet


class Ready(NamedTuple):
    """What a batch of queries needs of a snapshot: all of it is open."""

    asked: Asked
    encoder: Encoder | None
    """``None``: the dense arm is not asked."""
    encoded_by: Callable[[], str]
    """Says what encodes, and how that is run."""
    allowed_for: Callable[[str], LabelSet] | None = None
    """The chunks that may answer a query, by its id, where each has its own; ``asked`` is what all have in common."""


class Searcher:
    """Answers queries from one snapshot; opens each arm when a query first needs it."""

    def __init__(self, layout: Layout, manifest: Manifest, load_encoder: Callable[[], Encoder]) -> None:
        """Open a snapshot.

        Raises:
            NoStoreError: it has no index yet.
        """
        self._layout = layout
        self._manifest = manifest
        self._index = require_index(layout, manifest)
        self._generation = Generation(layout, self._index)
        self._load_encoder = load_encoder
        self.dense = DenseArm(self._generation)

    @cached_property
    def bm25(self) -> Bm25Retriever:
        """The BM25 arm, which also keeps what hits show."""
        return self._generation.bm25

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that made the vectors."""
        return self._load_encoder()

    def ready(self, config: QueryConfig, queries: int | None) -> Ready:
        """Open what ``queries`` queries with ``config`` need, so that it stays there while others publish and clean up.

        ``None``: nobody knows how many queries will come.

        Raises:
            DamagedError: something is missing, or not what was written.
            UsageError: the filter is malformed, or names a source that the store does not have.
        """
        asked = self.asked(config, self.allowed(config))
        if config.mode == "bm25":
            return Ready(asked, None, self.encoded_by)
        self.dense.open(self.dense.plan(config.dense, asked.allowed, queries or 1, config.ef))
        return Ready(asked, self.encoder, self.encoded_by)

    def encoded_by(self) -> str:
        """Return the encoder's name and how it is run, in words."""
        runtime = getattr(self.encoder, "runtime", "")
        return f"{self.encoder.name}, {runtime}" if isinstance(runtime, str) and runtime else self.encoder.name

    def asked(self, config: QueryConfig, allowed: LabelSet | None) -> Asked:
        """Return what every query with ``config`` asks; ``allowed`` as :meth:`allowed` returned it."""
        ranking = settled(config, self._manifest.ranking)
        return Asked(
            bm25=self.bm25,
            damage=self._generation.warnings,
            dense=self.dense,
            config=config,
            ranking=ranking,
            settled_by=_settled_by(ranking, self._manifest),
            allowed=allowed,
            rows=self._index.rows,
            language=self._index.settings.language,
            roots={source.name: source.root for source in self._manifest.sources},
        )

    def allowed(self, config: QueryConfig) -> LabelSet | None:
        """Return the chunks that the filter lets through, or ``None`` when it restricts nothing.

        Raises:
            UsageError: the filter is malformed, or names a source that the store does not have.
        """
        if config.filter == FilterConfig():
            return None
        from .select import select

        return select(self._layout, self._manifest, self._index, config.filter)

    def search(self, text: str, config: QueryConfig) -> Answer:
        """Return the ``config.n`` best hits; any text is a valid query.

        Arms are asked for more until the filter, the thresholds and the limit per file leave enough, or until
        they have no more. BM25 is asked while the encoder is loaded.
        """
        start = time.perf_counter()
        question = Question(text)
        with question.clock.step("filter"):
            allowed = self.allowed(config)
        encoding = _Encoding(self, question) if config.mode != "bm25" and question.dense_text else None
        try:
            part = None
            if encoding is not None:
                part = DensePart(self.dense.plan(config.dense, allowed, ef=config.ef), encoding.vector, self.encoded_by)
            answer = question.answer(self.asked(config, allowed), part)
        finally:
            if encoding is not None:
                encoding.join()
        if part is not None:
            self.dense.answered()
        answer.timings["total"] = 1e3 * (time.perf_counter() - start)
        return answer

    def matcher(self, text: str) -> Callable[[str], bool]:
        """Return a function that tells whether a word is one that ``text`` looks up in BM25, up to its inflection."""
        return self.bm25.matcher(parse_query(text))


def _settled_by(ranking: RankingConfig, manifest: Manifest) -> SettledBy:
    if manifest.tuned and ranking == manifest.ranking:
        return "tuned"
    return "default" if ranking == RankingConfig() else "asked"


class _Encoding:
    """The vector of one query, made by a thread of its own where the encoder has to be loaded for it."""

    def __init__(self, searcher: Searcher, question: Question) -> None:
        self._searcher = searcher
        self._question = question
        self._made: Vectors | None = None
        self._failed: BaseException | None = None
        self._thread: threading.Thread | None = None
        if "encoder" not in vars(searcher):
            self._thread = threading.Thread(target=self._try, name="encoder", daemon=True)
            self._thread.start()

    def vector(self) -> Vectors:
        """Return float32 ``(dim,)``.

        Raises:
            EmbedctlError: the encoder cannot be loaded.
        """
        self.join()
        if self._failed is not None:
            raise self._failed
        if self._made is None:
            self._make()
        assert self._made is not None
        return self._made

    def join(self) -> None:
        """Wait for the thread: one that still runs when the interpreter ends takes the process down with it."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _make(self) -> None:
        clock = self._question.clock
        with clock.step("load"):
            encoder = self._searcher.encoder
        with clock.step("encode"):
            self._made = encoder.encode_queries([self._question.dense_text])[0]

    def _try(self) -> None:
        try:
            self._make()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the vector
            self._failed = error
