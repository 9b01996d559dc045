"""``distill``: a fast encoder, fitted to the store's model on the store's chunks."""

from dataclasses import dataclass
from pathlib import Path

from ..config import RuntimeConfig
from ..config.setting import setting
from .common_options import CommonOptions, WriteOptions

EXAMPLES = ("embedctl distill", "embedctl distill --share 0.2", "embedctl distill --output student")


@dataclass(frozen=True, slots=True)
class DistillOptions:
    """Chunks to learn from, and a second place for the result."""

    share: float | None = setting(
        None,
        "Share of the chunks to learn from.",
        "SHARE",
        min=0.01,
        usual="all where the model has embedded all, else that of --fast",
    )
    output: Path | None = setting(
        None, "Copy the encoder there; Model2Vec reads it.", "-o --output FOLDER", panel="Output"
    )


def distill(sample: DistillOptions, encoder: RuntimeConfig, write: WriteOptions, common: CommonOptions) -> int:
    """Distil a fast encoder from the model, on the store's own chunks.

    Vectors that the store holds are used; a store that has them all runs the model for no chunk. Afterwards
    "embedctl query --query-encoder student" needs no model; a store made with --fast is embedded again.
    """
    store = common.opened(encoder)
    report = store.distill(sample.share, wait=write.wait)
    if sample.output is not None:
        store.export_student(sample.output)
    return write.finish(report, store, common)
