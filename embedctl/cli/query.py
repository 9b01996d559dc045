"""``query``: the best chunks for a text."""

import sys
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from .common_options import CommonOptions
from .output import emit, emit_json, note
from .query_options import FilterOptions, OutputOptions, SearchOptions, query_config

if TYPE_CHECKING:
    from ..api import Store
    from ..search.answer import Answer


def query(
    text: Annotated[
        list[str],
        Argument(metavar="TEXT", help='Words, "phrases" and -exclusions; several are joined. "-" reads stdin.'),
    ],
    output: OutputOptions,
    search: SearchOptions,
    filters: FilterOptions,
    common: CommonOptions,
) -> int:
    """Print the best chunks for a text.

    Nothing found is no error. A single word that begins with "-" goes after "--": embedctl query -- -foo
    Scores, filters and --where are explained in docs/query.md.
    """
    import embedctl

    from .nearby import answer_nearby

    config, wanted = query_config(search, filters, output), output.format
    store = embedctl.open(common.store, reporter=common.reporter() if search.refresh else "silent")
    if search.refresh:
        _refresh(store, search.wait, common.quiet)
    answer = answer_nearby(store.query(_question(text), config), store.path.parent)
    _remark(answer, store, common.quiet)
    if output.explain and wanted != "json":
        from .views.explanation import render_explanation

        note(render_explanation(answer))
    _print(answer, store, wanted, output)
    return 0


def _question(words: list[str]) -> str:
    """Return the text to look for: stdin for ``-``, else the arguments; bytes that are not UTF-8 are replaced."""
    if words == ["-"]:
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    return " ".join(words).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _refresh(store: "Store", wait: float, quiet: bool) -> None:
    from .views.run import outcomes

    report = store.index(wait=wait)
    if report.failed or (report.changed and not quiet):
        why = ' ("embedctl status --files failed" says why)' if report.failed else ""
        note(f"embedctl: Refreshed: {outcomes(report)}{why}.")


def _remark(answer: "Answer", store: "Store", quiet: bool) -> None:
    """Tell what a person should know about the answer."""
    from .units import counted

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
            emit(formats.table(answer))
        case "trec":
            emit(formats.trec(answer, output.query_id))
        case "paths":
            emit(formats.paths(answer, "\0" if output.null else "\n"))
        case _:
            from .matching import telling
            from .screen import Screen
            from .views.hits import render_hits

            emit(render_hits(answer, store.matcher(telling(answer.query)), Screen(sys.stdout), output.full))
