"""``inspect``: how healthy the embeddings of a store are."""

import sys
from typing import Annotated

from ..config.measuring import InspectConfig
from .common_options import CommonOptions
from .output import emit, emit_json
from .parameters import option


def inspect(
    sample: Annotated[
        int, option(min=100, metavar="N", help="Chunks that are compared with each other; all of a smaller store.")
    ] = InspectConfig().sample,
    json: Annotated[bool, option("--json", help="Print one JSON object.")] = False,
    *,
    common: CommonOptions,
) -> int:
    """Look at the health of the embeddings, and say what to do about it.

    Isotropy, effective dimension, hubs, duplicates, lengths, unknown words and languages. With -v, each figure with
    its definition and source.
    """
    import embedctl

    from .screen import Screen
    from .views.inspect import render_inspection

    inspection = embedctl.open(common.store, reporter=common.reporter()).inspect(InspectConfig(sample=sample))
    if json:
        emit_json(inspection.to_json())
    else:
        emit(render_inspection(inspection, Screen(sys.stdout), verbose=common.verbose))
    return 0
