"""The student of a store: an encoder that was distilled from its model, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ModelError, UsageError
from .verified import verify

if TYPE_CHECKING:
    from pathlib import Path

    from .layout import Layout
    from .manifest import Manifest, StudentRecord


def usable_student(manifest: Manifest, teacher: str) -> StudentRecord | None:
    """Return the store's student, if it lives in the space of the model with the fingerprint ``teacher``."""
    student = manifest.student
    return student if student and student.teacher == teacher else None


def student_folder(layout: Layout, record: StudentRecord) -> Path:
    """Return the folder of a student, or raise a :class:`DamagedError` if a file of it is not what was written."""
    folder = layout.student(record.fingerprint)
    for name, file in record.files.items():
        hint = 'Make it again with "embedctl doctor --repair", or restore the store from a copy.'
        verify(folder / name, file, hint, group=folder)
    return folder


def own_student(layout: Layout, manifest: Manifest) -> Path:
    """Return the folder of the store's student.

    Raises:
        ModelError: it has none.
        DamagedError: a file of it is not what was written.
    """
    if manifest.student is None:
        raise ModelError("This store has no student.", 'Make one with "embedctl distill".')
    return student_folder(layout, manifest.student)


def export(layout: Layout, manifest: Manifest, target: Path) -> None:
    """Copy the student, see :func:`own_student`, to a folder, or raise a :class:`UsageError` if that is not empty."""
    import shutil

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already, and not an empty folder.", "Name another.")
    shutil.copytree(own_student(layout, manifest), target, dirs_exist_ok=True)
