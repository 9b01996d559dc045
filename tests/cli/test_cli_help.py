"""``--help``: three examples that parse, panels, and defaults that the documentation has, too."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from command import Cli

from embedctl.cli.app import COMMANDS, Commands, app, built
from embedctl.cli.grouped import spellings, texts_last

PANELS = {"Output", "Search", "Ranking", "Filters", "Encoder", "Common"}
DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
SUBCOMMANDS = [(name, command) for name in COMMANDS for command in getattr(built(name), "commands", {})]


def words(example: str) -> list[str]:
    """Return what the shell gives to embedctl in an example, which may be one part of a pipe."""
    (part,) = (part for part in example.split(" | ") if part.startswith("embedctl "))
    return shlex.split(part)[1:]


def parsed(arguments: list[str]) -> Any:
    """Return the context of the command that these arguments call, without calling it."""
    name, *rest = arguments
    if name == "query":
        rest = texts_last(rest, *spellings(built(name)))
    context = built(name).make_context(name, rest)
    if isinstance(context.command, Commands):
        _, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        return command.make_context(command.name, rest, parent=context)
    return context


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_on_top_and_panels(cli: Cli, name: str) -> None:
    result = cli(name, "--help")
    assert (result.code, result.err) == (0, "")
    examples = built(name).examples
    assert len(examples) >= 3
    top = result.out.split("\n\n")[1]
    assert top.splitlines() == ["Examples:", *(f"  {example}" for example in examples)]
    panels = re.findall(r"^(\w[\w ]*):$", result.out, re.MULTILINE)
    assert panels[-1] == "Common"
    assert "-h, --help" in result.out.rpartition("Common:")[2]
    assert COMMANDS[name] == " ".join(result.out.split("\n\n")[2].split())


def test_the_panels_of_query_are_those_of_the_project(cli: Cli) -> None:
    assert set(re.findall(r"^(\w+):$", cli("query", "--help").out, re.MULTILINE)) == PANELS | {"Examples", "Arguments"}


@pytest.mark.parametrize("example", [example for name in COMMANDS for example in built(name).examples])
def test_examples_can_be_typed(example: str) -> None:
    arguments = words(example)
    context = parsed(arguments)
    assert context.command_path.split() == arguments[: len(context.command_path.split())]


@pytest.mark.parametrize(("group", "name"), SUBCOMMANDS)
def test_subcommands_have_an_example(cli: Cli, group: str, name: str) -> None:
    result = cli(group, name, "--help")
    assert result.code == 0
    assert f"  embedctl {group} {name}" in result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_no_panel_has_limits_or_types_of_python(cli: Cli, name: str) -> None:
    assert not re.search(r"x[<>]=|<(int|float|str|path)>|\bNone\b|<class", cli(name, "--help").out)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_into_80_columns_and_boxes(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("embedctl.cli.helptext.is_terminal", lambda _: True)
    lines = cli(name, "--help").out.splitlines()
    boxed = [line for line in lines if line.startswith(("│", "╭", "╰"))]
    assert len({len(line) for line in boxed}) == 1
    assert len(boxed[0]) <= 80


def test_defaults_are_those_of_the_documentation() -> None:
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    missing = []
    for name in COMMANDS:
        for option in built(name).params:
            usual = re.search(r" \[default: (.*)\]$", getattr(option, "help", None) or "")
            about = [row for row in rows if re.search(rf"`{option.opts[-1]}[`\s]", row)]
            if usual and not any(usual[1].replace(",", "") in row.replace("`", "").replace(",", "") for row in about):
                missing.append((name, option.opts[-1], usual[1]))
    assert missing == []


def test_the_program_lists_every_command(cli: Cli) -> None:
    out = cli("--help").out
    assert [line.split()[0] for line in out.partition("Commands:")[2].splitlines() if re.match(r"  \w", line)][
        : len(COMMANDS)
    ] == list(COMMANDS)
    assert set(app.commands) == set(COMMANDS)
