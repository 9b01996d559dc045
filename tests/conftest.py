"""What all tests share: no network, no store of the person who runs them, one loaded encoder."""

from __future__ import annotations

import os

import pytest

from embedctl.config import DEFAULT_MODEL, RuntimeConfig
from embedctl.contracts import Encoder
from embedctl.encoders import open_encoder

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("EMBEDCTL_STORE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Keep converted models between runs, but not where the person who runs them has theirs."""
    os.environ["EMBEDCTL_CACHE"] = str(config.rootpath / ".pytest_cache" / "embedctl")


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real model, loaded once."""
    return open_encoder(DEFAULT_MODEL, RuntimeConfig())
