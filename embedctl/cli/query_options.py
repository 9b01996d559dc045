"""Flags of ``query``: how to search, what may answer, and what is printed."""

from dataclasses import dataclass
from typing import Annotated, Literal

from typer import Option

from ..config import DensePlan, FilterConfig, FusionConfig, Mode, QueryConfig
from ..errors import UsageError

_QUERY, _FUSION = QueryConfig(), FusionConfig()

Format = Literal["text", "json", "jsonl", "csv", "trec"]


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How the hits are printed."""

    n: Annotated[int, Option("-n", "--number", min=1, metavar="N", help="Most hits.")] = _QUERY.n
    files: Annotated[bool, Option("-l", "--files", help="Print only paths, each once.")] = False
    null: Annotated[bool, Option("-0", "--null", help="As -l, with a NUL byte behind each path.")] = False
    full: Annotated[bool, Option("--full", help="Print whole chunks instead of snippets.")] = False
    json: Annotated[bool, Option("--json", help="Print one JSON object; short for --format json.")] = False
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON object for each hit.")] = False
    form: Annotated[Format | None, Option("--format", help="Default: text.", show_default=False)] = None
    query_id: Annotated[str, Option(metavar="ID", help="First column of --format trec.")] = "1"
    explain: Annotated[bool, Option("--explain", help="Say how the answer was found.")] = False

    @property
    def format(self) -> str:
        """The one format that was asked for: a :data:`Format`, or ``paths``.

        Raises:
            UsageError: several were.
        """
        asked: set[str] = {self.form} if self.form else set()
        flags = {"json": self.json, "jsonl": self.jsonl, "paths": self.files or self.null}
        asked |= {name for name, given in flags.items() if given}
        if len(asked) > 1:
            raise UsageError("Several output formats were asked for.", "Keep one of --format, --json, --jsonl and -l.")
        return asked.pop() if asked else "text"

    @property
    def per_file(self) -> bool:
        """Whether the format has room for one hit of each document only."""
        return self.format in ("paths", "trec")


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How the hits are found."""

    mode: Annotated[Mode, Option("-m", "--mode", help="Both arms fused, or one of them.")] = _QUERY.mode
    rrf_k: Annotated[int, Option(min=0, metavar="K", help="Constant of reciprocal rank fusion.")] = _FUSION.rrf_k
    bm25_weight: Annotated[float, Option(min=0.0, metavar="W", help="Weight of BM25 in the fusion.")] = (
        _FUSION.bm25_weight
    )
    dense_weight: Annotated[float, Option(min=0.0, metavar="W", help="Weight of the dense arm in the fusion.")] = (
        _FUSION.dense_weight
    )
    candidates: Annotated[int, Option(min=1, metavar="N", help="Chunks that each arm proposes.")] = _QUERY.candidates
    dense: Annotated[DensePlan, Option(help="Exact scan (flat), graph (hnsw), or by size (auto).")] = _QUERY.dense
    min_cosine: Annotated[float | None, Option(metavar="X", help="Leave out hits with a lower cosine.")] = None
    min_bm25: Annotated[float | None, Option(metavar="X", help="Leave out hits with a lower BM25 score.")] = None
    max_per_file: Annotated[
        int | None, Option(min=0, metavar="N", help="Most hits of one document; 0: any number.", show_default=False)
    ] = None
    refresh: Annotated[bool, Option("--refresh", help="Refresh the index first.")] = False
    wait: Annotated[
        float, Option(min=0.0, metavar="SECONDS", help="With --refresh: wait for another writer.", show_default=False)
    ] = 0.0


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """What may answer."""

    path: Annotated[
        list[str] | None, Option(metavar="GLOB", help="Only matching paths, as in .gitignore; may be repeated.")
    ] = None
    type: Annotated[
        list[str] | None, Option(metavar="TYPE", help="Only this ending, language or media type; may be repeated.")
    ] = None
    where: Annotated[
        str, Option(metavar="EXPRESSION", help='Condition on metadata: "year >= 2024".', show_default=False)
    ] = ""
    source: Annotated[list[str] | None, Option(metavar="NAME", help="Only this source; may be repeated.")] = None


def query_config(search: SearchOptions, filters: FilterOptions, output: OutputOptions) -> QueryConfig:
    """Return what the flags ask for.

    Raises:
        UsageError: a threshold is on the score of an arm that ``--mode`` leaves out.
    """
    for arm, score, least in (("bm25", "bm25", search.min_bm25), ("dense", "cosine", search.min_cosine)):
        if least is not None and search.mode not in ("hybrid", arm):
            raise UsageError(
                f"--min-{score} cannot hold with --mode {search.mode}, which has no such score.", "Leave out one."
            )
    limit = search.max_per_file
    return QueryConfig(
        mode=search.mode,
        n=output.n,
        candidates=search.candidates,
        max_per_file=(1 if output.per_file else _QUERY.max_per_file) if limit is None else limit,
        dense=search.dense,
        min_cosine=search.min_cosine,
        min_bm25=search.min_bm25,
        fusion=FusionConfig(search.rrf_k, search.bm25_weight, search.dense_weight),
        filter=FilterConfig(
            tuple(filters.path or ()), tuple(filters.type or ()), filters.where, tuple(filters.source or ())
        ),
    )
