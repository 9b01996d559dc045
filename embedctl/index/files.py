"""The files of an index generation: which structure consists of which, and whether they are what was written."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from ..errors import DamagedError
from ..store.layout import GenerationLayout
from ..store.verified import FileCheck, remember, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..store.layout import Layout
    from ..store.manifest import IndexRecord

REPAIR = 'Mend it with "embedctl doctor --repair".'

Structure = Literal["bm25", "vectors", "binary", "hnsw"]


class IndexFiles:
    """The files of one published generation, as the manifest names them."""

    def __init__(self, layout: Layout, record: IndexRecord) -> None:
        self.layout = GenerationLayout(layout.generation(record.generation))
        self._record = record

    def names(self, structure: Structure) -> list[str]:
        """Return the files that a structure consists of, relative to the generation's folder."""
        at = self.layout
        if structure == "bm25":
            folder = PurePosixPath(at.bm25.name)
            return [name for name in self._record.files if PurePosixPath(name).parent == folder]
        if structure == "hnsw":
            from ..arms.dense.hnsw_file import facts_path, labels_path

            paths = [facts_path(at.hnsw), labels_path(at.hnsw), at.hnsw]
        else:
            from ..arms.dense.segments import BITS, LABELS, VECTORS

            folders = [at.segment(one.number) for one in self._record.segments]
            wanted, beside = ((BITS,), at.centre) if structure == "binary" else ((LABELS, VECTORS), at.dead)
            paths = [beside, *(folder / name for folder in folders for name in wanted)]
        return [path.relative_to(at.root).as_posix() for path in paths]

    def bm25_files(self) -> list[str]:
        """Return the names of the files that the BM25 index consists of, in its folder."""
        return [PurePosixPath(name).name for name in self.names("bm25")]

    def verify(self, *structures: Structure) -> None:
        """Compare all files of structures with what the manifest says of them, once on each machine.

        Raises:
            DamagedError: one is not what was written, or is nothing that may be opened.
        """
        for structure in structures:
            for name in self.names(structure):
                self._verify(name, always=False)

    def damage(self, always: bool = False) -> list[DamagedError]:
        """Return an error for each damaged file; ``always``: read all files again, whatever is remembered."""
        found = []
        for name in sorted(self._record.files, key=lambda name: name.endswith(self.layout.hnsw.name)):
            try:
                self._verify(name, always)
            except DamagedError as error:
                found.append(error)
        return found

    def _verify(self, name: str, always: bool) -> None:
        path, record = self.layout.root / name, self._record.files.get(name)
        if record is None:
            raise DamagedError(f"{path} is needed, and the manifest does not name it.", REPAIR)
        check = check_of(path, self._record.encoder.dim)
        verify(path, record, REPAIR, always=always, group=self.layout.root, also=check)


def remember_written(root: Path, files: Iterable[tuple[Path, str]], dim: int) -> None:
    """Note paths and SHA-256 of files that this process wrote to a generation, or linked from a verified one."""
    by_check: dict[str, list[tuple[Path, str]]] = {}
    for path, sha256 in files:
        check = check_of(path, dim)
        by_check.setdefault(check.name if check else "", []).append((path, sha256))
    for name, group in by_check.items():
        remember(group, root, name)


def check_of(path: Path, dim: int) -> FileCheck | None:
    """Return what is to be right about a file besides its bytes: a checksum does not say who wrote them."""
    run = _CHECKS.get(path.name)
    return FileCheck(f"{path.name} {dim}", partial(run, dim)) if run else None


def _graph(dim: int, path: Path) -> None:
    from ..arms.dense.hnsw_check import check_graph

    check_graph(path, dim, REPAIR)


def _vectors(_: int, path: Path) -> None:
    from ..store.array_checks import check_finite

    check_finite(path, "<f2", hint=REPAIR)


def _centre(dim: int, path: Path) -> None:
    from ..store.array_checks import check_finite

    check_finite(path, "<f4", dim, REPAIR)


def _labels(_: int, path: Path) -> None:
    from ..store.array_checks import check_ascending

    check_ascending(path, REPAIR)


_CHECKS: dict[str, Callable[[int, Path], None]] = {
    "hnsw.bin": _graph,
    "vectors.f16": _vectors,
    "centre.f32": _centre,
    "labels.u64": _labels,
    "dead.u64": _labels,
}
