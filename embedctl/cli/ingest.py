"""``ingest``: files and records become documents."""

from .common_options import CommonOptions, WriteOptions
from .finish import finish
from .source_options import SourceOptions


def ingest(sources: SourceOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Run stage 1 alone: read sources into documents/."""
    import embedctl

    request = sources.request()
    store = embedctl.create(common.store, reporter=common.reporter())
    report = store.ingest(sources.places, files=sources.files(), source=request, wait=write.wait)
    return finish(report, store, write, common)
