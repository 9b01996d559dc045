"""The folder for derived files: converted models, fingerprints, names of verified files."""

from __future__ import annotations

import os
from pathlib import Path

from ..config import CACHE_ENVIRONMENT
from .ownership import require_private


def cache_folder() -> Path:
    """Return ``EMBEDCTL_CACHE``, or the user's cache folder, after :func:`require_private`."""
    if named := os.environ.get(CACHE_ENVIRONMENT):
        folder = Path(named).expanduser().absolute()
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("embedctl")
    return require_private(folder, CACHE_ENVIRONMENT)
