"""``kill -9`` at any moment of whole runs: the store answers as before or as after, and a finished rerun leaves what an
uninterrupted run leaves.
"""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import commit_store
import pytest
from run_bench import (
    FIRST,
    FORGET,
    REFRESH,
    SCENARIOS,
    Bench,
    Content,
    Scenario,
    answers,
    content,
    layout_of,
    manifest_of,
)
from tally import Tally, counted

import embedctl

pytestmark = pytest.mark.usefixtures("loaded")
LONG_ROUNDS = 200
SEED = 20261121


def round_of(bench: Bench, scenario: Scenario, share: float) -> None:
    """Kill a run after a share of its time, look at the store, finish the run, compare."""
    expected, before, after, seconds = bench.expected(scenario)
    bench.take_encoded()
    folder = bench.fresh(scenario)
    held = vectors_in(folder)
    with bench.start(folder, scenario) as process:
        time.sleep(share * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    layout = layout_of(folder)
    assert commit_store.damage(layout) == []
    assert answers(folder) in (before, after)
    if layout.manifest.exists():
        embedctl.open(layout.root).status(check=True)
    wasted = bench.take_encoded() - (vectors_in(folder) - held)
    largest = max(part.chunks.rows for part in expected["parts"] if part.chunks)
    if scenario in (FIRST, REFRESH):  # where each vector is new, and none is thrown away
        assert wasted <= 2 * largest, "a part was being encoded, and one was being written"
    done = _done_before(scenario, folder, expected)
    if not done:
        bench.finish(folder, scenario)
    found = content(folder)
    assert {name: found[name] for name in found if found[name] != expected[name]} == {}
    assert answers(folder) == after
    left = commit_store.left_over(layout)
    assert left == [] or (done and left == ["lock.json"]), "only a finished run tidies up behind a killed one"


def _done_before(scenario: Scenario, folder: Path, expected: Content) -> bool:
    """Say whether a run was over when it was killed, and is not to be done twice: what is forgotten is not there."""
    return scenario is FORGET and content(folder) == expected


def vectors_in(folder: Path) -> int:
    return sum(part.embeddings.rows for part in manifest_of(folder).parts if part.embeddings)


def test_killed_runs_lose_nothing_and_are_finished_by_the_next(bench: Bench, results: Path | None) -> None:
    rounds = ((FIRST, 0.8), (FORGET, 0.85))
    with counted("kill -9 once during index and once during forget", results) as tally:
        for scenario, share in rounds:
            with tally.one():
                round_of(bench, scenario, share)


def test_a_forget_that_is_stopped_has_forgotten_nothing_and_can_be_typed_again(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    folder = bench.fresh(FORGET, tmp_path / "work")
    store, before = embedctl.open(layout_of(folder).root), manifest_of(folder)
    monkeypatch.chdir(folder)
    with monkeypatch.context() as patch:
        patch.setattr("embedctl.stages.forget.index", stopped)
        with pytest.raises(KeyboardInterrupt):
            store.forget(FORGET.arguments[1:])
    assert manifest_of(folder) == before
    assert commit_store.damage(layout_of(folder)) == []
    store.forget(FORGET.arguments[1:])
    assert manifest_of(folder).snapshot == before.snapshot + 1
    assert store.query("Report 3", n=50).hits
    assert not [hit for hit in store.query("Report 3", n=50).hits if hit.doc_id in ("003.md", "010.md")]


@pytest.mark.long
def test_two_hundred_killed_runs(bench: Bench, results: Path | None) -> None:
    chance = random.Random(SEED)
    with counted("kill -9 at random moments of index, --fast, refresh, forget, --rebuild", results) as tally:
        for number in range(LONG_ROUNDS):
            scenario, share = SCENARIOS[number % len(SCENARIOS)], chance.uniform(0.05, 1.02)
            _told(tally, number, bench, scenario, share)


def _told(tally: Tally, number: int, bench: Bench, scenario: Scenario, share: float) -> None:
    try:
        with tally.one():
            round_of(bench, scenario, share)
    except AssertionError as error:
        error.add_note(f"round {number}: {scenario.name}, killed after {share:.3f} of its time")
        raise
