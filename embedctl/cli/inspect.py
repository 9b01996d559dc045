"""``inspect``: how healthy the embeddings of a store are."""

import sys

from ..config.measuring import InspectConfig
from .common_options import CommonOptions, JsonOptions
from .output import emit, emit_json

EXAMPLES = ("embedctl inspect", "embedctl inspect --verbose", "embedctl inspect --sample 5000 --json")


def inspect(sample: InspectConfig, output: JsonOptions, common: CommonOptions) -> int:
    """Examine the health of the embeddings, and suggest what to do about it.

    Isotropy, effective dimension, hubs, duplicates, lengths, unknown words and languages. With -v, each figure with
    its definition and source.
    """
    import embedctl

    from .screen import Screen
    from .views.inspect import render_inspection

    inspection = embedctl.open(common.store, reporter=common.reporter()).inspect(sample)
    if output.json:
        emit_json(inspection.to_json())
    else:
        emit(render_inspection(inspection, Screen(sys.stdout), verbose=common.verbose))
    return 0
