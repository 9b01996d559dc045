"""``doctor``: what is wrong with a store, and making it right."""

from dataclasses import dataclass
from functools import partial

from ..config import RuntimeConfig
from ..config.setting import setting
from ..errors import UsageError
from .common_options import CommonOptions, WriteOptions
from .output import emit_result

EXAMPLES = ("embedctl doctor", "embedctl doctor --deep --json", "embedctl doctor --repair --dry-run")


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """How closely to look, and whether to repair."""

    deep: bool = setting(False, "Read every byte, compare what must agree, and measure recall.")
    repair: bool = setting(False, "Rebuild what can be derived; embed and read again only what is lost.")
    dry_run: bool = setting(False, "With --repair: list the repairs; write nothing.")


def doctor(examination: DoctorOptions, encoder: RuntimeConfig, write: WriteOptions, common: CommonOptions) -> int:
    """Look for damage in the store, and repair it.

    Ends with code 0 if the store is sound or was made so, 3 if documents are lost, 4 if damage is left.
    """
    from .views.doctor import render_doctor

    if examination.dry_run and not examination.repair:
        raise UsageError("--dry-run is about a repair.", 'Write "embedctl doctor --repair --dry-run".')
    store = common.opened(encoder)
    report = store.doctor(
        deep=examination.deep, repair=examination.repair, dry_run=examination.dry_run, wait=write.wait
    )
    emit_result(report, write.json, partial(render_doctor, verbose=common.verbose, quiet=common.quiet))
    return report.exit_code
