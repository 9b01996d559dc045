"""``report``: one page about a store, to look at in a browser."""

from dataclasses import dataclass
from pathlib import Path

from ..config import RuntimeConfig
from ..config.setting import setting
from ..errors import UsageError
from .common_options import CommonOptions
from .output import emit_lines, new_text_file, note

EXAMPLES = (
    "embedctl report",
    "embedctl report --synthetic -o page.html",
    "embedctl report --queries queries.jsonl --qrels qrels.tsv",
)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Queries to measure with, and the file to write."""

    target: Path = setting(Path("report.html"), "Write the page there.", "-o --output FILE")
    queries: Path | None = setting(
        None, "JSON Lines, .tsv, or lines of text, as for query.", "FILE", panel="Judgements"
    )
    qrels: Path | None = setting(None, "Judgements: BEIR's three columns, or TREC's four.", "FILE", panel="Judgements")
    synthetic: bool = setting(
        False, "Without judgements: measure with queries made from the corpus.", panel="Judgements"
    )

    def check(self) -> None:
        """Raise a ``UsageError`` for judgements without queries, or synthetic queries beside others."""
        if self.qrels is not None and self.queries is None:
            raise UsageError("Judgements are of queries.", "Name these, too: --queries FILE.")
        if self.synthetic and self.queries is not None:
            raise UsageError("--synthetic makes its own queries and judgements.", "Leave out --queries and --qrels.")


def report(output: ReportOptions, encoder: RuntimeConfig, common: CommonOptions) -> int:
    """Write a page about the store to look at in a browser: one file, which loads nothing.

    What is indexed and what was left out, a map of the chunks, and the health of their embeddings. With --queries and
    --qrels, or --synthetic, also the quality of every setting, the worst queries, scores, and recall against latency
    of the dense plans.
    """
    output.check()
    store = common.opened(encoder)
    with new_text_file(output.target) as write:  # begun first: a place that cannot be written to costs no time
        made = store.report(queries=output.queries, judgements=output.qrels, synthetic=output.synthetic)
        write(made.html)
    emit_lines(f"{output.target}\n")
    if not common.quiet:
        note(made.summary)
    return 0
