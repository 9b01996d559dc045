"""The documents say what the code does: commands, flags, columns, exit codes, links, and every example that can run."""

from __future__ import annotations

import doctest
import inspect
import io
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from embedctl import errors, records
from embedctl.cli.app import COMMANDS, app, built
from embedctl.cli.run import run
from embedctl.store import manifest, schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from embedctl.contracts import Encoder

NO_FLAGS = {"--", "--flag"}
"""End of the flags, and a word of a query that looks like one."""
ROOT = Path(__file__).parent.parent
DIM = 384
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*|-[A-Za-z0-9])(?![\w-])")
_CALL = re.compile(r"(?<![\w./-])embedctl +(?P<command>[a-z]+)(?P<rest>.*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\|(.+)\|[ \t]*$", re.MULTILINE)


def documents() -> list[Path]:
    readme = ROOT / "README.md"
    return [*sorted(DOCS.rglob("*.md")), *([readme] if readme.exists() else [])]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_document = pytest.mark.parametrize("path", documents(), ids=_name)


# --- commands and flags


@cache
def flags_by_command() -> dict[str, frozenset[str]]:
    """Return the flags of each command; those of ``embedctl`` itself under an empty name."""
    commands = {"": app, **{name: built(name) for name in COMMANDS}}
    return {name: frozenset(_flags(command)) for name, command in commands.items()}


def _flags(command: Any) -> Iterator[str]:
    yield from ("-h", "--help")
    for subcommand in getattr(command, "commands", {}).values():
        if command is not app:
            yield from _flags(subcommand)
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield from (*parameter.opts, *parameter.secondary_opts)
    for part in getattr(command, "commands", {}).values():
        yield from _flags(part) if command is not app else ()


class Call(NamedTuple):
    command: str
    flags: tuple[str, ...]
    line: str


def calls(text: str) -> Iterator[Call]:
    """Yield every ``embedctl COMMAND ...`` in code, shell continuations joined, quoted arguments left out."""
    code = [body for language, body in _FENCE.findall(text) if language not in {"python", "json", "sql"}]
    code += _SPAN.findall(_FENCE.sub("", text))
    for line in "\n".join(code).replace("\\\n", " ").split("\n"):
        if line.startswith("embedctl: "):  # a message, shown as output
            continue
        bare = re.sub(r"'[^']*'", "''", line)
        for piece in re.split(r"[|;&]|(?=(?<![\w./-])embedctl )|\s#\s", re.sub(r"(?<=\s)\"[^\"]*\"", '""', bare)):
            if match := _CALL.match(piece):
                rest = match["rest"].split(" -- ")[0]
                yield Call(match["command"], tuple(_FLAG.findall(rest)), line.strip())


@each_document
def test_commands_and_flags_exist(path: Path) -> None:
    known = flags_by_command()
    text = path.read_text(encoding="utf-8")
    for call in calls(text):
        assert call.command in known, f'no command "{call.command}": {call.line}'
        unknown = set(call.flags) - known[call.command]
        assert not unknown, f'"embedctl {call.command}" has no {", ".join(sorted(unknown))}: {call.line}'
    everything = frozenset().union(*known.values())
    for span in _SPAN.findall(_FENCE.sub("", text)):
        if span.startswith("--") and span not in NO_FLAGS:
            wrong = {flag for flag in _FLAG.findall(span) if flag.startswith("--")} - everything
            assert not wrong, f"no command has {wrong}: {span}"


def test_calls_are_found_wherever_code_is() -> None:
    text = 'Run `embedctl index --nope`.\n\n```sh\n$ git ls-files | embedctl query "a --b" -n 2 | head -1\n```\n'
    assert [(call.command, call.flags) for call in calls(text)] == [("query", ("-n",)), ("index", ("--nope",))]


def test_every_command_and_flag_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    mentioned = set(_FLAG.findall(text))
    for command, flags in flags_by_command().items():
        assert re.search(rf"^\| `{command}[ `]", text, re.MULTILINE) or not command, f'docs/cli.md has no "{command}"'
        missing = flags - mentioned
        assert not missing, f'docs/cli.md says nothing of {", ".join(sorted(missing))} of "embedctl {command}"'


# --- links


def anchors(path: Path) -> set[str]:
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#{1,6} +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).replace(" ", "-") for title in titles}


@each_document
def test_links_resolve(path: Path) -> None:
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    for target in _LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{_name(path)} links to {target}"
        assert found.is_relative_to(ROOT), f"{_name(path)} links to {target}, outside of the project"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{_name(path)} links to {target}"


@each_document
def test_documents_name_no_path_of_the_machine_they_were_written_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert str(Path.home() / "") not in text


# --- tables


def table_after(path: Path, heading: str) -> list[list[str]]:
    """Return the cells of the first table below the line ``heading``, head and rule left out."""
    text = path.read_text(encoding="utf-8")
    _, found, below = text.partition(f"\n{heading}\n")
    assert found, f'{_name(path)} has no line "{heading}"'
    table = re.search(r"(?:^\|.*\|[ \t]*\n)+", below, re.MULTILINE)
    assert table, f'{_name(path)} has no table below "{heading}"'
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in _ROW.findall(table[0])][2:]


