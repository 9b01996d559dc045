"""Documents that attack their parser: each ends as a row with a reason or as a document, and the others are indexed."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile_catalogue import catalogue
from hostile_documents import SECRET, Attack, Hostile
from tally import Tally, counted

from embedctl.config import ParserLimits, ReadLimits
from embedctl.parsers.pool import ParserPool
from embedctl.parsers.reading import ReadResult, ReadTask, allowance

GOOD = {
    f"good{number:02}.md": f"# Good {number}\n\nThis one is about lighthouse number {number}.\n" for number in range(20)
}
NOWHERE = "http://127.0.0.1:9/secret"
"""What documents refer to; tests/system/test_sandbox.py shows that a worker has no sockets to ask it."""
LARGEST = 33_000_100
"""Bytes of the largest of the documents."""
BESIDE = 250e6
"""Resident memory that a process may have beside what a file may take: libraries, and in embedctl parts of text."""


@dataclass(frozen=True)
class Ran:
    """What became of one run over a corpus."""

    exit_code: int
    problems: dict[str, tuple[str, str]]
    """By file: outcome and reason."""
    outcomes: dict[str, int]
    peak_bytes: int
    """Resident memory of the largest of its processes."""
    texts: dict[str, str]


def corpus(folder: Path, documents: list[Hostile], attack: Attack) -> None:
    folder.mkdir()
    for document in documents:
        (folder / document.name).write_bytes(document.make(attack))
    for name, text in GOOD.items():
        (folder / name).write_text(text, encoding="utf-8")


_MEASURED = """
import json, os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"code": code, "peak": peak}))
"""


def ingested(folder: Path, store: Path, flags: dict[str, str], limit: float) -> Ran:
    """Run ``embedctl ingest`` as a user would, but from a small process: a child counts as large as its parent was."""
    words = [word for pair in flags.items() for word in pair]
    run = [sys.executable, "-m", "embedctl", "ingest", str(folder), "--store", str(store), "--json", *words]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *run],
        capture_output=True,
        text=True,
        timeout=limit,
    )
    report, _, measured = done.stdout.rstrip().rpartition("\n")
    assert report, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    about, said = json.loads(measured), json.loads(report)
    texts = {document["path"]: document["text"] for document in documents_of(store)}
    lost = [each for each in said["problems"] if each["outcome"] != "noted"]
    problems = {Path(each["path"]).name: (each["outcome"], each["reason"]) for each in lost}
    return Ran(about["code"], problems, said["outcomes"], about["peak"], texts)


def documents_of(store: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [
        row
        for path in sorted((store / "documents").glob("*.parquet"))
        for row in pq.read_table(path, columns=["path", "text", "title", "metadata"]).to_pylist()
    ]


def assert_accounted_for(document: Hostile, ran: Ran) -> None:
    text = ran.texts.get(document.name)
    outcome, reason = ran.problems.get(document.name, ("", ""))
    assert (text is None) != (outcome == ""), f"{document.name}: neither indexed nor told of"
    if document.read:
        assert text is not None, f"{document.name} is harmless: {reason}"
    if document.failed:
        assert re.search(document.failed, reason), f"{document.name}: {reason or text}"
    if text is None:
        assert outcome in ("failed", "skipped")
        assert reason.isprintable(), document.name
        assert 0 < len(reason) < 600, document.name
        assert "Error" not in reason, f"{document.name}: {reason}"
    else:
        assert text.strip(), document.name


def assert_survived(documents: list[Hostile], ran: Ran, attack: Attack) -> None:
    assert ran.exit_code == 3
    for name, good in GOOD.items():
        assert ran.texts.get(name) == good
    assert len(ran.texts) + len(ran.problems) == len(documents) + len(GOOD)
    leaks = [name for name, text in ran.texts.items() if SECRET in text]
    assert not leaks, f"another file's text is in {leaks}"
    assert not Path(f"{attack.secret}.touched").exists(), "a document ran a program"


def attacked(tmp_path: Path, full: bool, flags: dict[str, str], tally: Tally) -> Ran:
    """Ingest all of them beside the good files, as a user would, and look at what became of each."""
    documents = catalogue()
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    attack = Attack(full, str(tmp_path / "secret"), NOWHERE)
    corpus(tmp_path / "docs", documents, attack)
    ran = ingested(tmp_path / "docs", tmp_path / "store", flags, 3_000)
    assert_survived(documents, ran, attack)
    for document in documents:
        with tally.one():
            assert_accounted_for(document, ran)
    return ran


def test_hostile_documents_cost_themselves_only(tmp_path: Path) -> None:
    ran = attacked(tmp_path, False, {"--parse-timeout": "3", "--parse-memory": "200MB"}, Tally("short"))
    assert ran.peak_bytes < 200e6 + BESIDE


# --- mutations


def mutated(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return ``data`` with a few bits flipped, cut off, with bytes of its own or of another file in the middle."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(out) or 1)
        match chance.randrange(6):
            case 0 | 1:
                for _ in range(chance.choice((1, 4, 64))):
                    if out:
                        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
            case 2:
                del out[at:]
            case 3:
                del out[at : at + chance.choice((1, 16, 500))]
            case 4:
                out[at:at] = out[at : at + chance.choice((1, 100, 5_000))] * chance.choice((1, 3, 50))
            case _:
                donor = chance.choice(others)
                start = chance.randrange(len(donor))
                out[at:at] = donor[start : start + chance.choice((4, 200, 4_000))]
    return bytes(out)


def repacked(data: bytes, chance: random.Random) -> bytes:
    """Return an archive in which one member is mutated, checksums and all."""
    from hostile_documents import unpacked, zipped

    members = unpacked(data)
    name = chance.choice(sorted(members))
    return zipped({**members, name: mutated(members[name], list(members.values()), chance)})


def fuzzed(pool: ParserPool, folder: Path, each: int, tally: Tally) -> None:
    """Parse ``each`` mutations of the sample of every format; every answer is a document or a reason."""
    from parser_samples import samples

    found = samples()
    others = [data for _, data in found.values()]
    most = allowance(ParserLimits(seconds=20.0, memory_bytes=500_000_000), 0)
    for name, (path, data) in found.items():
        chance, tasks = random.Random(f"{name}{each}"), []
        for number in range(each):
            archive = data.startswith(b"PK") and chance.random() < 0.6
            changed = repacked(data, chance) if archive else mutated(data, others, chance)
            target = folder / f"{number}-{path}"
            target.write_bytes(changed)
            tasks.append(ReadTask(target.name, str(target), len(changed), most))
        for start in range(0, each, 20):
            for parsing in pool.submit(tasks[start : start + 20]):
                with tally.one():
                    assert_document_or_reason(parsing.task, pool.take(parsing))
        for task in tasks:
            Path(task.absolute).unlink()


def assert_document_or_reason(task: ReadTask, result: ReadResult) -> None:
    if result.problem is None:
        assert result.document is not None
        assert result.document.text.strip()
        return
    reason = result.problem.message
    kept = f"{task.absolute}: {reason}"
    assert "its parser failed" not in reason, kept
    assert "makes no sense" not in reason, kept
    assert "crashed" not in reason, kept
    assert reason.isprintable(), kept


@pytest.fixture
def two_workers() -> Iterator[ParserPool]:
    with ParserPool(2, ReadLimits()) as pool:
        yield pool


def test_mutated_files_are_read_or_refused(tmp_path: Path, two_workers: ParserPool) -> None:
    fuzzed(two_workers, tmp_path, 20, Tally("mutations"))


# --- the long forms


@pytest.mark.long
def test_full_sized_bombs_cost_themselves_only(tmp_path: Path, results: Path | None) -> None:
    what = "hostile documents, bombs full-sized, beside 20 good files: a reason or a document, memory bounded"
    with counted(what, results) as tally:
        ran = attacked(tmp_path, True, {"--max-file-size": "100MB"}, tally)
        assert ran.peak_bytes < ParserLimits().memory_bytes + LARGEST * ParserLimits().memory_per_byte + BESIDE


@pytest.mark.long
def test_many_mutated_files_are_read_or_refused(tmp_path: Path, two_workers: ParserPool, results: Path | None) -> None:
    what = "mutated files of every format, 2,000 each: a document or a reason, no crash of a parser"
    with counted(what, results) as tally:
        fuzzed(two_workers, tmp_path, 2_000, tally)
