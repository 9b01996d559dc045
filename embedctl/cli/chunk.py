"""``chunk``: documents become chunks."""

from .common_options import CommonOptions, WriteOptions
from .settings_options import SettingsOptions

EXAMPLES = (
    "embedctl chunk",
    "embedctl chunk --strategy markdown --chunk-size 200",
    "embedctl chunk --overlap 20 --rebuild",
)


def chunk(settings: SettingsOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Run stage 2 alone: cut documents into chunks/."""
    store = common.opened()
    report = store.chunk(settings=settings.request(), rebuild=settings.rebuild, wait=write.wait)
    return write.finish(report, store, common)
