"""Ways to show progress: none of them may disturb the work or stdout."""

from __future__ import annotations

import pytest

from embedctl.reporters import REPORTERS, make_reporter
from embedctl.reporters import lines as lines_module


@pytest.mark.parametrize("name", REPORTERS.names())
def test_every_reporter_takes_every_event_and_leaves_stdout_alone(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    reporter = make_reporter(name)
    for total in (None, 0, 3):
        with reporter.stage("embed", total, "chunks") as progress:
            progress.advance()
            progress.advance(3)
    reporter.message("info", "hello")
    reporter.message("warning", "careful")
    reporter.message("detail", "a small thing")
    assert capfd.readouterr().out == ""
    with pytest.raises(KeyError), reporter.stage("embed", 3, "chunks"):
        raise KeyError


def test_lines_are_whole_and_rare(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(lines_module.time, "monotonic", lambda: now[0])
    reporter = make_reporter("lines")
    with reporter.stage("chunk", 0, "documents"):
        pass
    with reporter.stage("embed", 1_000, "chunks") as progress:
        for _ in range(100):
            now[0] += 0.125
            progress.advance(10)
    assert capfd.readouterr().err.splitlines() == [
        "embed: 1,000 chunks",
        "embed: 400 of 1,000 chunks, 80.0/s, 8 s left",
        "embed: 800 of 1,000 chunks, 80.0/s, 2 s left",
        "embed: 1,000 chunks in 12.5 s",
    ]
