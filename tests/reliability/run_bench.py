"""Whole runs of small stores that are to be killed, interrupted and starved, and what an undisturbed one makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import small_runs

import embedctl
from embedctl.errors import NoStoreError
from embedctl.store.layout import Layout
from embedctl.store.ledger import read_ledger
from embedctl.store.manifest import Manifest
from embedctl.store.writer import read_manifest

QUESTIONS = ("kestrel inspected 9 times", "which code answers for the lighthouse", "record of the vault", "turbine 500")

Content = dict[str, Any]
Answers = tuple[tuple[tuple[str, float], ...], ...]


@dataclass(frozen=True)
class Scenario:
    """One command, and what it is given."""

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], None] | None
    """Changes documents and store before it; ``None``: there is no store yet."""


def _nothing(_: Path) -> None:
    """Leave the documents as they were indexed."""


def _change(folder: Path) -> None:
    small_runs.change_documents(folder / "docs")


FIRST = Scenario("first index", ("index", "docs", "--threads", "1"), None)
REFRESH = Scenario("refresh with changes and deletions", ("index", "--threads", "1"), _change)
FORGET = Scenario("forget", ("forget", "docs:003.md", "docs:010.md", "docs:records.jsonl#4"), _nothing)
REBUILD = Scenario("index --rebuild", ("index", "--rebuild", "--chunk-size", "48", "--threads", "1"), _nothing)
FAST = Scenario("index --fast", ("index", "docs", "--fast", "--threads", "1"), None)
SCENARIOS = (FIRST, REFRESH, FORGET, REBUILD, FAST)


class Bench:
    """Stores to be killed in, and what is expected of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.encoded = folder / "encoded"
        (folder / "plain").mkdir()
        small_runs.make_documents(folder / "plain" / "docs")
        shutil.copytree(folder / "plain", folder / "indexed")
        self._expected: dict[str, tuple[Content, Answers, Answers, float]] = {}
        self._expect(FIRST, folder / "indexed")

    def fresh(self, scenario: Scenario, target: Path | None = None) -> Path:
        """Return a folder in which the scenario is about to begin; it has ``target``'s place, where that is given."""
        target = target or self.folder / "work"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder / ("indexed" if scenario.prepare else "plain"), target)
        if scenario.prepare:
            scenario.prepare(target)
        return target

    def expected(self, scenario: Scenario) -> tuple[Content, Answers, Answers, float]:
        """Return what an uninterrupted run makes, the answers before and after it, and how long it takes."""
        if scenario.name not in self._expected:
            self._expect(scenario, self.fresh(scenario, self.folder / "uninterrupted"))
        return self._expected[scenario.name]

    def _expect(self, scenario: Scenario, folder: Path) -> None:
        before, start = answers(folder), time.perf_counter()
        self.finish(folder, scenario)
        seconds = time.perf_counter() - start
        after = answers(folder)
        assert before != after or scenario is REBUILD
        self._expected[scenario.name] = content(folder), before, after, seconds

    def start(self, folder: Path, scenario: Scenario, **options: Any) -> subprocess.Popen[bytes]:
        """Begin a run in a session of its own, below the command ``prefix`` where one is given."""
        prefix = options.pop("prefix", [])
        command = [*prefix, sys.executable, str(Path(small_runs.__file__)), *scenario.arguments]
        env = {**os.environ, small_runs.ENCODED: str(self.encoded), **options.pop("env", {})}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **{**streams, **options})

    def finish(self, folder: Path, scenario: Scenario) -> None:
        """Do a whole run."""
        with self.start(folder, scenario) as process:
            _, told = process.communicate()
        assert process.returncode == 0, told.decode()

    def take_encoded(self) -> int:
        """Return how many texts the encoder was given since this was asked last."""
        if not self.encoded.exists():
            return 0
        texts = sum(map(int, self.encoded.read_text(encoding="ascii").split()))
        self.encoded.unlink()
        return texts


def layout_of(folder: Path) -> Layout:
    return Layout(folder / ".embedctl")


def manifest_of(folder: Path) -> Manifest:
    try:
        return read_manifest(layout_of(folder))
    except NoStoreError:
        return Manifest()


def answers(folder: Path) -> Answers:
    """Return ids and scores for all questions; none where there is no index yet."""
    manifest = manifest_of(folder)
    if manifest.index is None:
        return ()
    store = embedctl.open(layout_of(folder).root)
    return tuple(tuple((hit.id, round(hit.score, 5)) for hit in store.query(question).hits) for question in QUESTIONS)


def _ledger(layout: Layout, manifest: Manifest) -> list[object]:
    """Return what the store knows of its input, but for when each copy of a file was made."""
    return [(key, replace(state, ctime_us=0)) for key, state in read_ledger(layout, manifest).items()]


def content(folder: Path) -> Content:
    """Return what a store holds, file by file; without the BM25 index, whose files have random names."""
    manifest = manifest_of(folder)
    assert manifest.index is not None
    files = {name: file for name, file in manifest.index.files.items() if not name.startswith("bm25/")}
    return {
        "parts": manifest.parts,
        "sources": manifest.sources,
        "settings": manifest.settings,
        "ledger": _ledger(layout_of(folder), manifest),
        "encoder": manifest.encoder,
        "student": manifest.student,
        "indexed": manifest.index.parts == manifest.parts,
        "rows": manifest.index.rows,
        "vectors": files,
    }
