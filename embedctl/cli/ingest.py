"""``ingest``: files and records become documents."""

from dataclasses import dataclass

from ..config import Secrets, SettingsRequest, StoreSettings
from ..config.setting import setting
from .common_options import CommonOptions, WriteOptions
from .source_options import SourceOptions

EXAMPLES = (
    "embedctl ingest docs",
    "embedctl ingest mail.jsonl --text-field body --title-field subject",
    "embedctl ingest --json | jq .outcomes",
)


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """The settings that decide what is stored of a text."""

    secrets: Secrets | None = setting(
        None, "What becomes of keys and passwords in texts.", usual=StoreSettings().secrets
    )
    rebuild: bool = setting(False, "Read everything again that was stored otherwise.")


def ingest(sources: SourceOptions, settings: IngestOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Run stage 1 alone: read sources into documents/."""
    import embedctl

    request = sources.request()
    store = embedctl.create(common.store, reporter=common.reporter())
    report = store.ingest(
        sources.paths,
        files=sources.files(),
        source=request,
        settings=SettingsRequest(secrets=settings.secrets),
        rebuild=settings.rebuild,
        wait=write.wait,
    )
    return write.finish(report, store, common)
