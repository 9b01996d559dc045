"""Parsing in worker processes: the same answers, and nothing but the one file lost when a worker dies."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from installed import install
from parser_samples import samples

from embedctl.config import ParserLimits, ReadLimits
from embedctl.errors import ParseError, ResourceError, UnsupportedError
from embedctl.parsers.pool import ParserPool
from embedctl.parsers.reading import Allowance, ReadResult, ReadTask, allowance, read_and_parse
from embedctl.system import child_process

HTML = b"<html><head><title>Keys</title></head><body><main><p>Keys are rotated by night.</p></main></body></html>"
USUAL = allowance(ParserLimits(), 0)
ENDLESS = "def parse(data, path):\n    while True:\n        pass\n"
"""A parser that never returns, for files of its own ending."""


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a file ``bad.endless``, whose parser is installed and never returns."""
    site = tmp_path / "site"
    install(site, "acme_endless", ENDLESS, {"embedctl.parsers": {"endless": "acme_endless:parse"}})
    monkeypatch.syspath_prepend(site)
    return tmp_path / "bad.endless"


def pool(processes: int = 1, limits: ReadLimits | None = None) -> ParserPool:
    return ParserPool(processes, limits or ReadLimits())


def task(folder: Path, name: str, data: bytes | None = HTML, most: Allowance = USUAL) -> ReadTask:
    path = folder / name
    if data is not None:
        path.write_bytes(data)
    return ReadTask(name, str(path), len(data or b""), most)


def parsed(pool: ParserPool, *tasks: ReadTask) -> list[ReadResult]:
    return [pool.take(parsing) for parsing in pool.submit(tasks)]


def pids(pool: ParserPool) -> list[int]:
    return pool._children.pids()


def busy(pid: int) -> None:
    """Wait until a worker has used more processor time than its start and a small file take."""
    ticks = os.sysconf("SC_CLK_TCK")
    while sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) < ticks // 2:
        time.sleep(0.01)


