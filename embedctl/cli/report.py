"""``report``: one page about a store, to look at in a browser."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..errors import UsageError
from .common_options import CommonOptions
from .output import emit_lines, new_text_file, note
from .parameters import option
from .runtime_options import RuntimeOptions


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What is measured for the page, and where it goes."""

    target: Annotated[Path, option("-o", "--output", metavar="FILE", help="Where to write the page.")] = Path(
        "report.html"
    )
    queries: Annotated[
        Path | None, option(metavar="FILE", help="Queries: JSON Lines, .tsv, or lines of text, as for query.")
    ] = None
    qrels: Annotated[Path | None, option(metavar="FILE", help="Judgements: BEIR's three columns, or TREC's four.")] = (
        None
    )

    synthetic: Annotated[
        bool, option("--synthetic", help="Without judgements: measure with queries made from the corpus.")
    ] = False

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            UsageError: judgements without queries, or synthetic queries beside others.
        """
        if self.qrels is not None and self.queries is None:
            raise UsageError("Judgements are of queries.", "Name these, too: --queries FILE.")
        if self.synthetic and self.queries is not None:
            raise UsageError("--synthetic makes its own queries and judgements.", "Leave out --queries and --qrels.")


def report(asked: ReportOptions, runtime: RuntimeOptions, common: CommonOptions) -> int:
    """Write a page about the store to look at in a browser: one file, which loads nothing.

    What is indexed and what was left out, a map of the chunks, and the health of their embeddings. With --queries and
    --qrels, or --synthetic, also the quality of every setting, the worst queries, scores, and recall against latency
    of the dense plans.
    """
    import embedctl

    asked.check()
    store = embedctl.open(common.store, reporter=common.reporter(), runtime=runtime.config())
    with new_text_file(asked.target) as write:  # begun first: a place that cannot be written to costs no time
        made = store.report(queries=asked.queries, judgements=asked.qrels, synthetic=asked.synthetic)
        write(made.html)
    emit_lines(f"{asked.target}\n")
    if not common.quiet:
        note(made.summary)
    return 0
