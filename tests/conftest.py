"""What all tests share: no network, no store of the person who runs them, one loaded encoder."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

import embedctl
from embedctl.config import DEFAULT_MODEL, StoreSettings
from embedctl.contracts import Encoder
from embedctl.encoders import card

SAMPLE = Path(__file__).parent.parent / "sample_corpus"
OFFLINE = Path(__file__).parent / "offline"
"""What is imported from there denies the network: to this process now, to its children by PYTHONPATH."""

sys.path.insert(0, str(OFFLINE))
import no_network  # noqa: E402, F401

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("EMBEDCTL_STORE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Keep converted models between runs, not where the person who runs them has theirs; let signals reach tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs, and then in all children
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.environ["EMBEDCTL_CACHE"] = str(config.rootpath / ".pytest_cache" / "embedctl")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")]))
    descriptor, os.environ["EMBEDCTL_TEST_NETWORK"] = tempfile.mkstemp(prefix="embedctl-network-")
    os.close(descriptor)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where something reached for the network, even if it did not mind that there was none."""
    attempts = Path(os.environ["EMBEDCTL_TEST_NETWORK"])
    if told := attempts.read_text(encoding="utf-8"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write(f"\nThe network was reached for:\n{told}", red=True)
    attempts.unlink()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real model, loaded once: while this one is held, every store opens the same."""
    return card(DEFAULT_MODEL).open()


def make_stores_with(model: str, patch: pytest.MonkeyPatch) -> None:
    """Let new stores have ``model`` where a test names none."""
    function = StoreSettings.__init__
    defaults = tuple(model if value == DEFAULT_MODEL else value for value in function.__defaults__ or ())
    patch.setattr(function, "__defaults__", defaults)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """New stores of the test need no model: their vectors are hashed."""
    make_stores_with("hashing", monkeypatch)


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A store of the sample corpus, made once; to be read only."""
    folder = tmp_path_factory.mktemp("sample") / ".embedctl"
    report = embedctl.create(folder).index([SAMPLE])
    assert (report.exit_code, report.problems) == (0, [])
    return folder
