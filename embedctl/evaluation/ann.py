"""Recall and latency of the dense plans of a store, against an exact search.

Two sets of vectors are searched: those of real queries, and stored ones with noise added, of which there are as many as
one likes. A plan is measured as queries use it, and along its one parameter: ``ef`` of the graph, the candidates that a
scan of sign bits leaves to be compared exactly.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np

from ..arms.dense.binary import BinaryRetriever
from ..arms.dense.hnsw import HnswRetriever
from ..arms.dense.hnsw_writer import GraphPlan, graph_bytes, write_graph
from ..arms.dense.kernels import sign_planes, to_float32
from ..arms.dense.recall import exact_scores, noisy_vectors
from ..arms.dense.segments import Segments
from ..arms.dense.segments_writer import centre_of
from ..config import limits
from ..config.measuring import SyntheticConfig
from ..errors import NoStoreError
from ..index.open import Index, require_index
from ..plural import counted
from ..query.parse import parse_query
from ..system.resources import available_memory
from .significance import mean_interval
from .synthetic.queries import make_queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..arms.dense.arm import DenseArm
    from ..arms.dense.structures import Structures
    from ..config import HnswConfig
    from ..config.measuring import AnnConfig
    from ..contracts import DenseRetriever, Encoder, Labels, Reporter, Vectors
    from ..store.layout import Layout
    from ..store.manifest import Manifest
    from .metrics import Values

SCHEMA_VERSION = 1

PlanName = Literal["flat", "binary", "hnsw"]
AskedFor = Literal["queries", "chunks"]
"""Vectors of queries, or stored vectors with noise added."""
QueryOrigin = Literal["file", "synthetic"]


@dataclass(frozen=True, slots=True)
class AnnPoint:
    """One plan with one setting, on one set of query vectors."""

    plan: PlanName
    parameter: int | None
    """``ef`` of ``hnsw``; for ``binary``, the candidates that are compared exactly; ``None``: there is none."""
    asked: AskedFor
    current: bool
    """Queries of this store that take the plan take it with this setting."""
    recall: float
    """At ``k``, mean over the query vectors; ``low`` and ``high``: its 95% interval."""
    low: float
    high: float
    recall_at_depth: float
    """Of all rows that the arm proposes to the fusion."""
    median_ms: float
    """Of one search, one at a time, without the encoder."""
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnnReached:
    """Setting and cost with which one plan reaches the target on one set of vectors."""

    plan: PlanName
    asked: AskedFor
    parameter: int | None
    reached: bool
    """``False``: no setting that was tried did."""


@dataclass(frozen=True, slots=True)
class AnnReport:
    """Recall and latency of the dense plans of one store."""

    rows: int
    """Live chunks."""
    dim: int
    k: int
    depth: int
    """Rows requested by each search, as queries do."""
    target: float
    queries: QueryOrigin
    asked: dict[str, int]
    """Number of vectors in each set."""
    built: bool
    """The store has neither sign bits nor a graph; they were made for this measurement alone."""
    points: tuple[AnnPoint, ...]
    reached: tuple[AnnReached, ...]
    notes: tuple[str, ...]
    """Remarks: finished sentences."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/ann.v1.json`` describes."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


class _Case(NamedTuple):
    plan: PlanName
    parameter: int | None
    current: bool
    retriever: DenseRetriever


