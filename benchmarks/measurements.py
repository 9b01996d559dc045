"""Which measurements there are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench import Bench
    from .results import Row


@dataclass(frozen=True, slots=True)
class Measurement:
    """One module, whose ``measure`` yields rows."""

    module: str
    title: str
    sized: bool = False
    """Whether it is made for each size of the generated stores."""
    function: str = "measure"

    def rows(self, bench: Bench, size: int | None) -> Iterator[Row]:
        """Yield its rows; ``size`` is given where it is sized."""
        measure = getattr(import_module(f"benchmarks.{self.module}"), self.function)
        rows: Iterator[Row] = measure(bench, size) if self.sized else measure(bench)
        return rows


MEASUREMENTS = {
    "startup": Measurement("startup", "Commands on the sample corpus, whole processes"),
    "quality": Measurement("quality", "Quality of search, every setting at its default"),
    "embedding": Measurement("embedding", "Embedding throughput, the same texts in turns"),
    "distilled": Measurement("distilled", "The distilled encoder of --fast"),
    "building": Measurement("building", "Making and keeping an index", sized=True),
    "latency": Measurement("latency", "Queries", sized=True),
    "recall": Measurement("recall", "recall@10 of the dense plans against an exact float32 scan", sized=True),
    "comparison": Measurement("comparison", "The same model and data in other engines", sized=True),
    "others-quality": Measurement("comparison", "Quality beside other engines", function="measure_quality"),
    "memory": Measurement("memory", "Reading and cutting a large folder"),
    "refresh": Measurement("refresh", "A folder of ten thousand files"),
}
