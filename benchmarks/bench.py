"""What a run of the benchmarks is given: where it may write, how large, how often, on which data."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .collection import Collection

SAMPLE = Path(__file__).parent.parent / "sample_corpus"


class SkipError(Exception):
    """A measurement cannot be made here; the message says what it needs."""


@dataclass(frozen=True)
class Bench:
    """One run's surroundings."""

    work: Path
    """Generated corpora and indexes, kept between runs."""
    sizes: tuple[int, ...]
    """Chunks of the generated stores, ascending."""
    data: tuple[Path, ...]
    """Collections in BEIR's form, folders or record files; the sample corpus where none is given."""
    repeat: int
    """Runs of a whole process, of which the median is told."""
    queries: int
    """Queries of a session or batch."""
    texts: int
    """Texts to be embedded by every runtime."""
    folder_bytes: int
    """Size of the folder that is ingested for ``memory``."""
    others_python: str
    """Interpreter that has the other engines."""
    largest_other: int
    """Chunks up to which the other engines are measured."""
    seed: int = 7

    @cached_property
    def collections(self) -> tuple[Collection, ...]:
        """What texts, queries and judgements come from."""
        return tuple(Collection(path.absolute()) for path in self.data or (SAMPLE,))

    def folder(self, kind: str, *parameters: object) -> Path:
        """Return the folder for something made with these parameters: equal parameters, equal folder."""
        text = json.dumps([str(parameter) for parameter in parameters])
        return self.work / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    def say(self, text: str) -> None:
        """Tell of progress on stderr."""
        sys.stderr.write(f"benchmarks: {text}\n")
        sys.stderr.flush()
