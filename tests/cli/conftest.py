"""A small world of documents, a store over it made by the real model, and a way to type commands."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Cli, Result
from reportlab.pdfgen.canvas import Canvas

from embedctl.cli.run import run
from embedctl.contracts import Encoder

KEYS = """---
year: 2024
tags: [security, ops]
---
# Keys

Every service signs its tokens with a key of its own, made when the service is first set up and kept in the store of
secrets beside its certificates. Nobody reads keys by hand, and no key is ever written to a log or a message.

## Rotation

Keys are rotated every ninety days by the night job. The old key stays valid for one more day, so that tokens signed
shortly before the change can still be checked; after that day it is wiped from every machine that held it.

## Recovery

A lost key is restored from the sealed envelope in the vault. Two people have to be present, both sign the book, and
a new envelope is sealed on the same day, so that the next loss finds the vault as the first one did.
"""
RECORDS = [
    {"id": "r 1", "title": "Kestrel", "text": "The kestrel hovers above the motorway verge.", "year": 1999},
    {"id": "r2", "title": "Owl", "text": "The owl hunts voles by night."},
    {"id": "r3", "text": ""},
]
CODE = 'def rotate(key):\n    """Rotate."""\n    fresh = make()\n    swap(key, fresh)\n    return fresh\n'


def make_documents(folder: Path) -> None:
    docs = folder / "docs"
    (docs / "ops").mkdir(parents=True)
    (docs / "keys.md").write_text(KEYS, encoding="utf-8")
    (docs / "rotate.py").write_text(CODE, encoding="utf-8")
    (docs / "ops" / "night backup.txt").write_text("Backups run at three in the morning.\n", encoding="utf-8")
    (docs / "ops" / "colours.txt").write_text("A sneaky \x1b[31mescape\x1b[0m sequence.\n", encoding="utf-8")
    (docs / "birds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in RECORDS), encoding="utf-8")
    canvas = Canvas(str(docs / "report.pdf"), invariant=True)
    for text in ("Annual report of the lighthouse.", "Storms damaged the lantern twice."):
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    (docs / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A folder with documents and a store; never changed."""
    folder = tmp_path_factory.mktemp("world")
    make_documents(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["index", "docs", "--quiet"]) == 3  # one of the files is broken on purpose
    return folder


@pytest.fixture(autouse=True)
def _same_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "EMBEDCTL_TRACEBACK", "EMBEDCTL_STORE"):
        monkeypatch.delenv(name, raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def cli(encoder: Encoder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Type a command in this process, which has the model loaded already."""

    def typed(*arguments: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        code = run(arguments)
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return typed


@pytest.fixture
def here(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The world as the working directory, to be read only."""
    monkeypatch.chdir(world)
    return world


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents without a store, as the working directory."""
    make_documents(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
