"""``doctor``: what is wrong with a store, and making it right."""

import sys
from dataclasses import dataclass
from typing import Annotated

from ..errors import UsageError
from .common_options import CommonOptions, WriteOptions
from .output import emit, emit_json
from .parameters import option
from .runtime_options import RuntimeOptions


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """How closely to look, and what to do about it."""

    deep: Annotated[bool, option("--deep", help="Read every byte, compare what must agree, and measure recall.")] = (
        False
    )
    repair: Annotated[
        bool, option("--repair", help="Make anew what can be derived; embed and read again only what is lost.")
    ] = False
    dry_run: Annotated[bool, option("--dry-run", help="With --repair: say what would be done; write nothing.")] = False


def doctor(action: DoctorOptions, runtime: RuntimeOptions, write: WriteOptions, common: CommonOptions) -> int:
    """Look for damage in the store, and repair it.

    Ends with code 0 if the store is sound or was made so, 3 if documents are lost, 4 if damage is left.
    """
    import embedctl

    from .screen import Screen
    from .views.doctor import render_doctor

    if action.dry_run and not action.repair:
        raise UsageError("--dry-run is about a repair.", 'Write "embedctl doctor --repair --dry-run".')
    store = embedctl.open(common.store, reporter=common.reporter(), runtime=runtime.config())
    report = store.doctor(
        deep=action.deep,
        repair=action.repair,
        dry_run=action.dry_run,
        wait=write.wait,
    )
    if write.json:
        emit_json(report.to_json())
    else:
        emit(render_doctor(report, Screen(sys.stdout), verbose=common.verbose, quiet=common.quiet))
    return report.exit_code
