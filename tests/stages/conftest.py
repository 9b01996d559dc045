"""A folder of documents, a store over it, and an encoder that counts what it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from counting_encoder import CountingEncoder
from guide import GUIDE

import embedctl
from embedctl.encoders import card
from embedctl.encoders.hashing import HashingCard


@pytest.fixture
def counting(hashing: None, monkeypatch: pytest.MonkeyPatch) -> CountingEncoder:
    """The encoder of new stores, with a record of its work."""
    counting = CountingEncoder(card("hashing").open())
    monkeypatch.setattr(HashingCard, "open", lambda *_: counting)
    return counting


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "ops").mkdir(parents=True)
    (folder / "keys.md").write_text(GUIDE, encoding="utf-8")
    (folder / "ops" / "backup.txt").write_text("Backups run at three in the morning.\n", encoding="utf-8")
    (folder / "ops" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    return folder


@pytest.fixture
def store(tmp_path: Path, counting: CountingEncoder) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")
