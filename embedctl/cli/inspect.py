"""``inspect``: how healthy the embeddings of a store are."""

from functools import partial

from ..config.measuring import InspectConfig
from .common_options import CommonOptions, JsonOptions
from .output import emit_result

EXAMPLES = ("embedctl inspect", "embedctl inspect --verbose", "embedctl inspect --sample 5000 --json")


def inspect(sample: InspectConfig, output: JsonOptions, common: CommonOptions) -> int:
    """Examine the health of the embeddings, and suggest what to do about it.

    Isotropy, effective dimension, hubs, duplicates, lengths, unknown words and languages. With -v, each figure with
    its definition and source.
    """
    from .views.inspect import render_inspection

    inspection = common.opened().inspect(sample)
    emit_result(inspection, output.json, partial(render_inspection, verbose=common.verbose))
    return 0
