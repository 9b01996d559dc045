"""What the program's own code may not do: run data, start other programs, talk to the network."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import embedctl

ROOT = Path(embedctl.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

RUNS_DATA = {
    *("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"),
    *("code", "codeop", "runpy", "pty", "multiprocessing"),
}
"""Modules that make objects or code of bytes."""
NETWORK = {
    *(
        "http",
        "urllib",
        "ftplib",
        "smtplib",
        "poplib",
        "imaplib",
        "telnetlib",
        "xmlrpc",
        "socketserver",
        "ssl",
        "asyncio",
    ),
    *("requests", "httpx", "aiohttp", "urllib3", "huggingface_hub"),
}
URLS_AS_TEXT = {"urllib.parse"}
STARTS_WORKERS = {"system/child_process.py", "store/lock.py", "system/program.py"}
"""The places that start a process: this interpreter, and in ``program`` installed converters of Office files, each by a
list of arguments that holds nothing of a document."""
HOST_NAME_ONLY = {"store/lock.py", "doctor/surroundings.py"}
"""Modules that import ``socket``, to say which machine they are on."""
CALLS = {
    "eval": "makes code of text",
    "exec": "makes code of text",
    "compile": "makes code of text",
    "__import__": "imports by a name that is data",
    "os.system": "is a shell",
    "os.popen": "is a shell",
    "torch.load": "opens pickles",
    "yaml.unsafe_load": "makes objects of text",
    "yaml.full_load": "makes objects of text",
}
NAMES_A_SHELL = {"get_completion_script"}
"""Calls whose ``shell`` is the name of one, for which a script is written."""
IMPORTS_BY_NAME = {
    *("__init__.py", "registry.py", "system/worker.py", "cli/app.py", "chunkers/grammars.py", "secrets/rules.py")
}
"""What imports modules by names: those in tables of this program, never such as a document, a store or a flag names."""


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def spelled(call: ast.Call) -> tuple[str, str]:
    """Return a call's whole name, and the last part of it."""
    name = ast.unparse(call.func)
    return name, name.rpartition(".")[2]


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_no_module_imports_what_runs_data_or_talks_to_the_network(path: Path) -> None:
    for name in imported(path):
        top = name.split(".")[0]
        assert top not in RUNS_DATA, f"{place(path)} imports {name}, which makes code or objects of bytes"
        assert top not in NETWORK or name in URLS_AS_TEXT, f"{place(path)} imports {name}, which talks to the network"
        assert top != "subprocess" or place(path) in STARTS_WORKERS, f"{place(path)} may not start processes"
        assert top != "socket" or place(path) in HOST_NAME_ONLY, f"{place(path)} may not open sockets"


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_no_call_makes_code_of_data_or_asks_a_shell(path: Path) -> None:
    for call in calls(path):
        name, last = spelled(call)
        for bad, why in CALLS.items():
            assert name != bad, f"{place(path)}:{call.lineno} calls {name}, which {why}"
        assert last not in ("extractall", "extract"), f"{place(path)}:{call.lineno} unpacks an archive to disk"
        keywords = {word.arg: ast.unparse(word.value) for word in call.keywords}
        shell = "False" if last in NAMES_A_SHELL else keywords.get("shell", "False")
        assert shell == "False", f"{place(path)}:{call.lineno} asks a shell"
        assert keywords.get("allow_pickle", "False") == "False", f"{place(path)}:{call.lineno} opens pickles"
        assert keywords.get("trust_remote_code", "False") == "False", f"{place(path)}:{call.lineno} trusts code"
        assert keywords.get("weights_only", "True") == "True", f"{place(path)}:{call.lineno} opens pickles"
        if last == "import_module":
            assert place(path) in IMPORTS_BY_NAME, f"{place(path)}:{call.lineno} imports by name"
        if name.startswith("os.") and last.startswith(("exec", "spawn", "posix_spawn", "startfile", "fork")):
            raise AssertionError(f"{place(path)}:{call.lineno} starts a program")
        if name == "yaml.load":
            assert "safe" in (ROOT / "parsers/frontmatter.py").read_text(encoding="utf-8").lower()
            assert place(path) == "parsers/frontmatter.py", f"{place(path)}:{call.lineno} reads YAML"


def test_workers_are_this_interpreter() -> None:
    for name in sorted(STARTS_WORKERS):
        text = (ROOT / name).read_text(encoding="utf-8")
        started = sum(spelled(call)[0] in ("subprocess.Popen", "subprocess.run") for call in calls(ROOT / name))
        assert started > 0, f"{name} starts nothing: take it off the list"
        assert started == text.count("[sys.executable, "), f"{name} starts something else than this interpreter"


def test_front_matter_makes_no_objects() -> None:
    from embedctl.parsers.frontmatter import _loader

    yaml = pytest.importorskip("yaml")
    assert issubclass(_loader(), (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader))


def test_the_tests_have_no_network() -> None:
    """This process and one that it starts are refused; what was refused is noted, and taken off the notes here."""
    noted = Path(os.environ["EMBEDCTL_TEST_NETWORK"])
    before = noted.read_text(encoding="utf-8")
    with pytest.raises(PermissionError, match="no network"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    with socket.socket() as other, pytest.raises(PermissionError, match="no network"):
        other.connect(("192.0.2.1", 80))
    code = "import socket; socket.getaddrinfo('localhost', 80)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert noted.read_text(encoding="utf-8").count("by ") >= before.count("by ") + 3
    noted.write_text(before, encoding="utf-8")
