"""Flags of ``query``, besides those of the configuration of a query: what is printed, and many queries at once."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..config import FilterConfig, QueryConfig, RankingRequest, RuntimeConfig
from ..config.setting import setting
from ..errors import UsageError
from .common_options import CommonOptions
from .output import note

if TYPE_CHECKING:
    from ..api import Store
    from ..contracts import Reporter

Format = Literal["text", "json", "jsonl", "csv", "trec"]


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How the hits are printed."""

    n: int = setting(QueryConfig().n, "Maximum number of hits.", "-n --number N", min=1)
    files: bool = setting(False, "Print only paths, each once.", "-l --files")
    null: bool = setting(False, "As -l, with a NUL byte behind each path.", "-0 --null")
    full: bool = setting(False, "Print whole chunks instead of snippets.")
    json: bool = setting(False, "Print one JSON object; short for --format json.")
    jsonl: bool = setting(False, "Print one JSON object for each hit.")
    form: Format | None = setting(None, "Print the hits in this format.", "--format", usual="text")
    query_id: str | None = setting(None, "First column of --format trec.", "ID", usual="1")
    explain: bool = setting(False, "Report how the answer was found.")

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


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Many queries at once."""

    queries: str | None = setting(
        None, "Answer every query in FILE: lines of text, JSON Lines, or .tsv; - is stdin.", "FILE|-", panel="Output"
    )
    target: Path | None = setting(
        None, "With --queries: write there; .parquet makes it Parquet.", "-o --output FILE", panel="Output"
    )


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """Whether the index is brought up to date first."""

    refresh: bool = setting(False, "Refresh the index first.", panel="Search")
    wait: float = setting(0.0, "With --refresh: wait for another writer.", "SECONDS", min=0, panel="Search")

    def opened(
        self, common: CommonOptions, encoder: RuntimeConfig, *, reporter: "Reporter | str | None" = None
    ) -> "Store":
        """Return the store, refreshed where that was asked for; print changes, and inputs that failed, on stderr."""
        store = common.opened(encoder, reporter=reporter)
        if not self.refresh:
            return store
        from .views.run import outcomes

        report = store.index(wait=self.wait)
        if report.failed or (report.changed and not common.quiet):
            why = ' ("embedctl status --files failed" says why)' if report.failed else ""
            note(f"embedctl: Refreshed: {outcomes(report)}{why}.")
        return store


def query_config(
    search: QueryConfig, ranking: RankingRequest, filters: FilterConfig, output: OutputOptions | None = None
) -> QueryConfig:
    """Return what the flags ask for; some formats have room for one hit of each document only.

    Raises:
        UsageError: flags that do not go together.
    """
    if search.arms and search.mode != "hybrid":
        raise UsageError(f"--arms and --mode {search.mode} both choose arms.", "Leave out one.")
    for arm, asked in (("bm25", ranking.rm3), ("dense", ranking.rocchio)):
        if asked and search.mode not in ("hybrid", arm):
            flag = "--rm3" if arm == "bm25" else "--rocchio"
            raise UsageError(
                f"{flag} is for the {arm} arm, which --mode {search.mode} does not ask.", f"Leave out {flag}."
            )
    if ranking.rrf_k is not None and ranking.fusion not in (None, "rrf"):
        raise UsageError(f"--rrf-k is for the fusion rrf; {ranking.fusion} has no such constant.", "Leave out one.")
    if output is not None:
        few = search.max_per_file is None and output.format in ("paths", "trec")
        search = replace(search, n=output.n, max_per_file=1 if few else search.max_per_file)
    return replace(search, ranking=ranking, filter=filters)


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