SCHEMAS: dict[str, Callable[[], pa.Schema]] = {
    "### `documents/<part>.parquet`": schemas.documents_schema,
    "### `chunks/<part>.parquet`": schemas.chunks_schema,
    "### `embeddings/<encoder>/<part>.parquet`": lambda: schemas.embeddings_schema(DIM),
    "### `samples/<number>.parquet`": lambda: schemas.samples_schema(DIM),
    "### `files/<number>.parquet`": schemas.files_schema,
}


@pytest.mark.parametrize("heading", SCHEMAS)
def test_columns_are_the_arrow_schemas(heading: str) -> None:
    said = [tuple(row[:3]) for row in table_after(DOCS / "store.md", heading)]
    schema = SCHEMAS[heading]()
    true = [
        (f"`{field.name}`", f"`{str(field.type).replace(f'[{DIM}]', '[dim]')}`", "yes" if field.nullable else "no")
        for field in schema
    ]
    assert said == true


def test_every_parquet_file_of_the_store_is_described() -> None:
    text = (DOCS / "store.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### `.*\.parquet`$", text, re.MULTILINE)) == set(SCHEMAS)


MANIFEST = {
    "One JSON object on one line. Its fields:": manifest.Manifest,
    "A source:": records.Source,
    "A part:": manifest.Part,
    "A file record:": manifest.FileRecord,
    "The index:": manifest.IndexRecord,
    "An arm of the index:": manifest.ArmRecord,
    "An encoder:": manifest.EncoderRecord,
}


@pytest.mark.parametrize("heading", MANIFEST)
def test_manifest_fields_are_those_of_the_code(heading: str) -> None:
    said = {row[0].strip("`") for row in table_after(DOCS / "store.md", heading)}
    assert said == {field.name for field in fields(MANIFEST[heading])}


def test_format_version_is_the_documented_one() -> None:
    rows = dict(row[:2] for row in table_after(DOCS / "store.md", "One JSON object on one line. Its fields:"))
    assert rows["`format_version`"] == str(manifest.FORMAT_VERSION)


def error_codes() -> dict[str, int]:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    return {each.__name__: each.exit_code for each in classes if issubclass(each, errors.EmbedctlError)}


def test_errors_and_exit_codes_of_the_library() -> None:
    rows = table_after(DOCS / "library.md", "## Errors")
    assert {row[0].strip("`"): int(row[1]) for row in rows} == error_codes()


def test_exit_codes_of_the_command_line() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    heading = next(line for line in text.splitlines() if re.fullmatch(r"#+ exit codes?", line, re.IGNORECASE))
    said = [int(row[0].strip("`")) for row in table_after(DOCS / "cli.md", heading)]
    constants = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert said == sorted({*error_codes().values(), *constants})


# --- examples


def test_python_examples_of_the_library_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> None:
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    blocks = [body for language, body in _FENCE.findall(text) if language == "python"]
    assert blocks
    assert all(body.startswith(">>> ") for body in blocks), "an example that is not run"
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "library.md", "docs/library.md", 0)
    heard = io.StringIO()
    result = doctest.DocTestRunner(verbose=False).run(example, out=heard.write)
    assert result.attempted > len(blocks)
    assert not result.failed, heard.getvalue()


def readme_commands() -> list[str]:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    blocks = [body for language, body in _FENCE.findall(text) if language == "sh"]
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ") for line in lines if _CALL.search(line.removeprefix("$ "))]


def in_process(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the ``embedctl`` of a shell line in this process, on what the commands in front of it print."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>;&")
    lexer.whitespace_split, lexer.commenters = True, "#"
    pieces: list[list[str]] = [[]]
    for token in lexer:
        if token == "|":
            pieces.append([])
        else:
            pieces[-1].append(token)
    at = next(number for number, piece in enumerate(pieces) if piece[:1] == ["embedctl"])
    arguments = pieces[at][1:]
    if redirection := next((token for token in arguments if token in {">", ">>"}), ""):
        arguments = arguments[: arguments.index(redirection)]
    assert not {token for token in arguments if set(token) <= set("|<>;&")}, f"too much shell for this test: {line}"
    before = " | ".join(shlex.join(piece) for piece in pieces[:at])
    given = subprocess.run(["bash", "-c", before], capture_output=True, check=True).stdout if before else b""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
    return run(arguments)


def test_shell_lines_of_the_readme_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], encoder: Encoder
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    shutil.copytree(ROOT / "sample_corpus", tmp_path / "docs")
    git = ["git", "-C", str(tmp_path), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "docs"], check=True)
    monkeypatch.chdir(tmp_path)
    lines = readme_commands()
    assert lines, "the README shows no command"
    for line in lines:
        code = in_process(line, monkeypatch)
        assert code == 0, f"{line} ends with {code}: {capsys.readouterr().err}"
    assert (tmp_path / ".embedctl" / "manifest.json").is_file()