def measure_ann(
    layout: Layout,
    manifest: Manifest,
    texts: Sequence[str] | None,
    encoder: Encoder,
    config: AnnConfig,
    reporter: Reporter,
) -> AnnReport:
    """Measure every plan of the published index, or the plans that it would have were it larger.

    ``texts`` are queries, which ``encoder`` encodes; ``None``: they are made from the corpus.

    Raises:
        NoStoreError: there is no index, or nothing in it.
        DamagedError: the vectors, or what the parts keep of them, are damaged.
    """
    origin: QueryOrigin = "file" if texts is not None else "synthetic"
    if texts is None:
        wanted = SyntheticConfig(queries=config.queries, seed=config.seed)
        texts = [query.text for query in make_queries(layout, manifest, wanted).queries]
    read = [text for query in texts if (text := parse_query(query).dense_text.strip())][: config.queries]
    queries = encoder.encode_queries(read) if read else np.empty((0, encoder.dim), np.float32)
    record = require_index(layout, manifest)
    arm = _dense_arm(Index(layout, record))
    structures, segments = arm.structures, arm.structures.segments
    if not len(segments):
        raise NoStoreError(f"The index in {layout.root} has no chunks.", 'Add some with "embedctl index PATH".')
    vectors = np.concatenate([queries, noisy_vectors(segments, config.sampled, config.noise, config.seed)])
    depth = min(max(manifest.ranking.candidates, config.k), len(segments))
    cases, notes, built = _cases(structures, record.settings.hnsw, config, depth, reporter)
    if not len(queries):
        notes.append("There is no query with anything for the encoder to read; only stored vectors are asked for.")
    found: list[tuple[list[Labels], list[float]]] = []
    with reporter.stage("search", len(cases), "settings") as progress:
        for case in cases:
            found.append(_searched(case.retriever, vectors, depth))
            progress.advance()
    asked = [np.concatenate([labels[row] for labels, _ in found]) for row in range(len(vectors))]
    with reporter.stage("compare", len(record.parts), "parts") as progress:
        exact = exact_scores(layout, record.parts, vectors, asked, depth, arm.field, progress.advance)
    points: list[AnnPoint] = []
    own: dict[AskedFor, slice] = {"queries": slice(len(queries)), "chunks": slice(len(queries), None)}
    for name, rows in own.items():
        for case, (labels, seconds) in zip(cases, found, strict=True) if len(vectors[rows]) else ():
            at_k, at_depth = (exact.shares(labels, k)[rows] for k in (config.k, depth))
            points.append(_point(case, name, at_k, at_depth, seconds[rows]))
    return AnnReport(
        rows=len(segments),
        dim=structures.dim,
        k=config.k,
        depth=depth,
        target=config.target,
        queries=origin,
        asked={name: len(vectors[rows]) for name, rows in own.items()},
        built=built,
        points=tuple(points),
        reached=tuple(_reached(points, config.target)),
        notes=tuple(notes),
    )


def _dense_arm(index: Index) -> DenseArm:
    """Return the arm to measure: the first one of the kind ``dense``.

    Raises:
        NoStoreError: there is none.
    """
    name = next((name for name, record in index.record.arms.items() if record.kind == "dense"), None)
    if name is None:
        raise NoStoreError(
            "The index has no dense arm to measure.", 'Add one with "embedctl arm add NAME --kind dense".'
        )
    return cast("DenseArm", index.arm(name))


def _cases(
    structures: Structures, settings: HnswConfig, config: AnnConfig, depth: int, reporter: Reporter
) -> tuple[list[_Case], list[str], bool]:
    """Return the cases to measure, notes on them, and whether structures were built for it."""
    segments = structures.segments
    rows = len(segments)
    cases, notes = [_Case("flat", None, True, structures.flat)], []
    if structures.has_bits or structures.graph_bytes:
        if structures.has_bits:
            cases += _binary_cases(segments, structures.centre, config, depth)
        if structures.graph_bytes and _fits(structures.graph_bytes):
            cases += _hnsw_cases(structures.hnsw, structures.ef, config, depth)
        elif structures.graph_bytes:
            notes.append("The graph is not measured: it does not fit into memory, and so no query uses it either.")
        return cases, notes, False
    notes.append(
        f"All {counted(rows, 'chunk')} are compared with every query, as up to {limits.INDEX.flat_rows:,} are: "
        "nothing is lost, and there are no sign bits and no graph."
    )
    if rows > config.build_rows:
        notes.append("What they would lose is measured with --build, which makes some in a temporary folder.")
    elif rows > depth and _fits(graph_bytes(rows, segments.dim, settings, 1)):
        notes.append("Their figures are of structures that were built for this measurement alone.")
        centre = centre_of(segments)
        cases += _binary_cases(_with_bits(segments, centre), centre, config, depth)
        cases += _hnsw_cases(_built_graph(segments, settings, reporter), settings.ef, config, depth)
        return cases, notes, True
    return cases, notes, False


