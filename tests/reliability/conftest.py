"""Where reliability tests leave what they counted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from run_bench import Bench

from embedctl.contracts import Encoder


@pytest.fixture
def results(request: pytest.FixtureRequest) -> Path | None:
    """The file that ``make test-long`` names for ``tally.counted``; ``None``: nothing is kept."""
    named = os.environ.get("EMBEDCTL_RELIABILITY")
    return request.config.invocation_params.dir / named if named else None


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Bench:
    """Small stores to be killed, interrupted and starved in; questions to them are encoded in this process."""
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def loaded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries of the test use the session's encoder."""


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real model that is so small that a process has it loaded at once."""
    sys.path.append(str(Path(__file__).parents[1] / "encoders"))
    from small_models import save_small_model

    return save_small_model(tmp_path_factory.mktemp("models") / "small")
