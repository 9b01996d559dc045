"""``index``: the whole pipeline, from files to an index that answers queries."""

from dataclasses import dataclass

from ..config import RuntimeConfig
from ..config.setting import setting
from ..errors import UsageError
from .common_options import CommonOptions, WriteOptions
from .output import emit_result
from .settings_options import SettingsOptions
from .source_options import SourceOptions

EXAMPLES = (
    "embedctl index docs notes.jsonl --exclude 'drafts/'",
    "git ls-files -z | embedctl index --files-from - -0",
    "embedctl index --dry-run",
)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How much of the pipeline to run."""

    dry_run: bool = setting(False, "List what would happen to each file, chunks, tokens and time; write nothing.")
    no_refresh: bool = setting(False, "Leave the sources alone; finish what is ingested.")


def index(
    run: IndexOptions,
    sources: SourceOptions,
    settings: SettingsOptions,
    encoder: RuntimeConfig,
    write: WriteOptions,
    common: CommonOptions,
) -> int:
    """Make files and folders searchable, or refresh the index.

    Reads, cuts, embeds and indexes what has changed. An interrupted run goes on where it was.
    """
    import embedctl

    from .views.run import render_dry_run

    request, wanted, files = sources.request(), settings.request(), sources.files()
    if run.no_refresh and (sources.paths or sources.files_from or run.dry_run):
        raise UsageError("--no-refresh looks at no source.", "Leave it out, or leave out paths and --dry-run.")
    store = embedctl.create(common.store, reporter=common.reporter(), runtime=encoder)
    if run.dry_run:
        plan = store.preflight(sources.paths, files=files, source=request, settings=wanted, rebuild=settings.rebuild)
        emit_result(plan, write.json, lambda found, _: render_dry_run(found, common.verbose))
        return 0
    report = store.index(
        sources.paths,
        files=files,
        source=request,
        settings=wanted,
        refresh=not run.no_refresh,
        rebuild=settings.rebuild,
        wait=write.wait,
    )
    return write.finish(report, store, common)
