"""Where everything lies below a store's folder, and how a store is found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..config import STORE_DIRECTORY, STORE_ENVIRONMENT
from ..errors import NoStoreError, UsageError
from ..system.ownership import foreign_owner

FOLDERS = ("documents", "chunks", "embeddings", "files", "samples", "students", "index", "runs")
"""What a store's folder has in it besides files."""


def part_name(number: int) -> str:
    """Return the name that a part has in every stage's folder."""
    return f"{number:06d}.parquet"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one store."""

    root: Path

    @property
    def base(self) -> Path:
        """The folder that relative source paths start from: the one that holds the store."""
        return self.root.parent

    @property
    def manifest(self) -> Path:
        """The commit record; everything else is what it names."""
        return self.root / "manifest.json"

    @property
    def backup(self) -> Path:
        """A copy of the commit record, for the day on which that is damaged; no reader believes it."""
        return self.root / "manifest.backup.json"

    @property
    def lock(self) -> Path:
        """What a writer locks."""
        return self.root / "lock"

    @property
    def runs(self) -> Path:
        """Folder of the run reports."""
        return self.root / "runs"

    def documents(self, number: int) -> Path:
        """Return where a part's documents are."""
        return self.root / "documents" / part_name(number)

    def chunks(self, number: int) -> Path:
        """Return where a part's chunks are."""
        return self.root / "chunks" / part_name(number)

    def embeddings(self, encoder: str, number: int) -> Path:
        """Return where a part's vectors of one encoder (its fingerprint) are."""
        return self.root / "embeddings" / encoder / part_name(number)

    def student(self, fingerprint: str) -> Path:
        """Return the folder of an encoder that was distilled on this store."""
        return self.root / "students" / fingerprint

    def sample(self, number: int) -> Path:
        """Return where vectors of sampled texts are."""
        return self.root / "samples" / part_name(number)

    def files(self, number: int) -> Path:
        """Return where a ledger of input files is."""
        return self.root / "files" / part_name(number)

    def generation(self, number: int) -> Path:
        """The folder of one index generation: a folder for each arm, and one for the rows."""
        return self.root / "index" / f"{number:06d}"

    def from_base(self, typed: str) -> str:
        """Return a path that was typed in the working directory as the store writes it: POSIX, from its base."""
        return Path(os.path.relpath(typed or ".", self.base)).as_posix()


def _is_store(layout: Layout) -> bool:
    """Return whether a store is there; one that lost its commit record is to be repaired, not begun anew."""
    return layout.manifest.is_file() or layout.backup.is_file()


def _named(explicit: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    return explicit or os.environ.get(STORE_ENVIRONMENT)


def find_store(explicit: str | os.PathLike[str] | None = None) -> Layout | None:
    """Return the store to use, or ``None`` when there is none.

    ``explicit`` (a store's folder) wins, then the environment variable ``EMBEDCTL_STORE``, then the nearest
    ``.embedctl`` in the working directory or a folder above it.

    Raises:
        UsageError: the one that was found belongs to another user, and nobody named it.
    """
    if named := _named(explicit):
        layout = Layout(Path(named).expanduser().absolute())
        return layout if _is_store(layout) else None
    for folder in (Path.cwd(), *Path.cwd().parents):
        layout = Layout(folder / STORE_DIRECTORY)
        if _is_store(layout):
            if (owner := foreign_owner(layout.root)) is not None:
                raise UsageError(
                    f"The store {layout.root} belongs to the user {owner}, and nobody named it.",
                    f"If you trust it, name it: --store {layout.root}",
                )
            return layout
    return None


def require_store(explicit: str | os.PathLike[str] | None = None) -> Layout:
    """Return the store to use, or raise a :class:`NoStoreError` when there is none."""
    if layout := find_store(explicit):
        return layout
    named = _named(explicit)
    where = f"in {named}" if named else f"in {Path.cwd()} or any folder above it"
    raise NoStoreError(f"There is no store {where}.", 'Make one with "embedctl index PATH".')


def new_store(explicit: str | os.PathLike[str] | None = None) -> Layout:
    """Return the existing store, or the layout of the one that a first run would make."""
    return find_store(explicit) or Layout(Path(_named(explicit) or STORE_DIRECTORY).expanduser().absolute())
