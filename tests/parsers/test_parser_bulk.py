"""Bytes spelled as base64 make no text; lines stay what they are."""

from __future__ import annotations

import base64
import random
import textwrap

import pytest

from embedctl.parsers import parse
from embedctl.parsers.bulk import is_minified

PICTURE = base64.b64encode(random.Random(1).randbytes(4_000)).decode()
WRAPPED = "\n".join(textwrap.wrap(PICTURE, 76))
WORDS = "The plan of the pump house hangs beside the door.\n"


@pytest.mark.parametrize(
    ("path", "text", "left"),
    [
        ("a.md", f"{WORDS}![plan](data:image/png;base64,{PICTURE})\n{WORDS}", "![plan](data:image/png;base64,)"),
        ("a.css", f"a {{ src: url(data:font/woff2;charset=utf-8;base64,{PICTURE[:90]}); }}\n", "base64,);"),
        ("a.txt", f"{WORDS * 40}{PICTURE}\n{WORDS * 40}", WORDS + "\n" + WORDS),
        ("a.yaml", f"key: |\n{textwrap.indent(WRAPPED, '  ')}\nname: plan\n", "name: plan"),
        ("a.json", f'{{"plan": "{PICTURE}", "name": "house"}}\n', '{"plan": "", "name": "house"}'),
        ("a.org", f"* Plan\r\n{WRAPPED}\r\n{WORDS}".replace("\n", "\r\n").replace("\r\r", "\r"), WORDS.strip()),
    ],
)
def test_base64_is_left_out(path: str, text: str, left: str) -> None:
    found = parse(text.encode(), path).text
    assert left in found
    assert PICTURE[100:160] not in found
    assert found.count("\n") == text.count("\n")
    assert len(found) < len(text) - 80


@pytest.mark.parametrize(
    "text",
    [
        "ACGTTGCA" * 600 + "\n",
        "x" * 9_000 + "\n",
        " ".join(["0123456789abcdef" * 4] * 90) + "\n",
        f"-----BEGIN PRIVATE KEY-----\n{WRAPPED}\n-----END PRIVATE KEY-----\n",
        "/usr/share/" + "a/b1/Cd/" * 300 + "\n",
        WORDS * 100,
    ],
    ids=["genes", "one letter", "hashes", "private key", "path", "words"],
)
def test_other_long_runs_stay(text: str) -> None:
    assert parse(text.encode(), "a.txt").text == text


@pytest.mark.parametrize(
    ("path", "data", "minified"),
    [
        ("app.js", b"/*! app 1.0 */\n" + b"function a(b){return b+1};" * 400, True),
        ("theme.css", b"a{color:red}" * 400, True),
        ("app.js", b"function a(b) {\n  return b + 1;\n}\n" * 400, False),
        ("small.js", b"function a(b){return b+1};", False),
        ("rows.json", b'{"a": 1}, ' * 900, False),
    ],
)
def test_scripts_without_line_ends_are_minified(path: str, data: bytes, minified: bool) -> None:
    assert is_minified("code", data, path) is minified
