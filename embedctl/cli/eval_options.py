"""Flags of ``eval``, besides those of its configuration: judgements, and what is printed and kept."""

from dataclasses import dataclass
from pathlib import Path

from ..config.setting import setting
from ..errors import UsageError


@dataclass(frozen=True, slots=True)
class JudgedOptions:
    """Queries, what should be found, and how that is measured."""

    queries: Path | None = setting(None, "Queries with ids: JSON Lines, or .tsv, as for query.", "FILE")
    qrels: Path | None = setting(None, "Judgements: BEIR's three columns, or TREC's four.", "FILE")
    run: tuple[Path, ...] = setting((), "Also measure a TREC run of another tool; may be repeated.", "FILE")
    baseline: Path | None = setting(None, "Compare with what --save kept.", "FILE", panel="Gate")

    def files(self) -> tuple[Path, Path]:
        """Return the files of queries and of judgements.

        Raises:
            UsageError: one is missing.
        """
        if self.queries is None or self.qrels is None:
            raise UsageError(
                "There is nothing to measure with.",
                "Name queries and judgements: embedctl eval --queries FILE --qrels FILE; or have queries made from the "
                "corpus: embedctl eval --synthetic. See docs/eval.md.",
            )
        return self.queries, self.qrels


@dataclass(frozen=True, slots=True)
class KeptOptions:
    """What is printed, and what is kept."""

    per_query: bool = setting(False, "List the queries, too, the worst first.")
    json: bool = setting(False, "Print one JSON object.")
    save: Path | None = setting(None, "Keep that object: a baseline for later.", "FILE")
    target: Path | None = setting(None, "Write what the setting in use finds: a TREC run.", "-o --output FILE")
