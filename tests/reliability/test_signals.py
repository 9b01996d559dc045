"""Ctrl-C, SIGTERM and SIGHUP at any moment end a run in order; readers that leave early are no error."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import commit_store
import pytest
import small_runs
from run_bench import FIRST, FORGET, REBUILD, REFRESH, Bench, Scenario, answers, content, layout_of
from tally import counted

pytestmark = pytest.mark.usefixtures("loaded")
SEED = 20261123
TWICE_S = 0.55
"""A second signal is one of its own only so long after the first."""


def interrupted(
    bench: Bench, scenario: Scenario, number: signal.Signals, share: float, again: bool = False
) -> tuple[Path, int, str]:
    """Send a signal to a run after a share of its time; return its folder, its exit code and what it told."""
    _, _, _, seconds = bench.expected(scenario)
    folder = bench.fresh(scenario)
    reader, writer = os.pipe()
    env = {small_runs.READY: str(writer)}
    with bench.start(folder, scenario, pass_fds=[writer], env=env) as process:
        os.close(writer)
        assert os.read(reader, 1) == b"!"
        os.close(reader)
        time.sleep(share * seconds)
        process.send_signal(number)
        if again:
            time.sleep(TWICE_S)
            process.send_signal(number)
        _, told = process.communicate()
        assert in_session(process.pid) == []
    return folder, process.returncode, told.decode()


def in_session(leader: int) -> list[int]:
    """Return the processes that a run has left behind: those of its session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(state[3]) == leader and state[0] != "Z":
                found.append(int(entry.name))
    return found


def round_of(bench: Bench, scenario: Scenario, number: signal.Signals, share: float, again: bool = False) -> None:
    """Interrupt a run, look at the store, finish the run, compare."""
    expected, before, after, _ = bench.expected(scenario)
    folder, code, told = interrupted(bench, scenario, number, share, again)
    layout = layout_of(folder)
    assert code in (0, 130), (code, told)
    assert "Traceback" not in told
    assert "Exception ignored" not in told
    if code == 130 and not again:
        assert told.strip().splitlines()[-1].startswith("embedctl: Interrupted. What was committed stays"), told
    if not again:
        assert commit_store.left_over(layout) == []
    assert commit_store.damage(layout) == []
    assert answers(folder) in (before, after)
    if scenario is not FORGET or answers(folder) == before:  # what was forgotten is not there to be forgotten again
        bench.finish(folder, scenario)
    assert (content(folder), answers(folder)) == (expected, after)


@pytest.mark.parametrize(
    ("scenario", "number", "share", "again"),
    [(FIRST, signal.SIGINT, 0.4, False), (FORGET, signal.SIGTERM, 0.3, True)],
    ids=["ctrl-c", "SIGTERM twice"],
)
def test_signals_end_a_run_in_order(
    bench: Bench, scenario: Scenario, number: signal.Signals, share: float, again: bool
) -> None:
    round_of(bench, scenario, number, share, again)


@pytest.mark.long
def test_signals_at_any_moment(bench: Bench, results: Path | None) -> None:
    chance = random.Random(SEED)
    with counted("SIGINT, SIGTERM, SIGHUP, once or twice, at random moments of whole runs", results) as tally:
        for number in range(80):
            scenario = (FIRST, REFRESH, FORGET, REBUILD)[number % 4]
            kind = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[number % 3]
            with tally.one():
                round_of(bench, scenario, kind, chance.uniform(0.0, 1.0), again=number % 5 == 0)


@pytest.mark.long
def test_sighup_is_ignored_under_nohup(bench: Bench) -> None:
    expected, _, _, seconds = bench.expected(FIRST)
    folder = bench.fresh(FIRST)
    with bench.start(folder, FIRST, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        time.sleep(seconds / 2)
        process.send_signal(signal.SIGHUP)
        process.communicate()
    assert process.returncode == 0
    assert content(folder) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "kestrel", "--mode", "bm25", "--json", "-n", "60"],
        ["query", "kestrel", "--mode", "bm25", "--full", "-n", "60"],
        ["show", "docs:001.md"],
        ["status", "--files", "all"],
        ["index", "--json"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("closed", ["stdout", pytest.param("stderr", marks=pytest.mark.long), "both"])
def test_a_reader_that_leaves_early_is_no_error(bench: Bench, arguments: list[str], closed: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    streams: dict[str, Any] = {
        "stdout": writer if closed in ("stdout", "both") else subprocess.DEVNULL,
        "stderr": writer if closed in ("stderr", "both") else subprocess.PIPE,
    }
    command = [sys.executable, "-m", "embedctl", *arguments]
    folder = bench.fresh(REFRESH) if arguments[0] == "index" else bench.folder / "indexed"
    with subprocess.Popen(command, cwd=folder, **streams) as process:
        os.close(writer)
        _, told = process.communicate()
    assert process.returncode == 0
    assert "Broken" not in (told or b"").decode()
    assert "Traceback" not in (told or b"").decode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_stops_nobody(bench: Bench) -> None:
    expected, _, after, _ = bench.expected(REFRESH)
    folder = bench.fresh(REFRESH)
    with Path("/dev/full").open("wb") as full:
        process = bench.start(folder, REFRESH, stderr=full)
        assert process.wait() == 0
    assert (content(folder), answers(folder)) == (expected, after)


@pytest.mark.parametrize(
    "closed",
    [pytest.param([1], marks=pytest.mark.long), pytest.param([2], marks=pytest.mark.long), [0, 1, 2]],
    ids=["stdout", "stderr", "all"],
)
def test_streams_that_are_closed_from_the_start(bench: Bench, closed: list[int]) -> None:
    def close() -> None:
        for number in closed:
            os.close(number)

    command = [sys.executable, "-m", "embedctl", "index", "--json"]
    done = subprocess.run(command, cwd=bench.fresh(REFRESH), preexec_fn=close, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert bool(done.stdout) == (1 not in closed)
    assert b"Traceback" not in done.stderr
    assert commit_store.damage(layout_of(bench.folder / "work")) == []
    assert commit_store.left_over(layout_of(bench.folder / "work")) == []
