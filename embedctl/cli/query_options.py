"""Flags of ``query``: how to search, what may answer, and what is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from ..config import DensePlan, FilterConfig, FusionName, Mode, QueryConfig, QueryEncoder, RankingRequest
from ..errors import UsageError
from .parameters import option

_QUERY = QueryConfig()

Format = Literal["text", "json", "jsonl", "csv", "trec"]


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How the hits are printed."""

    n: Annotated[int, option("-n", "--number", min=1, metavar="N", help="Most hits.")] = _QUERY.n
    files: Annotated[bool, option("-l", "--files", help="Print only paths, each once.")] = False
    null: Annotated[bool, option("-0", "--null", help="As -l, with a NUL byte behind each path.")] = False
    full: Annotated[bool, option("--full", help="Print whole chunks instead of snippets.")] = False
    json: Annotated[bool, option("--json", help="Print one JSON object; short for --format json.")] = False
    jsonl: Annotated[bool, option("--jsonl", help="Print one JSON object for each hit.")] = False
    form: Annotated[Format | None, option("--format", help="Default: text.", show_default=False)] = None
    query_id: Annotated[str | None, option(metavar="ID", help="First column of --format trec. Without it: 1.")] = None
    explain: Annotated[bool, option("--explain", help="Say how the answer was found.")] = False

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
class BatchOptions:
    """Many queries at once."""

    queries: Annotated[
        str | None,
        option(metavar="FILE|-", help="Answer every query in FILE: lines of text, JSON Lines, or .tsv; - is stdin."),
    ] = None
    target: Annotated[
        Path | None,
        option("-o", "--output", metavar="FILE", help="With --queries: write there; .parquet makes it Parquet."),
    ] = None


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How the hits are found."""

    mode: Annotated[Mode, option("-m", "--mode", help="Both arms fused, or one of them.")] = _QUERY.mode
    dense: Annotated[DensePlan, option(help="Exact scan (flat), scan of bits (binary), graph (hnsw), or auto.")] = (
        _QUERY.dense
    )
    ef: Annotated[
        int | None, option(min=1, metavar="N", help="Candidates kept while a graph is walked; eval --ann measures it.")
    ] = None
    query_encoder: Annotated[
        QueryEncoder, option(help="The model (teacher, auto), or the encoder distilled from it: nothing to load.")
    ] = _QUERY.encoder
    min_cosine: Annotated[float | None, option(metavar="X", help="Leave out hits with a lower cosine.")] = None
    min_bm25: Annotated[float | None, option(metavar="X", help="Leave out hits with a lower BM25 score.")] = None
    max_per_file: Annotated[
        int | None, option(min=0, metavar="N", help="Most hits of one document; 0: any number.", show_default=False)
    ] = None
    refresh: Annotated[bool, option("--refresh", help="Refresh the index first.")] = False
    wait: Annotated[
        float, option(min=0.0, metavar="SECONDS", help="With --refresh: wait for another writer.", show_default=False)
    ] = 0.0


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """In which order; what is not given is as the store was tuned, or else as by default."""

    fusion: Annotated[FusionName | None, option(help="How the arms become one ranking.", show_default=False)] = None
    rrf_k: Annotated[int | None, option(min=0, metavar="K", help="Constant of reciprocal rank fusion.")] = None
    bm25_weight: Annotated[float | None, option(min=0.0, metavar="W", help="Weight of BM25 in the fusion.")] = None
    dense_weight: Annotated[float | None, option(min=0.0, metavar="W", help="Weight of the dense arm.")] = None
    candidates: Annotated[int | None, option(min=1, metavar="N", help="Chunks that each arm proposes.")] = None
    rm3: Annotated[
        bool | None, option("--rm3/--no-rm3", help="Ask BM25 again, with words that its first hits have in common.")
    ] = None
    rocchio: Annotated[
        bool | None, option("--rocchio/--no-rocchio", help="Ask the dense arm again, nearer to its first hits.")
    ] = None

    def request(self) -> RankingRequest:
        """Return what the flags ask for.

        Raises:
            UsageError: the constant of one fusion is given for another.
        """
        if self.rrf_k is not None and self.fusion not in (None, "rrf"):
            raise UsageError(f"--rrf-k is for the fusion rrf; {self.fusion} has no such constant.", "Leave out one.")
        weights = {"bm25": self.bm25_weight, "dense": self.dense_weight}
        return RankingRequest(
            self.candidates,
            self.fusion,
            self.rrf_k,
            {name: weight for name, weight in weights.items() if weight is not None},
            rm3=self.rm3,
            rocchio=self.rocchio,
        )


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """What may answer."""

    path: Annotated[
        list[str] | None, option(metavar="GLOB", help="Only matching paths, as in .gitignore; may be repeated.")
    ] = None
    type: Annotated[
        list[str] | None, option(metavar="TYPE", help="Only this ending, language or media type; may be repeated.")
    ] = None
    where: Annotated[
        str, option(metavar="EXPRESSION", help='Condition on metadata: "year >= 2024".', show_default=False)
    ] = ""
    source: Annotated[list[str] | None, option(metavar="NAME", help="Only this source; may be repeated.")] = None


def query_config(
    search: SearchOptions, ranking: RankingOptions, filters: FilterOptions, output: OutputOptions
) -> QueryConfig:
    """Return what the flags ask for.

    Raises:
        UsageError: a threshold is on the score of an arm that ``--mode`` leaves out, or feedback is for one.
    """
    for arm, flag, asked in (("bm25", "--rm3", ranking.rm3), ("dense", "--rocchio", ranking.rocchio)):
        if asked and search.mode not in ("hybrid", arm):
            raise UsageError(
                f"{flag} is for the {arm} arm, which --mode {search.mode} does not ask.", f"Leave out {flag}."
            )
    for arm, score, least in (("bm25", "bm25", search.min_bm25), ("dense", "cosine", search.min_cosine)):
        if least is not None and search.mode not in ("hybrid", arm):
            raise UsageError(
                f"--min-{score} cannot hold with --mode {search.mode}, which has no such score.", "Leave out one."
            )
    limit, least_scores = search.max_per_file, {"dense": search.min_cosine, "bm25": search.min_bm25}
    return QueryConfig(
        mode=search.mode,
        n=output.n,
        max_per_file=(1 if output.per_file else _QUERY.max_per_file) if limit is None else limit,
        dense=search.dense,
        ef=search.ef,
        encoder=search.query_encoder,
        min_scores={name: least for name, least in least_scores.items() if least is not None},
        ranking=ranking.request(),
        filter=FilterConfig(
            tuple(filters.path or ()), tuple(filters.type or ()), filters.where, tuple(filters.source or ())
        ),
    )


PARQUET = ".parquet"
FIRST_ID = "1"
"""What TREC calls a query that was given no id."""


class BatchRequest(NamedTuple):
    """Where many queries come from, and what becomes of the answers."""

    queries: str
    """A file, or ``-``."""
    target: Path | None
    """``None``: stdout."""
    form: str
    """``jsonl``, ``trec`` or ``parquet``."""
    explain: bool


def requested_batch(batch: BatchOptions, output: OutputOptions, words: list[str]) -> BatchRequest | None:
    """Return what is asked of many queries; ``None``: there is one, in ``words``.

    Raises:
        UsageError: flags that do not go together.
    """
    if batch.queries is None:
        if batch.target is not None:
            raise UsageError("--output is for the answers to many queries.", "Add --queries FILE, or redirect stdout.")
        if not words:
            raise UsageError("There is no TEXT to look for.", "Give one, or a file of them with --queries FILE.")
        return None
    if words:
        raise UsageError("--queries and a TEXT were both given.", "Put the text into the file, or leave out one.")
    asked = output.format
    if output.full or output.query_id is not None or asked not in ("jsonl", "trec", "text"):
        flag = "--full" if output.full else "--query-id" if output.query_id is not None else f"The format {asked}"
        raise UsageError(
            f"{flag} is for one query.", "With --queries: JSON Lines, --format trec, or --output FILE.parquet."
        )
    form = "jsonl" if asked == "text" else asked
    if batch.target is not None and batch.target.suffix.lower() == PARQUET:
        if asked != "text":
            raise UsageError(f'"{batch.target}" is to be Parquet and {asked} at once.', "Leave out the format.")
        form = "parquet"
    if output.explain and form != "jsonl":
        raise UsageError(f"--explain has no place in {form}.", "Leave it out, or take JSON Lines.")
    return BatchRequest(batch.queries, batch.target, form, output.explain)
