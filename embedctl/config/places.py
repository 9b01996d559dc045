"""Where things are, unless a command says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from ..ownership import require_private

STORE_DIRECTORY = ".embedctl"
STORE_ENVIRONMENT = "EMBEDCTL_STORE"
CACHE_ENVIRONMENT = "EMBEDCTL_CACHE"


def cache_folder() -> Path:
    """Return where things are kept that can be made again: ``EMBEDCTL_CACHE``, or the user's cache folder.

    Raises:
        UsageError: it is another user's, or others may write to it.
    """
    if named := os.environ.get(CACHE_ENVIRONMENT):
        folder = Path(named).expanduser().absolute()
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("embedctl")
    return require_private(folder, CACHE_ENVIRONMENT)
