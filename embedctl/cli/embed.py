"""``embed``: chunks get their vectors."""

from ..config import RuntimeConfig
from .common_options import CommonOptions, WriteOptions
from .settings_options import SettingsOptions

EXAMPLES = (
    "embedctl embed",
    "embedctl embed --runtime torch --device cuda",
    "embedctl embed --model hashing --rebuild",
)


def embed(settings: SettingsOptions, encoder: RuntimeConfig, write: WriteOptions, common: CommonOptions) -> int:
    """Run stage 3 alone: embed chunks into embeddings/."""
    store = common.opened(encoder)
    report = store.embed(settings=settings.request(), rebuild=settings.rebuild, wait=write.wait)
    return write.finish(report, store, common)
