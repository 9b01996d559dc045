"""``embed``: chunks get their vectors."""

from .common_options import CommonOptions, WriteOptions
from .finish import finish
from .runtime_options import RuntimeOptions
from .settings_options import SettingsOptions


def embed(settings: SettingsOptions, runtime: RuntimeOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Run stage 3 alone: embed chunks into embeddings/."""
    import embedctl

    store = embedctl.open(common.store, reporter=common.reporter(), runtime=runtime.config())
    report = store.embed(settings=settings.request(), rebuild=settings.rebuild, wait=write.wait)
    return finish(report, store, write, common)
