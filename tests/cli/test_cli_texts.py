"""Texts that begin with a dash are texts when they have a blank in them."""

from __future__ import annotations

import pytest

from embedctl.cli.grouped import texts_last

OPTIONS = ["-n", "--number", "--where", "--json", "-h"]
WITH_VALUE = ["-n", "--number", "--where"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["keys"], ["keys"]),
        (["-foo bar"], ["--", "-foo bar"]),
        (["--json", "-foo bar", "-n", "3"], ["--json", "-n", "3", "--", "-foo bar"]),
        (["keys", '-"old keys"'], ["keys", "--", '-"old keys"']),
        (["x", "--where", "-5 < year"], ["x", "--where", "-5 < year"]),
        (["x", "--where=year >= 3"], ["x", "--where=year >= 3"]),
        (["-foo"], ["-foo"]),
        (["--jsn", "x"], ["--jsn", "x"]),
        (["-n", "2", "--", "-a b", "--json"], ["-n", "2", "--", "-a b", "--json"]),
        (["-x y", "--", "-a"], ["--", "-x y", "-a"]),
        (["x", "-n"], ["x", "-n"]),
        (["- \t"], ["--", "- \t"]),
    ],
)
def test_texts_go_behind_the_options(typed: list[str], read: list[str]) -> None:
    assert texts_last(typed, OPTIONS, WITH_VALUE) == read