def test_answers_are_those_of_this_process(tmp_path: Path) -> None:
    tasks = [
        *(task(tmp_path, name, data) for name, data in samples().values()),
        task(tmp_path, "damaged.pdf", b"%PDF-1.4 and then nothing"),
        task(tmp_path, "empty.html", b""),
        task(tmp_path, "missing.html", None),
        task(tmp_path, "logo.html", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        task(tmp_path, "notes.md", "# Nächte\n\nWörter.\n".encode()),
    ]
    with pool(2) as workers:
        parsings = [*workers.submit(tasks[:5]), *workers.submit(tasks[5:])]
        answers = [workers.take(parsing) for parsing in parsings]
    for answer, expected in zip(answers, map(read_and_parse, tasks), strict=True):
        assert (answer.sha256, answer.document) == (expected.sha256, expected.document)
        assert type(answer.problem) is type(expected.problem)
        assert str(answer.problem) == str(expected.problem)
    assert [type(answer.problem) for answer in answers[-5:]] == [
        ParseError, UnsupportedError, ParseError, UnsupportedError, type(None)
    ]  # fmt: skip


def test_known_content_is_not_parsed(tmp_path: Path) -> None:
    first = task(tmp_path, "keys.html")
    with pool() as workers:
        (answer,) = parsed(workers, first)
        (again,) = parsed(workers, replace(first, known=answer.sha256))
    assert (again.sha256, again.document, again.problem) == (answer.sha256, None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("killer", "reason"), [(signal.SIGSEGV, "its parser crashed (SIGSEGV)"), (signal.SIGKILL, "was killed")]
)
def test_a_worker_that_dies_takes_one_file_with_it(tmp_path: Path, endless: Path, killer: int, reason: str) -> None:
    bad = task(tmp_path, endless.name)
    tasks = [task(tmp_path, "before.html"), bad, task(tmp_path, "after.html"), task(tmp_path, "last.html")]
    with pool() as workers:
        parsings = workers.submit(tasks)
        workers.take(parsings[0])
        (pid,) = pids(workers)
        busy(pid)
        os.kill(pid, killer)
        answers = [workers.take(parsing) for parsing in parsings]
        assert pids(workers) != [pid], "it was replaced"
    assert [answer.problem is None for answer in answers] == [True, False, True, True]
    assert reason in str(answers[1].problem)


def test_a_file_that_takes_too_long_fails_alone(tmp_path: Path, endless: Path) -> None:
    most = USUAL._replace(seconds=0.3)
    tasks = [task(tmp_path, "a.md", b"# A"), task(tmp_path, endless.name, b"words", most), task(tmp_path, "c.html")]
    with pool() as workers:
        answers = parsed(workers, *tasks)
    assert [str(answer.problem) for answer in answers] == ["None", "parsing it took longer than 0.3 s", "None"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_file_that_takes_too_much_memory_fails_alone(tmp_path: Path) -> None:
    most = USUAL._replace(memory_bytes=50_000_000)
    tasks = [
        task(tmp_path, "a.md", b"# A", most),
        task(tmp_path, "b.txt", b"b" * 60_000_000, most),
        task(tmp_path, "c.md", b"# C"),
    ]
    with pool() as workers:
        answers = parsed(workers, *tasks)
    assert [str(answer.problem) for answer in answers] == ["None", "it needs more than 50 MB to parse", "None"]


def test_large_files_have_all_of_the_memory_one_after_another(tmp_path: Path) -> None:
    most = USUAL._replace(memory_bytes=100_000_000)
    large = task(tmp_path, "large.txt", b"b" * 30_000_000, most)
    with pool() as workers:
        answers = parsed(workers, large, large, large, task(tmp_path, "last.md", b"# B", most))
    assert [answer.problem for answer in answers] == [None] * 4


@pytest.mark.parametrize(
    ("most", "reason"),
    [
        ({"characters": 100}, "its text is longer than 100 characters"),
        ({"pages": 1}, "it has more than 1 pages"),
        ({"metadata_bytes": 10}, "its metadata is longer than 10 characters"),
    ],
)
def test_output_is_limited(tmp_path: Path, most: dict[str, int], reason: str) -> None:
    bad = task(tmp_path, "a.pdf", samples()["pdf"][1], USUAL._replace(**most))
    with pool() as workers:
        assert [str(answer.problem) for answer in parsed(workers, bad, task(tmp_path, "b.md", b"# B"))] == [
            reason,
            "None",
        ]


def test_absurd_titles_are_cut(tmp_path: Path) -> None:
    bad = task(tmp_path, "a.html", b"<html><head><title>" + b"word " * 9_999 + b"</title></head><p>Text.</p></html>")
    with pool() as workers:
        (answer,) = parsed(workers, bad)
    assert answer.document is not None
    assert answer.document.title is not None
    assert len(answer.document.title) == 999


def test_what_is_no_longer_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    with pool() as workers:
        (answer,) = parsed(workers, ReadTask("pipe.html", str(tmp_path / "pipe.html"), 1, USUAL))
    assert str(answer.problem) == "not a regular file"


def test_a_bug_in_a_parser_costs_its_file(tmp_path: Path) -> None:
    with pool() as workers:
        bug = ReadTask("keys.html", None, 1, USUAL)  # type: ignore[arg-type]
        answers = parsed(workers, bug, task(tmp_path, "keys.html"))
    assert re.match(r"its parser failed in \w+\.py line \d+ \(TypeError: .*\)$", str(answers[0].problem))
    assert answers[1].problem is None


def test_texts_that_nobody_takes_stay_few(tmp_path: Path) -> None:
    """Bombs that are parsed ahead of their turn do not fill the parent's memory."""
    limits = ReadLimits(ahead_bytes=1_000_000, worker_after_bytes=0)
    tasks = [task(tmp_path, f"{number}.txt", b"word " * 80_000) for number in range(40)]
    most = 0
    with pool(2, limits) as workers:
        parsings = [parsing for each in tasks for parsing in workers.submit([each])]
        for parsing in parsings:
            assert workers.take(parsing).problem is None
            most = max(most, workers.untaken)
        assert workers.untaken == 0
    assert 0 < most <= 1_000_000 + 3 * 400_000


def test_little_work_starts_one_worker(tmp_path: Path) -> None:
    small, large = task(tmp_path, "small.md", b"# A"), task(tmp_path, "large.txt", b"word " * 100_000)
    with pool(4) as workers:
        for parsing in [parsing for _ in range(20) for parsing in workers.submit([small])]:
            workers.take(parsing)
        assert len(pids(workers)) == 1
        for parsing in [parsing for _ in range(20) for parsing in workers.submit([large])]:
            workers.take(parsing)
        assert len(pids(workers)) == 4


def test_leaving_the_pool_ends_busy_workers(tmp_path: Path, endless: Path) -> None:
    files = [task(tmp_path, f"{name}{endless.suffix}") for name in "ab"]
    with pool(2, ReadLimits(worker_after_bytes=0)) as workers:
        (early,) = workers.submit([task(tmp_path, "c.md", b"# C")])
        workers.take(early)
        parsings = [parsing for each in files for parsing in workers.submit([each])]
        while len(left := pids(workers)) < 2:
            time.sleep(0.01)
    assert all(parsing.result.cancelled() for parsing in parsings)
    for pid in left:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_cannot_start_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process.sys, "executable", str(tmp_path / "missing"))
    with pool() as workers, pytest.raises(ResourceError, match="could not be started"):
        parsed(workers, task(tmp_path, "keys.html"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that was killed")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(tmp_path: Path, endless: Path, sent: int) -> None:
    bad = task(tmp_path, endless.name)
    program = (
        "import sys\n"
        "from embedctl.config import ParserLimits, ReadLimits\n"
        "from embedctl.parsers.pool import ParserPool\n"
        "from embedctl.parsers.reading import ReadTask, allowance\n"
        "most = allowance(ParserLimits(), 1_000_000)\n"
        "with ParserPool(1, ReadLimits()) as pool:\n"
        "    tasks = [ReadTask('a.html', sys.argv[1], 1, most), ReadTask('b.endless', sys.argv[2], 10_000_000, most)]\n"
        "    early, late = pool.submit(tasks)\n"
        "    pool.take(early)\n"
        "    print(pool._children.pids()[0], flush=True)\n"
        "    pool.take(late)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, task(tmp_path, "a.html").absolute, bad.absolute],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), *sys.path))},
    )
    assert parent.stdout is not None
    with parent.stdout:
        worker = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.send_signal(sent)
        parent.wait(timeout=300)
        gone, _, _ = select.select([worker], [], [], 30)
        assert gone, "the worker outlived its parent"
    finally:
        os.close(worker)


def test_workers_import_the_parsers_only() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import embedctl.system.worker, embedctl.parsers.wire\n"
        "new = set(sys.modules) - before\n"
        "print(sorted({name.partition('.')[0] for name in new} - sys.stdlib_module_names))\n"
        "print('pickle' in sys.modules, 'embedctl.config' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.splitlines() == ["['embedctl']", "False False"]
