"""``distill``: a fast encoder, fitted to the store's model on the store's chunks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from .common_options import CommonOptions, WriteOptions
from .finish import finish
from .parameters import option
from .runtime_options import RuntimeOptions


@dataclass(frozen=True, slots=True)
class DistillOptions:
    """What to learn from, and where the result goes besides."""

    share: Annotated[
        float | None,
        option(
            min=0.01,
            metavar="SHARE",
            help="Of the chunks to learn from. Default: all where the model has embedded all, else that of --fast.",
        ),
    ] = None
    output: Annotated[
        Path | None,
        option("-o", "--output", metavar="FOLDER", help="Copy the encoder there; Model2Vec reads it."),
    ] = None


def distill(action: DistillOptions, runtime: RuntimeOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Distil a fast encoder from the model, on the store's own chunks.

    Vectors that the store holds are used; a store that has them all runs the model for no chunk. Afterwards
    "embedctl query --query-encoder student" needs no model; a store made with --fast is embedded anew.
    """
    import embedctl

    store = embedctl.open(common.store, reporter=common.reporter(), runtime=runtime.config())
    report = store.distill(action.share, wait=write.wait)
    if action.output is not None:
        store.export_student(action.output)
    return finish(report, store, write, common)
