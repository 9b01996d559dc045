"""Readers beside a writer: no lock, no waiting, no failure, and every answer is that of exactly one snapshot."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hammer import STAMPS, stamp_text
from tally import counted

SCRIPT = Path(__file__).with_name("hammer.py")
READERS = ("session", "fresh", "batch", "cold")


class Snapshots:
    """What the writer found right, by generation and by snapshot."""

    def __init__(self, folder: Path) -> None:
        self.all = _lines(folder / "published.jsonl")
        self.by_generation = {one["generation"]: one for one in self.all}

    def between(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        """Return those that were published while a question was answered, by their index."""
        (first, _), (last, _) = told["from"], told["to"]
        return [self.by_generation[number] for number in range(first, last + 1) if number in self.by_generation]

    def ingested(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        """Return those whose documents were the current ones meanwhile: a run ingests before it publishes an index."""
        (_, first), (_, last) = told["from"], told["to"]
        oldest = max(one["epoch"] for one in self.all if one["snapshot"] <= first)
        newest = min((one["epoch"] for one in self.all if one["snapshot"] >= last), default=self.all[-1]["epoch"])
        return [one for one in self.all if oldest <= one["epoch"] <= newest]


def check(told: dict[str, Any], snapshots: Snapshots) -> None:
    """Raise unless an answer is that of one snapshot which was published while it was asked for."""
    kind, answer = told["kind"], told["answer"]
    if kind == "show":
        number, text = answer
        assert text in [stamp_text(number, one["epoch"]) for one in snapshots.ingested(told)]
    elif kind == "status":
        assert answer["documents"] in [one["documents"] for one in snapshots.ingested(told)]
        assert answer["index"] in [
            {name: one[name] for name in ("generation", "rows")} for one in snapshots.between(told)
        ]
        assert len(answer["listed"]) >= STAMPS
    elif kind == "batch":
        assert answer["digests"] in [one["batch"] for one in snapshots.between(told)]
        assert len(answer["epochs"]) == 1
    else:
        same = [one for one in snapshots.between(told) if one["answers"][kind] == answer["digest"]]
        assert same, f"{kind}: {answer['digest']}, generations {told['from']} to {told['to']}"
        assert answer["epochs"] in ([], *([one["epoch"]] for one in same))


def hammer(folder: Path, model: Path, epochs: int, seconds: float) -> tuple[Snapshots, list[dict[str, Any]]]:
    """Let readers and a writer loose on one store; return what was published and what was answered."""
    python = [sys.executable, str(SCRIPT)]
    writer = subprocess.Popen([*python, "write", str(folder), str(model), str(epochs), str(seconds)])
    while not (folder / "ready").exists():
        assert writer.poll() is None
    readers = [
        subprocess.Popen([*python, role, str(folder), str(at)], stderr=subprocess.PIPE)
        for at, role in enumerate(READERS)
    ]
    assert writer.wait() == 0
    for role, reader in zip(READERS, readers, strict=True):
        told = reader.communicate()[1]
        assert (reader.returncode, told) == (0, b""), f"{role}: {told.decode()}"
    answers = [told for at, role in enumerate(READERS) for told in _lines(folder / f"read-{role}-{at}.jsonl")]
    return Snapshots(folder), answers


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_readers_beside_a_writer(tmp_path: Path, small_model: Path) -> None:
    snapshots, answers = hammer(tmp_path, small_model, epochs=7, seconds=2)
    for told in answers:
        check(told, snapshots)
    kinds = Counter(told["kind"] for told in answers)
    assert {"bm25", "dense", "hybrid", "hybrid where", "show", "status", "batch"} <= kinds.keys()
    assert any(told["kind"] == "batch" and told["answer"]["collected"] for told in answers)
    assert len({told["to"][0] for told in answers}) > 3  # long-lived stores go with the time


@pytest.mark.long
def test_readers_beside_a_hundred_publishes(tmp_path: Path, small_model: Path, results: Path | None) -> None:
    with counted(
        "Answers to readers during publishes and collection, each compared with its snapshot's", results
    ) as tally:
        snapshots, answers = hammer(tmp_path, small_model, epochs=100, seconds=600)
        for told in answers:
            with tally.one():
                check(told, snapshots)
    assert len(snapshots.all) >= 100
