"""``index``: the whole pipeline, from files to an index that answers queries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from ..errors import UsageError
from .common_options import CommonOptions, WriteOptions
from .finish import finish
from .output import emit, emit_json
from .parameters import option
from .runtime_options import RuntimeOptions
from .settings_options import SettingsOptions
from .source_options import SourceOptions

if TYPE_CHECKING:
    from ..stages.preflight import Preflight


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """What ``index`` does and does not do."""

    dry_run: Annotated[
        bool, option("--dry-run", help="List what would happen to each file, chunks, tokens and time; write nothing.")
    ] = False
    no_refresh: Annotated[bool, option("--no-refresh", help="Leave the sources alone; finish what is ingested.")] = (
        False
    )


def index(
    action: IndexOptions,
    sources: SourceOptions,
    settings: SettingsOptions,
    runtime: RuntimeOptions,
    write: WriteOptions,
    common: CommonOptions,
) -> int:
    """Make files and folders searchable, or refresh the index.

    Reads, cuts, embeds and indexes; what has not changed is not done again. An interrupted run goes on where it was.
    """
    import embedctl

    request, wanted, files = sources.request(), settings.request(), sources.files()
    if action.no_refresh and (sources.places or sources.files_from or action.dry_run):
        raise UsageError("--no-refresh looks at no source.", "Leave it out, or leave out paths and --dry-run.")
    store = embedctl.create(common.store, reporter=common.reporter(), runtime=runtime.config())
    if action.dry_run:
        plan = store.preflight(
            sources.places,
            files=files,
            source=request,
            settings=wanted,
            rebuild=settings.rebuild,
        )
        return _show_plan(plan, write.json, common.verbose)
    report = store.index(
        sources.places,
        files=files,
        source=request,
        settings=wanted,
        refresh=not action.no_refresh,
        rebuild=settings.rebuild,
        wait=write.wait,
    )
    return finish(report, store, write, common)


def _show_plan(plan: "Preflight", json: bool, verbose: bool) -> int:
    from .views.dry_run import render_dry_run

    if json:
        emit_json(plan.to_json())
    else:
        emit(render_dry_run(plan, verbose))
    return 0
