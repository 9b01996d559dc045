"""One store: everything that a program can do with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import QueryConfig, RuntimeConfig, SettingsRequest, SourceRequest
from ..query.session import Session
from ..reporters import make_reporter
from ..store.manifest import Manifest
from ..store.writer import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..config import measuring
    from ..contracts import Reporter
    from ..doctor.findings import DoctorReport
    from ..evaluation import ann, evaluation, measure
    from ..evaluation.judgements import Judged, Run
    from ..evaluation.tuning.tuning import TunedState, Tuning
    from ..inspection.inspection import Inspection
    from ..query.answer import Answer
    from ..query.lookup import Shown
    from ..query.query_file import Queries, QuerySource
    from ..records import Source
    from ..report.make import Report
    from ..stages.arms import ArmListing
    from ..stages.pipeline import PipelineRun
    from ..stages.preflight import Preflight
    from ..stages.report import RunReport
    from ..store.layout import Layout

PathLike = str | os.PathLike[str]


class Store:
    """One store: the stages that fill it, the queries it answers, and measurements of it.

    Stages take the write lock and return a :class:`~embedctl.stages.report.RunReport`; everything else reads the
    current snapshot and takes no lock. Every method may raise an :class:`~embedctl.errors.EmbedctlError`.
    """

    def __init__(
        self, layout: Layout, reporter: Reporter | str = "silent", runtime: RuntimeConfig | None = None
    ) -> None:
        self._layout = layout
        self._reporter = make_reporter(reporter) if isinstance(reporter, str) else reporter
        self._runtime = runtime or RuntimeConfig()
        self._session = Session(layout, self._reporter, self._runtime)

    @property
    def path(self) -> Path:
        """The store's folder."""
        return self._layout.root

    def index(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        settings: SettingsRequest | None = None,
        refresh: bool = True,
        rebuild: bool = False,
        wait: float = 0.0,
    ) -> RunReport:
        """Run the whole pipeline: ingest, chunk, embed, index.

        ``paths``, and ``files`` as one source, are covered from now on in the way of ``source``; none: refresh what the
        store covers, or with ``refresh=False`` finish what is ingested. ``settings`` must agree with the store's, or
        ``rebuild`` makes everything again that was made with others. ``wait`` is for another writer, in seconds.
        """
        stages = ("ingest", "chunk", "embed", "index") if refresh else ("chunk", "embed", "index")
        run = self._pipeline("index", stages, settings, rebuild, wait)
        run.allow_empty = source is not None and source.allow_empty
        return run.go(self._wanted(paths, files, source))

    def ingest(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        settings: SettingsRequest | None = None,
        rebuild: bool = False,
        wait: float = 0.0,
    ) -> RunReport:
        """Read sources into ``documents/``; arguments as for :meth:`index`."""
        run = self._pipeline("ingest", ("ingest",), settings, rebuild, wait)
        run.allow_empty = source is not None and source.allow_empty
        return run.go(self._wanted(paths, files, source))

    def chunk(self, *, settings: SettingsRequest | None = None, rebuild: bool = False, wait: float = 0.0) -> RunReport:
        """Cut documents into ``chunks/``; arguments as for :meth:`index`."""
        return self._pipeline("chunk", ("chunk",), settings, rebuild, wait).go()

    def embed(self, *, settings: SettingsRequest | None = None, rebuild: bool = False, wait: float = 0.0) -> RunReport:
        """Embed chunks into ``embeddings/``; arguments as for :meth:`index`."""
        return self._pipeline("embed", ("embed",), settings, rebuild, wait).go()

    def distill(self, share: float | None = None, *, wait: float = 0.0) -> RunReport:
        """Fit a student to the store's model: a static encoder in the same space, see ``docs/distill.md``.

        A store that was made with ``--fast`` is then embedded and indexed with it; in any other, queries may use it.
        ``share`` is of the distinct chunks to learn from; ``None``: all where the model embedded all of them, else the
        share that the store was made with, or the default.
        """
        stages = ("distill", "embed", "index") if read_manifest(self._layout).settings.fast else ("distill",)
        run = self._pipeline("distill", stages, None, rebuild=False, wait=wait)
        run.share = share
        return run.go()

    def student(self) -> Path:
        """Return the folder of the store's student; do not change it."""
        from ..store.students import own_student

        return own_student(self._layout, read_manifest(self._layout))

    def export_student(self, folder: PathLike) -> None:
        """Copy the store's student to a new or empty folder, as other libraries read it."""
        from ..store.students import export

        self._session.read(lambda manifest: export(self._layout, manifest, Path(folder).expanduser()))

    def arms(self) -> list[ArmListing]:
        """Return the arms of the store and how far each is built, see ``docs/arms.md``."""
        from ..stages.arms import listing

        return listing(read_manifest(self._layout))

    def add_arm(self, name: str, kind: str = "dense", model: str | None = None, *, wait: float = 0.0) -> None:
        """Add an arm to the settings; the next :meth:`index` builds it.

        ``model`` makes its vectors; ``None``: those of the store's model, or none for kinds that search text.
        """
        from ..stages.arms import add, commit

        commit(self._layout, "add", lambda settings: add(settings, name, kind, model), wait)

    def remove_arm(self, name: str, *, wait: float = 0.0) -> None:
        """Remove an arm, and the vectors that no other arm searches."""
        from ..stages.arms import commit, remove

        commit(self._layout, "remove", lambda settings: remove(settings, name), wait)

    def default_arms(self, names: Sequence[str], *, wait: float = 0.0) -> None:
        """Make queries ask these arms unless they name others."""
        from ..stages.arms import commit, with_default

        commit(self._layout, "default", lambda settings: with_default(settings, names), wait)

    def forget(self, targets: Sequence[str], *, wait: float = 0.0) -> RunReport:
        """Remove sources (by name), files or documents (by path or id), and their text from every live file."""
        from ..stages.forget import forget

        read_manifest(self._layout)
        return forget(self._layout, targets, self._reporter, wait)

    def preflight(
        self,
        paths: Sequence[PathLike] = (),
        *,
        files: Sequence[str] | None = None,
        source: SourceRequest | None = None,
        settings: SettingsRequest | None = None,
        rebuild: bool = False,
    ) -> Preflight:
        """Return what :meth:`index` would do, without writing anything; arguments as there."""
        from ..stages.preflight import preflight
        from ..stages.settings import settle

        def look(current: Manifest) -> Preflight:
            manifest = settle(current, settings or SettingsRequest(), rebuild)
            sources = self._wanted(paths, files, source)(manifest)
            empty = source is not None and source.allow_empty
            return preflight(self._layout, manifest, sources, self._runtime, self._reporter, allow_empty=empty)

        there = self._layout.manifest.exists() or self._layout.backup.exists()
        return self._session.read(look) if there else look(Manifest())

    def doctor(
        self, *, deep: bool = False, repair: bool = False, dry_run: bool = False, wait: float = 0.0
    ) -> DoctorReport:
        """Look for damage, reading every byte where ``deep``; ``repair`` it, or with ``dry_run`` list the repairs."""
        from ..doctor.doctor import doctor
        from ..doctor.examine import DoctorRequest

        return doctor(self._layout, DoctorRequest(deep, repair, dry_run, wait, self._runtime), self._reporter)

    def query(self, text: str, config: QueryConfig | None = None, *, n: int | None = None) -> Answer:
        """Return the best chunks for ``text``; any text is a valid query.

        The text has words, ``"phrases"`` and ``-exclusions``; ``n`` goes before ``config.n``. The snapshot stays open
        between calls, until a new one is published.
        """
        from ..query.setup import validated

        wanted = validated(config or QueryConfig(), n)
        return self._session.ask(lambda searcher: searcher.search(text, wanted), wanted.encoder)

    def query_many(
        self,
        queries: Iterable[str | tuple[str, str]] | QuerySource,
        config: QueryConfig | None = None,
        *,
        n: int | None = None,
    ) -> Iterator[Answer]:
        """Yield what :meth:`query` returns for each of ``queries``, in their order and much faster.

        Texts, or pairs of id and text, are read by another thread ahead of the answers. The snapshot that is current at
        the first answer answers all of them; errors are raised at the first answer.
        """
        from ..query.batch import search_many
        from ..query.query_file import as_source
        from ..query.setup import validated

        wanted, source = validated(config or QueryConfig(), n), as_source(queries)
        setup = self._session.ask(lambda searcher: searcher.ready(wanted, source.count), wanted.encoder)
        with self._reporter.stage("query", source.count, "queries") as progress:
            for answer in search_many(setup, source):
                yield answer
                progress.advance()

    def matcher(self, text: str) -> Callable[[str], bool]:
        """Return a function from a word to whether ``query(text)`` looks it up, up to inflection; loads no model."""
        return self._session.ask(lambda searcher: searcher.matcher(text))

    def pending(self) -> dict[str, int]:
        """Return how many documents wait for each of ``chunk``, ``embed`` and ``index``; all 0: nothing is waiting."""
        from ..stages.status import pending

        return pending(read_manifest(self._layout))

    def status(self, *, check: bool = False, files: str | None = None) -> dict[str, Any]:
        """Return what is held and what is pending; ``files``: list ``indexed``, ``skipped``, ``failed`` or ``all``."""
        from ..stages.status import status

        return self._session.read(lambda manifest: status(self._layout, manifest, check, files))

    def show(self, name: str) -> Shown:
        """Return one document or chunk by its id."""
        from ..query.lookup import show

        return self._session.read(lambda manifest: show(self._layout, manifest, name))

    def evaluate(
        self,
        queries: Queries,
        judgements: Judged,
        config: measuring.EvaluationConfig | None = None,
        *,
        runs: Mapping[str, Run] | None = None,
    ) -> evaluation.Evaluation:
        """Measure how good the answers to judged queries are; ``runs`` are of other tools; see ``docs/eval.md``."""
        return self._measurements.judged(queries, judgements, config, runs)

    def evaluate_synthetic(
        self, config: measuring.EvaluationConfig | None = None, *, synthetic: measuring.SyntheticConfig | None = None
    ) -> evaluation.Evaluation:
        """Measure with queries that are made from the corpus itself, see ``docs/synthetic.md``."""
        return self._measurements.synthetic(config, synthetic)

    def measure_ann(
        self, config: measuring.AnnConfig | None = None, *, queries: Queries | None = None
    ) -> ann.AnnReport:
        """Measure what each dense plan loses against an exact search; ``queries``: ``None``: made from the corpus."""
        return self._measurements.plans(config, queries)

    def inspect(self, config: measuring.InspectConfig | None = None) -> Inspection:
        """Measure how healthy the embeddings of the store are, without loading a model; see ``docs/inspect.md``."""
        from ..inspection.inspect import inspect

        return self._session.read(lambda manifest: inspect(self._layout, manifest, config, self._reporter))

    def report(
        self,
        config: measuring.ReportConfig | None = None,
        *,
        queries: Queries | None = None,
        judgements: Judged | None = None,
        synthetic: bool = False,
    ) -> Report:
        """Return a page about the store: HTML that needs nothing else, and loads nothing.

        Queries add scores and dense plans to corpus, map and health; judgements add quality and the worst queries;
        ``synthetic`` makes queries from the corpus instead.
        """
        from ..report.make import report

        return report(self._measurements, config, queries, judgements, synthetic)

    def tune(
        self,
        queries: Queries,
        judgements: Judged,
        config: measuring.TuneConfig | None = None,
        *,
        dry_run: bool = False,
        wait: float = 0.0,
    ) -> Tuning:
        """Fit how hits are ranked to judged queries, and keep the result if it is better on queries held out.

        Args as for :meth:`evaluate`; ``dry_run`` changes nothing, ``wait`` is for another writer, in seconds.
        """
        return self._measurements.tuning(queries, judgements, config, None if dry_run else wait)

    def undo_tune(self, *, wait: float = 0.0) -> TunedState:
        """Rank as before the last :meth:`tune` that was kept; can be repeated until the default is reached."""
        from ..evaluation.tuning.tune import undo

        read_manifest(self._layout)
        return undo(self._layout, wait)

    def tuned(self) -> TunedState:
        """Return how hits are ranked unless a query says otherwise, and what that was fitted to."""
        from ..evaluation.tuning.tuning import TunedState

        return TunedState.of(read_manifest(self._layout))

    @property
    def _measurements(self) -> measure.Measurements:
        from ..evaluation.measure import Measurements

        return Measurements(self._layout, self._session, self._reporter)

    def _pipeline(
        self, command: str, stages: Sequence[str], settings: SettingsRequest | None, rebuild: bool, wait: float
    ) -> PipelineRun:
        from ..stages.pipeline import PipelineRun

        request = settings or SettingsRequest()
        return PipelineRun(self._layout, command, stages, self._reporter, request, rebuild, wait, self._runtime)

    def _wanted(
        self, paths: Sequence[PathLike], files: Sequence[str] | None, request: SourceRequest | None
    ) -> Callable[[Manifest], list[Source]]:
        """Return what makes the sources of a command, given the snapshot it starts from."""
        from ..sources.describe import requested_sources

        asked, places = request or SourceRequest(), [Path(path) for path in paths]
        return lambda manifest: requested_sources(places, files, asked, manifest.sources, self._layout.base)
