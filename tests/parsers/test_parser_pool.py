"""Parsing in worker processes: the same answers, and nothing but the one file lost when a worker dies."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers.pool import ParserPool
from embedctl.parsers.reading import ReadTask, is_costly, read_and_parse

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pipes with names, and signals")

HTML = b"<html><head><title>Keys</title></head><body><main><p>Keys are rotated by night.</p></main></body></html>"


def task(folder: Path, name: str, data: bytes | None = HTML) -> ReadTask:
    path = folder / name
    if data is not None:
        path.write_bytes(data)
    return ReadTask(name, str(path), len(data or b""))


def blocking(folder: Path, name: str) -> ReadTask:
    """A file whose reading goes on for ever: a pipe into which nobody writes."""
    os.mkfifo(folder / name)
    return ReadTask(name, str(folder / name), 1)


def held(task: ReadTask) -> int:
    """Wait until a worker has opened a blocking file; return the pipe's other end, which keeps it waiting."""
    return os.open(task.absolute, os.O_WRONLY)


def pids(pool: ParserPool) -> list[int]:
    return [worker._process.pid for worker in pool._workers if worker._process is not None]


def test_answers_are_those_of_this_process(tmp_path: Path) -> None:
    tasks = [
        task(tmp_path, "keys.html"),
        task(tmp_path, "damaged.pdf", b"%PDF-1.4 and then nothing"),
        task(tmp_path, "empty.html", b""),
        task(tmp_path, "missing.html", None),
        task(tmp_path, "logo.html", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        task(tmp_path, "notes.md", "# Nächte\n\nWörter.\n".encode()),
    ]
    with ParserPool(2) as pool:
        answers = [future.result() for future in [*pool.submit(tasks[:3]), *pool.submit(tasks[3:])]]
    for answer, expected in zip(answers, map(read_and_parse, tasks), strict=True):
        assert (answer.sha256, answer.document) == (expected.sha256, expected.document)
        assert type(answer.problem) is type(expected.problem)
        assert str(answer.problem) == str(expected.problem)
    assert isinstance(answers[1].problem, ParseError)
    assert isinstance(answers[2].problem, UnsupportedError)


def test_known_content_is_not_parsed(tmp_path: Path) -> None:
    first = task(tmp_path, "keys.html")
    with ParserPool(1) as pool:
        sha256 = pool.submit([first])[0].result().sha256
        again = pool.submit([replace(first, known=sha256)])[0].result()
    assert (again.sha256, again.document, again.problem) == (sha256, None, None)


@pytest.mark.parametrize(
    ("killer", "reason"), [(signal.SIGSEGV, "its parser crashed (SIGSEGV)"), (signal.SIGKILL, "was killed")]
)
def test_a_worker_that_dies_takes_one_file_with_it(tmp_path: Path, killer: int, reason: str) -> None:
    bad = blocking(tmp_path, "bad.html")
    tasks = [task(tmp_path, "before.html"), bad, task(tmp_path, "after.html"), task(tmp_path, "last.html")]
    with ParserPool(1) as pool:
        futures = pool.submit(tasks)
        pipe = held(bad)
        (pid,) = pids(pool)
        os.kill(pid, killer)
        answers = [future.result() for future in futures]
        os.close(pipe)
        assert pids(pool) != [pid], "it was replaced"
    assert [answer.problem is None for answer in answers] == [True, False, True, True]
    assert reason in str(answers[1].problem)


def test_leaving_the_pool_ends_busy_workers(tmp_path: Path) -> None:
    files = [blocking(tmp_path, "a.html"), blocking(tmp_path, "b.html")]
    with ParserPool(2) as pool:
        futures = [future for each in files for future in pool.submit([each])]
        pipes = [held(each) for each in files]
        left = pids(pool)
        assert len(left) == 2
    for pipe in pipes:
        os.close(pipe)
    assert all(future.cancelled() for future in futures)
    for pid in left:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_bug_in_a_parser_is_raised_where_its_answer_is_awaited(tmp_path: Path) -> None:
    with ParserPool(1) as pool:
        (future,) = pool.submit([ReadTask("keys.html", None, 1)])  # type: ignore[arg-type]
        with pytest.raises(RuntimeError, match="TypeError") as caught:
            future.result()
        assert "read_and_parse" in "".join(caught.value.__notes__)
        assert pool.submit([task(tmp_path, "keys.html")])[0].result().problem is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that was killed")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(tmp_path: Path, sent: int) -> None:
    bad = blocking(tmp_path, "bad.html")
    program = (
        "import sys\n"
        "from embedctl.parsers.pool import ParserPool\n"
        "from embedctl.parsers.reading import ReadTask\n"
        "with ParserPool(1) as pool:\n"
        "    (future,) = pool.submit([ReadTask('bad.html', sys.argv[1], 1)])\n"
        "    pipe = open(sys.argv[1], 'wb')\n"
        "    print(pool._workers[0]._process.pid, flush=True)\n"
        "    future.result()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, bad.absolute],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        worker = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.send_signal(sent)
        parent.wait(timeout=30)
        gone, _, _ = select.select([worker], [], [], 30)
        assert gone, "the worker outlived its parent"
    finally:
        os.close(worker)


def test_only_costly_formats_travel() -> None:
    costly = {
        name: is_costly(name) for name in ("a/b.PDF", "a.docx", "x.html", "README", "b.md", "c.py", "none", "d.rst")
    }
    assert [name for name, travels in costly.items() if travels] == ["a/b.PDF", "a.docx", "x.html"]


def test_workers_import_the_parsers_only() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import embedctl.parsers.worker\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "['embedctl']"