def _binary_cases(segments: Segments, centre: Vectors, config: AnnConfig, depth: int) -> Iterator[_Case]:
    most = limits.INDEX
    current = BinaryRetriever(segments, centre, most.rescored_per_row, most.rescored_least).candidates(depth)
    for count in sorted({*config.candidates, current}):
        if depth <= count < len(segments):
            yield _Case("binary", count, count == current, BinaryRetriever(segments, centre, 1, count))


def _hnsw_cases(graph: HnswRetriever, ef: int, config: AnnConfig, depth: int) -> Iterator[_Case]:
    """Yield the graph at growing ``ef``; never below the number of requested rows."""
    current = max(ef, depth)
    for width in sorted({*(max(one, depth) for one in config.efs), current}):
        yield _Case("hnsw", width, width == current, graph.with_ef(width))


def _with_bits(segments: Segments, centre: Vectors) -> Segments:
    bits = [replace(one, planes=sign_planes(to_float32(one.vectors), centre)) for one in segments.segments]
    return Segments(bits, segments.dim)


def _built_graph(segments: Segments, settings: HnswConfig, reporter: Reporter) -> HnswRetriever:
    """Return a graph of the rows, loaded from a temporary folder that is gone again."""
    rows = len(segments)
    with (
        tempfile.TemporaryDirectory(prefix="embedctl-", ignore_cleanup_errors=True) as folder,
        reporter.stage("graph", rows, "chunks") as progress,
    ):
        path = Path(folder) / "hnsw.bin"
        plan = GraphPlan("build", "to be measured", rows, rows)
        write_graph(path, segments, plan, settings, None, progress.advance)
        return HnswRetriever(path, segments, settings.ef)


def _fits(size: int) -> bool:
    free = available_memory()
    return free is None or size < free


def _searched(retriever: DenseRetriever, vectors: Vectors, depth: int) -> tuple[list[Labels], list[float]]:
    """Return the nearest labels of each vector, and the seconds of each search, one after the other."""
    labels: list[Labels] = []
    seconds: list[float] = []
    for vector in (vectors[0], *vectors):  # the first one pays for what is read for the first time
        start = time.perf_counter()
        ranking = retriever.search(vector, depth)
        seconds.append(time.perf_counter() - start)
        labels.append(ranking.labels)
    return labels[1:], seconds[1:]


def _point(case: _Case, asked: AskedFor, at_k: Values, at_depth: Values, seconds: Sequence[float]) -> AnnPoint:
    recall = mean_interval(at_k)
    return AnnPoint(
        plan=case.plan,
        parameter=case.parameter,
        asked=asked,
        current=case.current,
        recall=recall.mean,
        low=recall.mean if recall.low is None else recall.low,
        high=recall.mean if recall.high is None else recall.high,
        recall_at_depth=float(np.mean(at_depth)),
        median_ms=1e3 * statistics.median(seconds),
        p95_ms=1e3 * float(np.quantile(seconds, 0.95)),
    )


def _reached(points: Sequence[AnnPoint], target: float) -> Iterator[AnnReached]:
    """Yield for each plan and set the smallest setting from which on every larger one reaches the target."""
    by_plan: dict[tuple[PlanName, AskedFor], list[AnnPoint]] = {}
    for point in points:
        by_plan.setdefault((point.plan, point.asked), []).append(point)
    for (plan, asked), along in by_plan.items():
        reach = list(takewhile(lambda point: point.recall >= target, reversed(along)))
        yield AnnReached(plan, asked, reach[-1].parameter if reach else None, bool(reach))
