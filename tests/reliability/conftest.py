"""Where reliability tests leave what they counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def results() -> Path | None:
    """The file that ``make test-long`` names for ``tally.counted``; ``None``: nothing is kept."""
    named = os.environ.get("EMBEDCTL_RELIABILITY")
    return Path(named) if named else None
