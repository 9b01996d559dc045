"""Source code: whole definitions, their comments with them, and the names around each chunk."""

from __future__ import annotations

import pytest
from chunker_samples import CODE, check, chunks_of, document

from embedctl.chunkers.code import code_outline
from embedctl.config import ChunkConfig


def function(number: int, lines: int = 6) -> str:
    body = "".join(f"    value_{line} = compute(value, {line})\n" for line in range(lines))
    return f"# About function {number}.\n@decorator\ndef function_{number}(value):\n{body}    return value\n"


def test_functions_stay_whole_with_comments_and_decorators(wordpiece):
    functions = [function(number, 3 + number % 9) for number in range(30)]
    text = "import os\n\n" + "\n\n".join(functions)
    chunks = chunks_of(document(text, "code", language="python"), wordpiece, ChunkConfig())
    for number, whole in enumerate(functions):
        (chunk,) = [chunk for chunk in chunks if f"def function_{number}(" in chunk.text]
        assert whole.strip() in chunk.text


def test_the_heading_names_what_encloses_the_whole_chunk(wordpiece):
    method = "    def {name}(self):\n" + "        self.total = self.total + self.step\n" * 18 + "\n"
    text = "class Store:\n" + method.format(name="open") + method.format(name="close") + "\n\ndef main():\n    pass\n"
    chunks = chunks_of(document(text, "code", language="python", title="store.py"), wordpiece, ChunkConfig(size=220))
    headings = [chunk.heading for chunk in chunks]
    assert ("class Store", "def close") in headings
    assert headings[0] == ("class Store",)
    assert chunks[headings.index(("class Store", "def close"))].context == "store.py > class Store > def close\n"


def test_small_definitions_share_a_chunk(wordpiece):
    text = "\n\n".join(f"def f{number}():\n    return {number}\n" for number in range(12))
    (chunk,) = chunks_of(document(text, "code", language="python"), wordpiece, ChunkConfig())
    assert chunk.heading == ()


def test_a_long_function_is_cut_between_statements(wordpiece):
    blocks = "".join(f"    if flag_{n}:\n        run({n})\n        stop({n})\n\n" for n in range(40))
    chunks = chunks_of(document(f"def long():\n{blocks}", "code", language="python"), wordpiece, ChunkConfig())
    assert {chunk.heading for chunk in chunks} == {("def long",)}
    for chunk in chunks[1:]:
        assert chunk.text.startswith("if flag_")


@pytest.mark.parametrize(
    ("language", "text", "path"),
    [
        ("python", "class A:\n    async def b(self):\n        MARK\n", ("class A", "def b")),
        ("javascript", "class A {\n  b() {\n    MARK;\n  }\n}\n", ("class A", "method b")),
        ("javascript", "export const run = async () => {\n  MARK;\n};\n", ("function run",)),
        ("typescript", "export namespace N {\n  export interface I {\n    MARK: string;\n  }\n}\n",
         ("namespace N", "interface I")),
        ("tsx", "export default function App() {\n  return <b>MARK</b>;\n}\n", ("function App",)),
        ("go", "package p\n\nfunc (s *Store) Open() {\n\tMARK()\n}\n", ("func (s *Store) Open",)),
        ("go", "package p\n\ntype Store struct {\n\tMARK int\n}\n", ("type Store",)),
        ("rust", "mod m {\n    impl Show for Store {\n        fn open() {\n            MARK();\n        }\n    }\n}\n",
         ("mod m", "impl Show for Store", "fn open")),
        ("java", "class A {\n  interface B {\n    void c() {\n      MARK();\n    }\n  }\n}\n",
         ("class A", "interface B", "method c")),
        ("c", "static char *\nopen_it(int x)\n{\n  MARK();\n}\n", ("function open_it",)),
        ("cpp", "namespace n {\ntemplate <class T>\nclass A {\n  void b() {\n    MARK();\n  }\n};\n}\n",
         ("namespace n", "class A", "function b")),
        ("cpp", "int Store::open(int x) {\n  MARK();\n}\n", ("function Store::open",)),
        ("csharp", "namespace N {\n  class A {\n    void B() {\n      MARK();\n    }\n  }\n}\n",
         ("namespace N", "class A", "method B")),
        ("ruby", "module M\n  class A\n    def b\n      MARK\n    end\n  end\nend\n", ("module M", "class A", "def b")),
        ("php", "<?php\nclass A {\n  function b() {\n    MARK();\n  }\n}\n", ("class A", "method b")),
        ("bash", "open_it() {\n  MARK\n}\n", ("function open_it",)),
    ],
)  # fmt: skip
def test_names_are_found_in_every_language(language, text, path):
    filler = {"python": "#", "ruby": "#", "bash": "#"}.get(language, "//")
    # Definitions too small to be cut are not looked into, so make each of them larger.
    lines = text.split("\n")
    at = next(index for index, line in enumerate(lines) if "MARK" in line)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines[at:at] = [f"{indent}{filler} é {'x' * 70}"] * 8 if language != "tsx" else []
    text = "\n".join(lines)
    outline = code_outline(document(text, "code", language=language))
    mark = text.index("MARK")
    assert outline.heading(mark, mark + 4) == path
    assert path in outline.paths


@pytest.mark.parametrize("language", ["lisp", None, "python"])
def test_code_without_a_tree_is_cut_at_its_margin(wordpiece, language):
    block = "(define (thing x)\n" + "  (let ((y 1))\n\n    (print y))\n" * 4 + ")"
    text = "\n\n".join([block] * 12)
    sample = document(text, "code", language=language)
    chunks = chunks_of(sample, wordpiece, ChunkConfig())
    check(sample, chunks, wordpiece, ChunkConfig())
    assert all(chunk.text.startswith("(define") for chunk in chunks)


def test_offsets_are_characters_in_code_beyond_ascii(wordpiece):
    text = ("# größe 検索 😀\n" + CODE.replace("small", "größe 😀")) * 5
    sample = document(text.replace("\n", "\r\n"), "code", language="python")
    config = ChunkConfig(size=128)
    chunks = chunks_of(sample, wordpiece, config)
    check(sample, chunks, wordpiece, config)
    assert sum(chunk.text.startswith("def main") or "\ndef main" in chunk.text for chunk in chunks) >= 5


@pytest.mark.parametrize(
    "line", ["x = " + "(" * 3000 + "1" + ")" * 3000, "x = " + " + ".join(["value"] * 4000), "x = " + "[" * 5000]
)
def test_deep_nesting_is_no_trouble(wordpiece, line):
    sample = document(f"def f():\n    {line}\n", "code", language="python")
    check(sample, chunks_of(sample, wordpiece, ChunkConfig()), wordpiece, ChunkConfig())


def test_lines_are_not_cut_where_they_fit(wordpiece):
    text = "x = [\n" + "".join(f"    'a value number {n} of many', # why\n" for n in range(300)) + "]\n"
    lines = {line.strip() for line in text.split("\n")}
    for chunk in chunks_of(document(text, "code", language="python"), wordpiece, ChunkConfig()):
        assert {line.strip() for line in chunk.text.split("\n")} <= lines
