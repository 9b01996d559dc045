"""What a reliability test counts, and the table of it in ``docs/reliability.md``."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(slots=True)
class Tally:
    """One kind of fault: how often it was tried, and what became of the store."""

    what: str
    """One line for the table: what was done, and what was compared."""
    tried: int = 0
    survived: int = 0
    """A right answer, or a finished sentence that names what is wrong."""
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Tries after which something was missing, wrong or unexplained."""
        return self.tried - self.survived

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one try; it survived if the body does not raise."""
        self.tried += 1
        yield
        self.survived += 1


@contextmanager
def counted(what: str, file: Path | None) -> Iterator[Tally]:
    """Yield a tally; when the body ends, write it to ``file`` under ``what``, beside those that are there."""
    tally, start = Tally(what), time.perf_counter()
    try:
        yield tally
    finally:
        tally.seconds = round(time.perf_counter() - start, 1)
        if file is not None:
            found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
            found[what] = {**asdict(tally), "lost": tally.lost}
            temporary = file.with_name(f"{file.name}.tmp")  # an interrupted session keeps what it has counted
            temporary.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            temporary.replace(file)
