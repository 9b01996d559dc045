"""``query``: the best chunks for a text."""

import sys
from typing import TYPE_CHECKING, Annotated

from ..config import FilterConfig, QueryConfig, RankingRequest, RuntimeConfig
from .common_options import CommonOptions
from .grouped import Argument
from .output import emit, emit_json, emit_lines, note
from .query_options import FIRST_ID, BatchOptions, OutputOptions, RefreshOptions, query_config, requested_batch

if TYPE_CHECKING:
    from ..api import Store
    from ..query.answer import Answer

EXAMPLES = (
    'embedctl query "how do I rotate keys"',
    "embedctl query --mode bm25 -n 3 --path '*.md' vault",
    "embedctl query --queries queries.jsonl -o found.parquet",
)


def query(
    text: Annotated[
        list[str] | None, Argument("TEXT", 'Words, "phrases" and -exclusions; several are joined. "-" reads stdin.')
    ] = None,
    *,
    output: OutputOptions,
    batch: BatchOptions,
    search: QueryConfig,
    refresh: RefreshOptions,
    ranking: RankingRequest,
    filters: FilterConfig,
    encoder: RuntimeConfig,
    common: CommonOptions,
) -> int:
    """Print the best chunks for a text.

    Finding nothing is not an error. A single word that begins with "-" goes after "--": embedctl query -- -foo

    Scores, filters and --where are explained in docs/query.md.
    """
    from .relative_paths import Nearby

    config, wanted = query_config(search, ranking, filters, output), output.format
    many = requested_batch(batch, output, text or [])
    warnings_only = "silent" if common.quiet else "lines"
    reporter = common.reporter() if refresh.refresh or many is not None else warnings_only
    store = refresh.opened(common, encoder, reporter=reporter)
    if many is not None:
        from .query_batch import query_batch

        return query_batch(store, many, config)
    answer = Nearby(store.path.parent).answer(store.query(_question(text or []), config))
    _remark(answer, store, common.quiet)
    if output.explain and wanted != "json":
        from .views.explanation import render_explanation

        note(render_explanation(answer))
    _print(answer, store, wanted, output)
    return 0


def _question(words: list[str]) -> str:
    """Return the text to look for: stdin for ``-``, else the arguments."""
    if words == ["-"]:
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    return " ".join(words)


def _remark(answer: "Answer", store: "Store", quiet: bool) -> None:
    """Tell what a person should know about the answer."""
    from ..plural import counted

    for warning in answer.warnings:
        note(f"embedctl: {warning}")
    waiting = store.pending()["index"]
    if waiting and not quiet:
        note(f'embedctl: Waiting to be indexed: {counted(waiting, "document")}; run "embedctl index --no-refresh".')
    if not answer.hits and not answer.warnings and not quiet:
        note("embedctl: Nothing found.")


def _print(answer: "Answer", store: "Store", wanted: str, output: OutputOptions) -> None:
    from .views import formats

    match wanted:
        case "json":
            emit_json(answer.to_json(explain=output.explain))
        case "jsonl":
            emit(formats.jsonl(answer))
        case "csv":
            emit_lines(formats.table(answer))
        case "trec":
            emit_lines(formats.trec(answer, output.query_id or FIRST_ID))
        case "paths":
            listed = formats.paths(answer, "\0" if output.null else "\n")
            emit(listed) if output.null else emit_lines(listed)
        case _:
            from .screen import Screen
            from .views.hits import render_hits, telling

            emit(render_hits(answer, store.matcher(telling(answer.query)), Screen(sys.stdout), output.full))
