"""The student of a store: an encoder that was distilled from its model, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DamagedError

if TYPE_CHECKING:
    from pathlib import Path

    from .layout import Layout
    from .manifest import Manifest, StudentRecord


def usable_student(manifest: Manifest, teacher: str) -> StudentRecord | None:
    """Return the store's student, if it lives in the space of the model with the fingerprint ``teacher``."""
    student = manifest.student
    return student if student and student.teacher == teacher else None


def student_folder(layout: Layout, record: StudentRecord) -> Path:
    """Return the folder of a student, after a look at the lengths of its files.

    Raises:
        DamagedError: a file is missing or has another length.
    """
    folder = layout.student(record.fingerprint)
    for name, file in record.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise DamagedError(
                f"{path} is missing or not as long as the manifest says.",
                'Make it again with "embedctl distill", or restore the store from a copy.',
            )
    return folder
