"""The student of a store: an encoder that was distilled from its model, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """Return the folder of a student whose files are what was written.

    Raises:
        DamagedError: one is not.
    """
    folder = layout.student(record.fingerprint)
    for name, file in record.files.items():
        hint = 'Make it again with "embedctl doctor --repair", or restore the store from a copy.'
        verify(folder / name, file, hint, group=folder)
    return folder
