"""What only a process of its own shows: imports, pipes, signals, terminals, completion."""

from __future__ import annotations

import ast
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import process, typed
from schemas import validate

import embedctl

BM25 = ("query", "--mode", "bm25")

LOADED = """
import sys
from embedctl.cli.run import run
code = run(sys.argv[1:])
sys.stderr.write(f"\\nloaded: {sorted({name.partition('.')[0] for name in sys.modules})}")
sys.exit(code)
"""
HEAVY = {
    *("torch", "sentence_transformers", "transformers", "huggingface_hub", "openvino", "tokenizers", "hnswlib"),
    *("numpy", "scipy", "pandas", "pyarrow", "tantivy", "pathspec", "rich", "tqdm", "click", "pydantic", "asyncio"),
}
ENCODER = {"openvino", "tokenizers"}


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["query", "--help"], set()),
        (["--version"], set()),
        (["status", "--json"], set()),
        (["status"], set()),
        ([*BM25, "vault"], {"numpy", "tantivy"}),
        ([*BM25, "vault", "--json"], {"numpy", "tantivy"}),
        (["query", "vault", "--json"], {"numpy", "tantivy", *ENCODER}),
        (["query", "vault", "--json", "--mode", "dense"], {"numpy", "tantivy", *ENCODER}),
        ([*BM25, "vault", "--json", "--path", "*.md"], {"numpy", "tantivy", "pyarrow", "pathspec"}),
    ],
)
def test_only_what_is_needed_is_imported(here: Path, arguments: list[str], allowed: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True)
    loaded = done.stderr.rpartition("loaded: ")[2]
    assert HEAVY & set(ast.literal_eval(loaded)) <= allowed


def test_python_dash_m(here: Path) -> None:
    assert typed("--version").out == f"embedctl {embedctl.__version__}\n"
    helped = typed("--help")
    assert helped.code == 0
    for command in ("index", "query", "status", "show", "forget", "ingest", "chunk", "embed"):
        assert f"\n  {command} " in helped.out


def test_a_reader_that_leaves_early_is_no_error(here: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for arguments in ((*BM25, "keys"), (*BM25, "keys", "--json"), ("status",), ("--version",)):
        result = typed(*arguments, stdout=writer)
        assert (result.code, result.err) == (0, "")
    os.close(writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_6(here: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = typed("status", stdout=full)
    assert result.code == 6
    assert "The disk is full" in result.err
    assert "Traceback" not in result.err
    assert "Exception ignored" not in result.err


def on_a_terminal(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a command whose stdout is a terminal, and return what it wrote there."""
    ours, theirs = pty.openpty()
    with process(*arguments, env={"TERM": "xterm-256color", **(env or {})}, stdout=theirs):
        os.close(theirs)
        written = bytearray()
        try:
            while block := os.read(ours, 65_536):
                written += block
        except OSError:  # Linux: the other end is closed
            pass
    os.close(ours)
    return written.decode()


def test_colours_on_a_terminal_only_and_never_with_no_color(here: Path) -> None:
    coloured = on_a_terminal(*BM25, "vault", "-n", "1")
    assert "\x1b[1;31mvault\x1b[0m" in coloured
    plain = on_a_terminal(*BM25, "vault", "-n", "1", env={"NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert "vault" in plain
    assert "\x1b" not in typed(*BM25, "vault").out
    assert "\x1b[" in typed(*BM25, "vault", env={"FORCE_COLOR": "1"}).out


def test_output_is_utf8_in_any_locale(here: Path) -> None:
    result = typed("show", "docs:ops/colours.txt", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert "␛[31mescape" in result.out


def test_shell_completion(here: Path) -> None:
    marks = {
        "bash": "complete -o default -F",
        "zsh": "#compdef embedctl",
        "fish": "complete --command embedctl --no-files",
    }
    for shell, mark in marks.items():
        script = typed(env={"_EMBEDCTL_COMPLETE": f"source_{shell}"})
        assert script.code == 0
        assert mark in script.out
    for words, at, offered in (
        ("embedctl st", "1", ["status"]),
        ("embedctl query --mode ", "3", ["hybrid", "bm25", "dense"]),
        ("embedctl query --fusion conv", "3", ["convex", "convex-minmax"]),
        ("embedctl query --min-b", "2", ["--min-bm25"]),
    ):
        asked = {"_EMBEDCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": at}
        assert typed(env=asked).out.split() == offered


STUCK_WHILE_EMBEDDING = """
import sys, threading
from embedctl.encoders.model_folder import ModelFolder
class Stuck:
    dim = 384
    def encode_documents(self, texts):
        sys.stderr.write("embedding now\\n"); sys.stderr.flush()
        threading.Event().wait()
ModelFolder.open = lambda *_: Stuck()
from embedctl.cli.run import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130_and_keeps_what_was_committed(fresh: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", STUCK_WHILE_EMBEDDING, "index", "docs", "--progress", "lines"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        told = ""
        while "embedding now" not in told:
            line = child.stderr.readline()
            assert line, told
            told += line
        child.send_signal(number)
        out, err = child.communicate()
    assert (child.returncode, out) == (130, "")
    assert "Interrupted. What was committed stays; run the same command again to go on." in err
    assert "Traceback" not in err
    state = typed("status", "--json")
    assert '"embed": 7' in state.out
    last = json.loads(state.out)["last_run"]
    validate("run", last)
    assert (last["exit_code"], last["stopped"]) == (130, "KeyboardInterrupt")
    screen = typed("status").out.splitlines()
    assert screen[-1].startswith("last run")
    assert screen[-1].endswith("; interrupted")


def test_completion_is_installed_once(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "SHELL": "/bin/bash"}
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'", encoding="utf-8")
    for _ in range(2):
        result = typed("--install-completion", env=home)
        assert (result.code, result.out) == (0, "")
        assert "open a new terminal" in result.err
    script = (tmp_path / ".bash_completions" / "embedctl.sh").read_text(encoding="utf-8")
    assert script == typed("--show-completion", env=home).out
    startup = (tmp_path / ".bashrc").read_text(encoding="utf-8").splitlines()
    assert startup == ["alias ll='ls -l'", "source ~/.bash_completions/embedctl.sh"]
    unknown = typed("--show-completion", env={"SHELL": "/bin/ksh"})
    assert (unknown.code, unknown.out) == (2, "")
    assert "bash, zsh, fish" in unknown.err
