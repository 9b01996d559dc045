"""The files of one piece of an index generation: of an arm, or of what hits show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DamagedError
from .verified import FileCheck, remember, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from .manifest import ArmRecord

    Checks = Mapping[str, Callable[[Path], None]]
    """Name of a file, without its folder -> what must be right about it besides its bytes."""

REPAIR = 'Repair it with "embedctl doctor --repair".'


class Piece:
    """One piece as the manifest names it, with the checks of its kind; nothing is opened before it is verified."""

    def __init__(self, generation: Path, record: ArmRecord, checks: Checks, version: str) -> None:
        """Look at a piece.

        Args:
            generation: folder of the index generation.
            record: of the piece.
            checks: a checksum does not say who wrote a file.
            version: names the checks; another name means that files are checked again.
        """
        self.record = record
        self.folder = generation / record.folder if record.folder else generation
        self.group = generation
        """Folder under which it is remembered that files were verified."""
        self._checks = checks
        self._version = version

    def verify(self, names: Iterable[str]) -> None:
        """Raise a :class:`DamagedError` if a file is missing, or not what was written; once on each machine."""
        for name in names:
            self._verify(name, always=False)

    def damage(self, *, always: bool = False) -> list[DamagedError]:
        """Return an error for each damaged file, the largest files last; ``always``: read all files again."""
        found = []
        for name in sorted(self.record.files, key=lambda name: self.record.files[name].bytes):
            try:
                self._verify(name, always)
            except DamagedError as error:
                found.append(error)
        return found

    def remember(self, files: Iterable[tuple[Path, str]]) -> None:
        """Note paths and SHA-256 of files that this process wrote, or linked from a verified generation."""
        by_check: dict[str, list[tuple[Path, str]]] = {}
        for path, sha256 in files:
            check = self.check(path)
            by_check.setdefault(check.name if check else "", []).append((path, sha256))
        for name, group in by_check.items():
            remember(group, self.group, name)

    def check(self, path: Path) -> FileCheck | None:
        """Return what must be right about a file besides its bytes."""
        run = self._checks.get(path.name)
        return FileCheck(f"{path.name} {self._version}", run) if run else None

    def _verify(self, name: str, always: bool) -> None:
        path, record = self.folder / name, self.record.files.get(name)
        if record is None:
            raise DamagedError(f"{path} is needed, and the manifest does not name it.", REPAIR)
        verify(path, record, REPAIR, always=always, group=self.group, also=self.check(path))
