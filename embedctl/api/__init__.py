"""The library: ``import embedctl`` gives what is here, and the command line calls nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..store.layout import new_store, require_store
from .store import Store

if TYPE_CHECKING:
    from ..config import RuntimeConfig
    from ..contracts import Reporter
    from .store import PathLike


__all__ = ["Store", "create", "open"]


def open(  # noqa: A001
    path: PathLike | None = None, *, reporter: Reporter | str = "silent", runtime: RuntimeConfig | None = None
) -> Store:
    """Open an existing store.

    Args:
        path: the store's folder; ``None``: the environment variable ``EMBEDCTL_STORE``, else the nearest
            ``.embedctl`` in the working directory or above it.
        reporter: shows progress: ``silent``, ``lines``, ``bars``, ``tqdm`` or an object of your own.
        runtime: how encoders are run.

    Raises:
        NoStoreError: there is none.
    """
    return Store(require_store(path), reporter, runtime)


def create(
    path: PathLike | None = None, *, reporter: Reporter | str = "silent", runtime: RuntimeConfig | None = None
) -> Store:
    """Open a store, or the place where the first ``index`` or ``ingest`` makes it; arguments as for :func:`open`."""
    return Store(new_store(path), reporter, runtime)
