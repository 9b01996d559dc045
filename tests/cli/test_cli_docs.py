"""The documentation names every command and flag, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from embedctl.cli.app import COMMANDS, app, built
from embedctl.query import where

DOCS = Path(__file__).parents[2] / "docs"


def flags() -> set[str]:
    commands = [app, *(built(name) for name in COMMANDS), *built("arm").commands.values()]
    return {
        option
        for command in commands
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def test_every_flag_is_documented_and_every_documented_flag_exists() -> None:
    text = re.sub(r"```.*?```", "", (DOCS / "cli.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"(?<![\w-])(--[a-z][\w-]+|-[a-zA-Z0])(?![\w-])", text))
    assert flags() - named == set()
    assert named - flags() - {"-m", "--help", "-h"} == set()


def test_every_command_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"^\| `{name}\b", text, re.MULTILINE), name


def test_the_grammar_of_where_is_the_one_in_the_code() -> None:
    assert where.__doc__ is not None
    grammar = re.findall(r"^    (\S.*|            .*)$", where.__doc__, re.MULTILINE)
    documented = (DOCS / "query.md").read_text(encoding="utf-8")
    for line in grammar:
        assert line.strip() in documented
