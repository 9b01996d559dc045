"""A collection to measure with: a folder in BEIR's form, any other folder, or one record file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedctl.evaluation.judgements import read_judgements
from embedctl.query.query_file import QueryFile

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Collection:
    """Texts in ``corpus.jsonl``; ``queries.jsonl`` and ``qrels/test.tsv`` or ``qrels.tsv`` where there are any."""

    path: Path

    @property
    def name(self) -> str:
        """What the collection is called in results."""
        return self.path.stem

    @property
    def texts(self) -> Path:
        """What is indexed: ``corpus.jsonl``, or everything."""
        corpus = self.path / "corpus.jsonl"
        return corpus if corpus.exists() else self.path

    @property
    def stamp(self) -> tuple[str, int, int]:
        """Path, bytes and newest change in nanoseconds: differs when the texts do."""
        files = [self.texts] if self.texts.is_file() else sorted(self.texts.rglob("*"))
        stats = [file.stat() for file in files if file.is_file()]
        if not stats:
            raise FileNotFoundError(f"There is nothing to read in {self.path}.")
        return str(self.path), sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats)

    def queries(self) -> dict[str, str]:
        """Return id -> text of the queries, in their order."""
        path = self.path / "queries.jsonl"
        if not path.exists():
            return {}
        return {query.id: query.text for batch in QueryFile(path).batches(_AT_ONCE) for query in batch}

    def qrels(self) -> dict[str, dict[str, int]]:
        """Return query -> document -> grade."""
        for path in (self.path / "qrels" / "test.tsv", self.path / "qrels.tsv"):
            if path.exists():
                return read_judgements(path).grades
        return {}
