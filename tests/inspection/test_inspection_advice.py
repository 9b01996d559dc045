"""What an inspection tells people to type is there, and every threshold works."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

import embedctl.inspection
from embedctl.cli.app import COMMANDS, built
from embedctl.inspection.glossary import THRESHOLDS
from embedctl.plural import percent

MODULES = sorted(Path(embedctl.inspection.__file__).parent.glob("*.py"))


def sentences(path: Path) -> list[str]:
    """Return the string literals of a module, those that are written in pieces as one."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def test_commands_and_flags_that_are_named_exist() -> None:
    flags = {
        name: {option for parameter in built(name).params for option in parameter.opts + parameter.secondary_opts}
        for name in ("index", "query", "doctor")
    }
    everywhere = set().union(*flags.values())
    seen = 0
    for path in MODULES:
        for sentence in sentences(path):
            assert set(re.findall(r"(?<![\w-])--[a-z][\w-]+", sentence)) <= everywhere, sentence
            for command, rest in re.findall(r'"embedctl ([a-z]+)([^"]*)"', sentence):
                assert command in COMMANDS, sentence
                named = set(re.findall(r"--[a-z][\w-]+", rest))
                assert not named or named <= flags[command], sentence
                seen += 1
    assert seen > 10


@pytest.mark.parametrize("name", THRESHOLDS)
def test_verdicts_get_worse_in_one_direction(name: str) -> None:
    threshold = THRESHOLDS[name]
    order = {"good": 0, "look": 1, "bad": 2}
    limits = [limit for limit in (threshold.look, threshold.bad) if limit is not None]
    values = sorted({0.0, *limits, *(limit / 2 for limit in limits), *(limit * 2 for limit in limits)})
    found = [order[threshold.verdict(value)] for value in (values[::-1] if threshold.falling else values)]
    assert all(before <= after for before, after in pairwise(found))
    assert found[0] == 0 < found[-1]
    for limit, verdict in ((threshold.look, "look"), (threshold.bad, "bad")):
        if limit is not None:
            assert threshold.verdict(limit) == verdict


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.0, "0.0 %"),
        (1e-9, "< 0.1 %"),
        (0.0123, "1.2 %"),
        (0.0994, "9.9 %"),
        (0.0996, "10 %"),
        (0.5, "50 %"),
        (0.9968, "99.7 %"),
        (1 - 1e-9, "> 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share: float, told: str) -> None:
    assert percent(share) == told
