"""A collection to measure with: a folder in BEIR's form, any other folder, or one record file."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


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
        return dict(read_queries(path)) if path.exists() else {}

    def qrels(self) -> dict[str, dict[str, int]]:
        """Return query -> document -> grade."""
        for path in (self.path / "qrels" / "test.tsv", self.path / "qrels.tsv"):
            if path.exists():
                return read_qrels(path)
        return {}


def read_queries(path: Path) -> Iterable[tuple[str, str]]:
    """Yield id and text of every query."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            query = json.loads(line)
            yield str(query["_id"]), query["text"]


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return query -> document -> grade."""
    qrels: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            qrels.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return qrels
