"""A sample of all system calls of whole runs on a store: killed, disk full, I/O error.

Below the store are Arrow, Tantivy and hnswlib, with threads of their own. strace counts calls by thread, so a fault may
strike in several of them; it is taken where an undisturbed run touched the store.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import commit_store
import pytest
import strace
from run_bench import FIRST, REFRESH, Bench, Scenario, answers, content, layout_of
from strace import Call
from tally import counted

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("loaded")]
SEED = 20261124
SAMPLE = 20
"""Faults of each kind."""
REMOVES = frozenset({"unlink", "unlinkat", "rmdir"})
SYNCS = frozenset({"fsync", "fdatasync"})


@pytest.fixture(autouse=True, scope="module")
def _strace() -> None:
    if reason := strace.missing():
        pytest.skip(reason)


def traced(bench: Bench, scenario: Scenario, trace: Path, calls: str, inject: str = "") -> tuple[Path, int, str]:
    """Run a scenario under strace; return its folder, its exit code (negative: the signal) and what it told."""
    folder = bench.fresh(scenario)
    prefix = strace.options(trace, calls, inject=inject, whole=True)
    if "signal" not in inject:  # with the filter, strace loses count of calls that are to end in a signal
        prefix = [*prefix, "--seccomp-bpf"]
    with bench.start(folder, scenario, prefix=prefix) as process:
        _, told = process.communicate()
    return folder, process.returncode, told.decode(errors="replace")


def sample(bench: Bench, scenario: Scenario, kind: str, tmp_path: Path) -> list[Call]:
    """Return calls on the store of an undisturbed run: of each name as many as fit, spread over the run."""
    names = {f"?{name}" for name in strace.CHANGING | {"openat"}}  # "?": not every kernel has every one
    folder, code, told = traced(bench, scenario, tmp_path / "trace", ",".join(sorted(names)))
    assert code == 0, told
    store = str(layout_of(folder).root)
    changing = [call for call in strace.read(tmp_path / "trace") if call.changes]
    touching = [call for call in changing if any(path.startswith(store) for path in call.paths)]
    if kind == "ENOSPC":
        touching = [call for call in touching if call.name in strace.NEEDS_ROOM]
    distinct = list({(call.name, call.nth): call for call in touching}.values())
    chance = random.Random(f"{SEED} {kind} {scenario.name}")
    rare = [call for call in distinct if Counter(other.name for other in distinct)[call.name] <= 5]
    rest = [call for call in distinct if call not in rare]
    return (rare + chance.sample(rest, min(len(rest), SAMPLE)))[:SAMPLE]


@pytest.mark.parametrize("kind", ["KILL", "ENOSPC", "EIO"])
@pytest.mark.parametrize("scenario", [FIRST, REFRESH], ids=["first", "refresh"])
def test_faults_in_whole_runs(
    bench: Bench, scenario: Scenario, kind: str, tmp_path: Path, results: Path | None
) -> None:
    expected, before, after, _ = bench.expected(scenario)
    faults = sample(bench, scenario, kind, tmp_path)
    lost: list[str] = []
    with counted(f"whole run, {scenario.name}: {kind} at a sample of the system calls on the store", results) as tally:
        for call in faults:
            what = f"signal={kind}" if kind == "KILL" else f"error={kind}"
            inject = f"{call.name}:{what}:when={call.nth}"
            folder, code, told = traced(bench, scenario, tmp_path / "trace", call.name, inject)
            fired = [one for one in strace.read(tmp_path / "trace") if one.injected]
            if not fired and code != -9:
                continue  # the thread that made so many calls made fewer this time
            tally.tried += 1
            found = problems(folder, kind, fired, code, told)
            if commit_store.damage(layout_of(folder)):
                found.append("damaged")
            if answers(folder) not in (before, after):
                found.append("other answers")
            bench.finish(folder, scenario)
            if (content(folder), answers(folder)) != (expected, after):
                found.append("the next run made something else")
            tally.survived += not found
            lost += [f"{inject}: {each} [{' '.join(call.paths)}]" for each in found]
    assert tally.tried >= 0.5 * len(faults), "threads do not always make the same calls, but mostly"
    assert not lost, f"{tally.lost} of {tally.tried}:\n" + "\n".join(lost)


def problems(folder: Path, kind: str, fired: list[Call], code: int, told: str) -> list[str]:
    """Return what is wrong with how a run ended."""
    if kind == "KILL":
        return [] if code == -9 else [f"was not killed: {code} {told}"]
    found = []
    if code not in (0, 6) or "Traceback" in told or "This is a bug" in told:
        found.append(f"ended with {code}: {told[-600:]}")
    if code == 0 and any(call.name in SYNCS for call in fired):
        found.append("success was reported, and something is not durable")
    kept = {path for call in fired if call.name in REMOVES for path in call.paths}
    left = [
        name for name in commit_store.left_over(layout_of(folder)) if str(layout_of(folder).root / name) not in kept
    ]
    return [*found, *(f"{name} is left over" for name in left)]
