"""The library: what ``import embedctl`` gives, and the only thing that the command line calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..store.layout import new_store, require_store
from .building import Building
from .ranking import Ranking
from .reporting import Reporting

if TYPE_CHECKING:
    from ..contracts import Reporter
    from .reading import PathLike


def open(path: PathLike | None = None, *, reporter: Reporter | str = "silent") -> Store:  # noqa: A001
    """Open an existing store.

    Args:
        path: the store's folder; ``None``: the environment variable ``EMBEDCTL_STORE``, else the nearest
            ``.embedctl`` in the working directory or above it.
        reporter: who hears of progress: ``silent``, ``lines``, ``bars``, ``tqdm`` or an object of your own.

    Raises:
        NoStoreError: there is none.
    """
    return Store(require_store(path), reporter)


def create(path: PathLike | None = None, *, reporter: Reporter | str = "silent") -> Store:
    """Open a store, or say where the first ``index`` or ``ingest`` is to make it; takes what :func:`open` takes."""
    return Store(new_store(path), reporter)


class Store(Building, Reporting, Ranking):
    """One store: the stages that fill it, and the questions it answers.

    Stages take the write lock and return a :class:`~embedctl.stages.report.RunReport`; everything else reads the
    current snapshot and takes no lock.
    """
