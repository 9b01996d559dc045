"""``ingest``: files and records become documents."""

from dataclasses import dataclass
from typing import Annotated

from ..config import Secrets, SettingsRequest, StoreSettings
from .common_options import CommonOptions, WriteOptions
from .finish import finish
from .parameters import option
from .source_options import SourceOptions

_STORE = StoreSettings()


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """The settings that decide what is stored of a text."""

    secrets: Annotated[
        Secrets | None, option(help=f"What becomes of keys and passwords in texts. A new store takes {_STORE.secrets}.")
    ] = None
    rebuild: Annotated[bool, option("--rebuild", help="Read everything again that was stored otherwise.")] = False


def ingest(sources: SourceOptions, action: IngestOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Run stage 1 alone: read sources into documents/."""
    import embedctl

    request = sources.request()
    store = embedctl.create(common.store, reporter=common.reporter())
    report = store.ingest(
        sources.places,
        files=sources.files(),
        source=request,
        settings=SettingsRequest(secrets=action.secrets),
        rebuild=action.rebuild,
        wait=write.wait,
    )
    return finish(report, store, write, common)
