"""Texts and queries to compare with, copied into the work folder so that every run sees the same files."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from .checkouts import fresh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLE = Path(__file__).parents[2] / "sample_corpus"
NOTES = 2_000
"""Files of the dataset that only refreshes are timed on."""
_CORPUS, _QUERIES = "corpus.jsonl", "queries.jsonl"
_LONG_AGO = 1_600_000_000
"""Time of the copies, in seconds since the epoch: a refresh reads files again that were just written."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHORTEST, _LONGEST = 3, 9
"""Words of a piece of a text."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a file."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Texts, and the queries asked of them."""

    name: str
    folder: Path
    """The copy; the last part of its parent's name is a hash of what is in it."""

    @property
    def key(self) -> str:
        """Name that differs when the texts do."""
        return self.folder.parent.name

    @property
    def texts(self) -> Path:
        """What is indexed: ``corpus.jsonl``, or the folder."""
        corpus = self.folder / _CORPUS
        return corpus if corpus.exists() else self.folder

    @property
    def documents(self) -> int:
        """Number of records, or of files."""
        if self.texts.is_file():
            with self.texts.open("rb") as stream:
                return sum(1 for _ in stream)
        return sum(path.is_file() for path in self.texts.rglob("*"))

    def queries(self) -> list[Query]:
        """Return the judged collection's queries in their order."""
        lines = (self.folder / _QUERIES).read_text(encoding="utf-8").splitlines()
        return [Query(str(row["_id"]), row["text"]) for row in map(json.loads, filter(None, lines))]

    def pieces(self, count: int) -> list[Query]:
        """Return ``count`` queries: the dataset's own, then runs of words from its texts, always the same ones."""
        texts = [words for text in self._bodies() if len(words := text.split()) > _LONGEST]
        draw = random.Random(7)
        given = [query.text for query in self.queries()][:count]
        while len(given) < count:
            words = draw.choice(texts)
            length = draw.randint(_SHORTEST, _LONGEST)
            start = draw.randrange(len(words) - length)
            given.append(" ".join(words[start : start + length]))
        return [Query(f"p{number}", text) for number, text in enumerate(given)]

    def _bodies(self) -> Iterator[str]:
        if self.texts.is_file():
            with self.texts.open(encoding="utf-8") as stream:
                for line in stream:
                    yield json.loads(line)["text"]
        else:
            for path in sorted(self.texts.rglob("*.md")):
                yield path.read_text(encoding="utf-8")


def prepare(source: Path, work: Path) -> Dataset:
    """Copy a collection into the work folder, unless it is there.

    Raises:
        FileNotFoundError: it has no queries.
    """
    if not (source / _QUERIES).is_file():
        raise FileNotFoundError(f"{source} has no {_QUERIES}; name a folder in BEIR's form.")
    names = (_CORPUS, _QUERIES) if (source / _CORPUS).is_file() else None
    paths = [source / name for name in names] if names else sorted(p for p in source.rglob("*") if p.is_file())
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(source).as_posix()}\n".encode() + path.read_bytes())
    folder = work / "data" / f"{source.name}-{digest.hexdigest()[:10]}" / source.name
    if not folder.exists():
        making = fresh(folder.parent.with_name(folder.parent.name + ".making"))
        for path in paths:
            copy = making / source.name / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            os.utime(copy, (_LONG_AGO, _LONG_AGO))
        making.rename(folder.parent)
    return Dataset(source.name, folder)


def notes(work: Path) -> Dataset:
    """Write many small files that share ten texts, unless they are there: what a refresh has to look at."""
    folder = work / "data" / f"notes-{NOTES}" / "notes"
    if not folder.exists():
        making = fresh(folder.parent.with_name(folder.parent.name + ".making"))
        for number in range(NOTES):
            path = making / "notes" / f"{number // 100:03d}" / f"{number:05d}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# Note\n\nParagraph {number % 10} about search.\n", encoding="utf-8")
            os.utime(path, (_LONG_AGO, _LONG_AGO))
        making.rename(folder.parent)
    return Dataset("notes", folder)


def with_syntax(queries: Sequence[Query]) -> list[Query]:
    """Return the queries with an exclusion, a phrase, or an excluded phrase of words of their own, in turns."""
    return [Query(query.id, _with_syntax(query.text, place % 3)) for place, query in enumerate(queries)]


def _with_syntax(text: str, kind: int) -> str:
    plain = re.sub(r'"|(?<!\S)-', " ", text)
    words = plain.split()
    pairs = [" ".join(pair) for pair in pairwise(words) if all(map(_WORD.fullmatch, pair))]
    singles = [word for word in words if _WORD.fullmatch(word)]
    if kind == 0 and len(singles) > 1:
        return f"{plain} -{singles[-1]}"
    if kind == 1 and pairs:
        return f'"{pairs[0]}" {plain}'
    if kind == 2 and pairs and len(words) > 2:
        return f'{plain} -"{pairs[-1]}"'
    return f'"{words[0]}" {plain}'


def write_queries(path: Path, queries: Sequence[Query]) -> Path:
    """Write a file for ``embedctl query --queries``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"_id": query.id, "text": query.text}) for query in queries]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
