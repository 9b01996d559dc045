"""Exit codes are a promise, and every error says what to do next."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

import pytest
from command import Cli

import embedctl
from embedctl import errors
from embedctl.store.lock import write_lock

BM25 = ("query", "--mode", "bm25")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["qurey", "x"], "Did you mean 'query'?"),
        (["query"], "--queries FILE"),
        (["query", "--jsno", "x"], "--json"),
        (["query", "-foo"], "embedctl query -- -f"),
        (["query", "x", "-n", "0"], "not in the range x>=1"),
        (["query", "x", "--mode", "sparse"], "'hybrid', 'bm25', 'dense'"),
        (["query", "x", "--json", "-l"], "Keep one of"),
        ([*BM25, "x", "--where", "year >"], "^"),
        ([*BM25, "x", "--source", "dosc"], 'Did you mean "docs"?'),
        (["show", "nowhere"], "embedctl query --json"),
        (["forget", "nowhere"], "Its sources are: docs."),
        (["index", "no/such/folder"], "Relative paths start from"),
        (["index", "--include", "*.md"], "--files-from"),
        (["index", "docs", "--no-refresh"], "Leave it out"),
        (["index", "docs", "--max-file-size", "3Q"], "32MB"),
        (["index", "docs", "--parse-memory", "0"], "500MB or 4GB"),
        (["index", "docs", "--parse-timeout", "0"], "not in the range x>=1"),
        (["index", "--files-from", "no/such/list"], "cannot be read"),
        (["status", "--files", "broken"], "'failed'"),
    ],
)
def test_wrong_usage_is_2_and_ends_in_what_to_do(cli: Cli, here: Path, arguments: list[str], told: str) -> None:
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("embedctl: ")
    assert told in result.err
    assert "Traceback" not in result.err
    assert "Value error" not in result.err


def test_no_command_shows_the_help(cli: Cli) -> None:
    result = cli()
    assert result.code == 2
    assert "Commands:" in result.err


def test_no_store_is_10(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in ([*BM25, "x"], ["status"], ["show", "x"], ["forget", "x"], ["chunk"], ["embed"], ["index"]):
        result = cli(*arguments)
        assert result.code == 10, arguments
        assert "embedctl index PATH" in result.err
    assert list(tmp_path.iterdir()) == []


def test_no_index_yet_is_10(cli: Cli, fresh: Path) -> None:
    cli("ingest", "docs")
    result = cli(*BM25, "x")
    assert result.code == 10
    assert 'Make it with "embedctl index"' in result.err


def test_locked_is_11(cli: Cli, fresh: Path) -> None:
    (fresh / ".embedctl").mkdir()
    with write_lock(fresh / ".embedctl" / "lock", "embedctl index"):
        result = cli("index", "docs")
    assert result.code == 11
    assert "--wait" in result.err


def test_damaged_is_4(cli: Cli, world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / ".embedctl", tmp_path / ".embedctl")
    manifest = tmp_path / ".embedctl" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    assert cli(*BM25, "x", "--store", str(tmp_path / ".embedctl")).code == 4


def test_other_settings_or_models_are_5(cli: Cli, here: Path) -> None:
    result = cli("index", "--chunk-size", "50")
    assert result.code == 5
    assert "--rebuild" in result.err
    assert cli("index", "--model", "no-such-model").code == 5


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (errors.UsageError("Wrong.", "Do this."), 2, "embedctl: Wrong. Do this."),
        (errors.DamagedError("Wrong.", "Do this."), 4, "Do this."),
        (errors.ResourceError("Wrong.", "Do this."), 6, "Do this."),
        (MemoryError(), 6, "The memory is used up."),
        (OSError(errno.ENOSPC, "full", "/store/x"), 6, "The disk is full: /store/x."),
        (PermissionError(errno.EACCES, "no", "/store"), 6, "Permission denied: /store."),
        (ValueError("An IO error occurred: 'No space left on device (os error 28)'"), 6, "The disk is full."),
        (KeyError("rows"), 1, "EMBEDCTL_TRACEBACK=1"),
        (OSError("odd"), 1, "Unexpected OSError: odd."),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_what_is_raised_becomes_a_code_and_a_sentence(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, told: str
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise raised

    monkeypatch.setattr(embedctl, "open", fail, raising=False)
    result = cli("status")
    assert (result.code, result.out) == (code, "")
    assert told in result.err
    assert "Traceback" not in result.err


def test_traceback_of_a_bug_when_asked_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise KeyError("rows")

    monkeypatch.setattr(embedctl, "open", fail, raising=False)
    assert "Traceback" in cli("status", "-v").err
    monkeypatch.setenv("EMBEDCTL_TRACEBACK", "1")
    assert "Traceback" in cli("status").err


def test_every_exit_code_is_documented() -> None:
    table = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", table.partition("\n## ")[0], re.MULTILINE)}
    classes = {error.exit_code for error in vars(errors).values() if isinstance(error, type)}
    promised = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert documented == classes | promised
