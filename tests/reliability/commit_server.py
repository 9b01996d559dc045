"""A process that breaks commits, one after another, and tells what became of the store: run by ``test_faults.py``.

It reads one JSON object a line and answers with one. Each try works on a fresh copy of a store, in a child process
that is forked with everything imported, is attached to by strace and then let go.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import commit_store
import filelock  # noqa: F401 - imported once, not in every child
import pyarrow.parquet  # noqa: F401
import strace

from embedctl.config import CACHE_ENVIRONMENT
from embedctl.errors import EmbedctlError
from embedctl.store.layout import Layout


def main() -> None:
    """Serve until there are no more requests; arguments: the store to copy, the folder to work in."""
    template, folder = map(Path, sys.argv[1:3])
    os.environ[CACHE_ENVIRONMENT] = str(folder / "cache")
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a process with threads is not to be forked"
    for line in sys.stdin:
        request = json.loads(line)
        answer = Try(template, folder, request).run()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


class Try:
    """One commit with one fault."""

    ends: ClassVar[dict[str, dict[str, Any]]] = {}
    """What a second run made of the files that a first one left."""

    def __init__(self, template: Path, folder: Path, request: dict[str, Any]) -> None:
        self.template = template
        self.layout = Layout(folder / "store" / ".embedctl")
        self.trace = folder / "trace"
        self.request = request

    def run(self) -> dict[str, Any]:
        """Return what happened: calls of the trace, the end of the process, the store then and after a rerun."""
        for folder in (self.layout.base, Path(os.environ[CACHE_ENVIRONMENT])):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, self.layout.base)
        arguments = strace.options(
            self.trace,
            self.request["calls"],
            self.request["paths"],
            self.request["inject"],
            whole=self.request["whole"],
        )
        end = self._forked(arguments)
        calls = strace.read(self.trace)
        answer: dict[str, Any] = {
            "calls": [asdict(call) for call in calls] if not self.request["inject"] else [],
            "injected": [asdict(call) for call in calls if call.injected],
            "end": end,
            "manifest": commit_store.manifest_text(self.layout),
            "damage": commit_store.damage(self.layout),
            "left_over": commit_store.left_over(self.layout),
            "tree_before": commit_store.tree(self.layout),
        }
        key = json.dumps(answer["tree_before"])
        if key not in self.ends:  # what a run makes of equal files is equal
            self.ends[key] = {"again": self._forked(None), "tree": commit_store.tree(self.layout)}
        return {**answer, **self.ends[key]}

    def _forked(self, tracer: list[str] | None) -> dict[str, Any]:
        """Change the store in a child process, under a tracer where there is one; return how that ended."""
        go, told = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told[0])
            self._change(go[0], told[1])
        os.close(go[0])
        os.close(told[1])
        if tracer is None:
            os.write(go[1], b"!")
            _, status = os.waitpid(child, 0)
        else:
            with strace.attached(child, tracer):
                os.write(go[1], b"!")
                _, status = os.waitpid(child, 0)
        os.close(go[1])
        with os.fdopen(told[0]) as stream:
            text = stream.read()
        end: dict[str, Any] = {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}
        return {**end, **(json.loads(text) if text else {})}

    def _change(self, go: int, told: int) -> None:
        """Wait until the tracer is there, change the store, tell how it went."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.read(go, 1)
        end: dict[str, Any] = {"error": ""}
        try:
            commit_store.change(self.layout)
        except EmbedctlError as error:
            end = {"error": type(error).__name__, "clean": True, "text": str(error)}
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            clean = isinstance(error, OSError) and bool(error.errno) and bool(error.filename)
            end = {"error": type(error).__name__, "clean": clean, "text": str(error)}
        os.write(told, json.dumps(end).encode())
        os._exit(0)


if __name__ == "__main__":
    main()
