"""Runners: commits in order, one task ahead and one behind, and what an error leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from embedctl.runners import inline, run, threads
from embedctl.runners.stage import Change
from embedctl.runners.threads import WriteBehind
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.writer import Writer, read_manifest, writing

RUNNERS = {"inline": inline.run, "threads": threads.run}


class Counting:
    """A stage that takes the next number of a part for each task; a task may break one of its steps."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self.tasks = tasks
        self.heard: list[str] = []
        self.main = threading.get_ident()
        self.elsewhere: set[str] = set()

    def todo(self, manifest: Manifest) -> Sequence[str]:
        return self.tasks[manifest.next_part - 1 :]

    def read(self, task: str) -> str:
        return self._step("read", task)

    def work(self, given: str) -> str:
        return self._step("work", given)

    def fold(self, manifest: Manifest, made: str) -> Change:
        self._step("fold", made)
        return Change(replace(manifest, next_part=manifest.next_part + 1), [])

    def _step(self, step: str, task: str) -> str:
        self.heard.append(f"{step} {task}")
        if threading.get_ident() != self.main:
            self.elsewhere.add(step)
        if task == f"bad {step}":
            raise RuntimeError(f"broken {step}")
        if task == f"stopped {step}":
            raise KeyboardInterrupt
        return task


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with writing(Layout(tmp_path / ".embedctl"), "test") as writer:
        yield writer


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_task_is_committed_in_order(writer: Writer, runner: str) -> None:
    stage = Counting("abcde")
    RUNNERS[runner](writer, stage, stage.todo(writer.manifest))
    assert read_manifest(writer.layout).next_part == 6
    assert read_manifest(writer.layout).snapshot == 5
    for step in ("read", "work", "fold"):
        assert [one[-1] for one in stage.heard if one.startswith(step)] == list("abcde")


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("step", ["read", "work", "fold"])
def test_an_error_keeps_what_was_finished_and_the_next_run_goes_on(writer: Writer, runner: str, step: str) -> None:
    stage = Counting(["a", "b", f"bad {step}", "c", "d"])
    with pytest.raises(RuntimeError, match=f"broken {step}"):
        RUNNERS[runner](writer, stage, stage.todo(writer.manifest))
    assert read_manifest(writer.layout).next_part == 3
    again = Counting("abcde")
    RUNNERS[runner](writer, again, again.todo(writer.manifest))
    assert read_manifest(writer.layout).next_part == 6
    assert [one for one in again.heard if one.startswith("work")] == ["work c", "work d", "work e"]


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_interruption_keeps_what_was_finished(writer: Writer, runner: str) -> None:
    stage = Counting(["a", "b", "stopped work", "c"])
    with pytest.raises(KeyboardInterrupt):
        RUNNERS[runner](writer, stage, stage.todo(writer.manifest))
    assert read_manifest(writer.layout).next_part == 3


def test_threads_read_one_task_ahead_and_write_one_behind(writer: Writer) -> None:
    stage = Counting("abcde")
    threads.run(writer, stage, stage.tasks)
    assert stage.elsewhere == {"read", "fold"}
    for at, task in enumerate("cde", start=2):
        before = stage.heard.index(f"work {'abcde'[at - 2]}")
        assert stage.heard.index(f"read {task}") > before, "read more than one task ahead"
        assert stage.heard.index(f"fold {'abcde'[at - 2]}") < stage.heard.index(f"fold {'abcde'[at - 1]}")


def test_a_single_task_needs_no_thread(writer: Writer) -> None:
    stage = Counting("a")
    run(writer, stage)
    assert (stage.heard, stage.elsewhere) == (["read a", "work a", "fold a"], set())
    run(writer, stage)
    assert len(stage.heard) == 3


def test_a_failed_commit_is_raised_at_the_end_at_the_latest(writer: Writer) -> None:
    def broken(_: Manifest) -> Change:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), WriteBehind(writer) as behind:
        behind.put(broken)


def test_an_error_of_the_caller_is_not_hidden_by_one_of_the_commit(writer: Writer) -> None:
    def failing() -> None:
        with WriteBehind(writer) as behind:
            behind.put(lambda _: 1 // 0)  # type: ignore[arg-type, return-value]
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        failing()


def test_a_fold_without_a_change_commits_nothing(writer: Writer) -> None:
    with WriteBehind(writer) as behind:
        behind.put(lambda _: None)
    assert writer.manifest.snapshot == 0
