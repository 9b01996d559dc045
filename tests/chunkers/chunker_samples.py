"""Documents that chunkers find hard, and the laws that hold for every chunk of every one of them."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from embedctl.chunkers.batch import chunk_documents
from embedctl.records import Chunk, Document

if TYPE_CHECKING:
    from embedctl.config import ChunkConfig
    from embedctl.encoders.tokenization import HuggingFaceTokenizer

PROSE = (
    "Search engines keep an inverted index. Each term points to the documents that contain it. "
    "Dr. Smith measured 3.14 seconds on Jan. 5. The rest was faster! Was it? Yes. "
)
CJK = "検索エンジンは文書を索引に登録します。質問が来ると、索引を調べて答えを返します。速さが大切です！"
CODE = '''"""A small store."""

import os


class Store:
    """Keeps things."""

    def __init__(self, path):
        self.path = path

    # Opens the file.
    # Twice is an error.
    @property
    def open(self):
        """Open it."""
        with open(self.path) as handle:
            for line in handle:
                if line.strip():
                    print(line.strip(), end="")
        return os.path.exists(self.path)


def main():
    return Store("x").open
'''
MARKDOWN = """# Guide

Short intro.

## Install

Run this:

```sh
# not a heading
pip install thing

thing --version
```

## Use

| a | b |
|---|---|
| 1 | 2 |
| 3 | 4 |

- one
  continued

  a paragraph of the item
- two
  1. nested
  2. nested again

Setext title
============

Last words.
"""


def document(text: str, markup: str = "plain", **fields: object) -> Document:
    """Return a document with everything that does not matter filled in."""
    values: dict[str, object] = {
        "doc_id": "doc",
        "source": "src",
        "path": "file.txt",
        "record": None,
        "title": None,
        "text": text,
        "media_type": "text/plain",
        "markup": markup,
        "language": None,
        "encoding": None,
        "pages": (),
        "body_start": 0,
        "mtime_us": 0,
        "size": len(text),
        "sha256": bytes(32),
        "metadata": "{}",
    }
    return Document(**(values | fields))  # type: ignore[arg-type]


def deep_headings() -> str:
    """Return six levels of headings, over and over, with a line of text under the deepest."""
    parts = []
    for top in range(4):
        parts += [f"{'#' * level} Level {level} of {top}\n\n" for level in range(1, 7)]
        parts.append(PROSE * (top + 1) + "\n\n")
    return "".join(parts)


SAMPLES: dict[str, Document] = {
    "empty": document(""),
    "blank": document(" \n\t\n "),
    "blank body": document("---\ntitle: x\n---\n\n \n", "markdown", body_start=17),
    "short": document("One line."),
    "prose": document((PROSE * 5 + "\n\n") * 12, title="Search engines"),
    "wrapped prose": document(re.sub(r"(.{60,70}) ", r"\1\n", PROSE * 40)),
    "one paragraph": document(PROSE * 60),
    "log": document("\n".join(f"2024-01-{day % 28 + 1:02} INFO worker {day} took {day * 7} ms" for day in range(400))),
    "markdown": document(MARKDOWN, "markdown", title="Guide"),
    "long markdown": document(MARKDOWN * 12, "markdown", title="A handbook"),
    "deep headings": document(deep_headings(), "markdown"),
    "body start": document("---\na: 1\n---\n# Body\n\n" + PROSE * 20, "markdown", body_start=13),
    "long heading": document("# " + PROSE * 12 + "\n\nbody\n", "markdown", title=PROSE * 3),
    "table": document(
        "intro\n\n| n | text |\n|---|---|\n" + "".join(f"| {n} | {PROSE} |\n" for n in range(30)), "markdown"
    ),
    "open fence": document("# a\n\n```\n" + "code line\n\n" * 200, "markdown"),
    "rst": document(
        "Title\n=====\n\nIntro.\n\nPart\n----\n\n" + PROSE * 12 + "\n\n::\n\n  literal\n\nOther\n=====\n\nx\n", "rst"
    ),
    "front matter": document("---\ntags: [a, b]\nabout: words\n---\n# Body\n\n" + PROSE * 20, "markdown", body_start=4),
    "long front matter": document(
        "+++\n" + f'about = "{PROSE}"\n' * 30 + "+++\n\n# Body\n\n" + PROSE, "markdown", body_start=4
    ),
    "org": document(
        "#+TITLE: Locks\n\n* Gates\n"
        + PROSE * 8
        + "\n** Winter\n#+begin_src sh\n* no\n#+end_src\n- a\n- b\n\n* Keys\n"
        + PROSE,
        "org",
    ),
    "asciidoc": document(
        "= Locks\n\n== Gates\n\n" + PROSE * 9 + "\n\n----\n== no\n----\n\nKeys\n----\n\n" + PROSE, "asciidoc"
    ),
    "latex": document(
        "\\section{Gates}\n"
        + PROSE * 9
        + "\n\\begin{verbatim}\n\\section{no}\n\\end{verbatim}\n\\subsection{Keys}\n"
        + PROSE,
        "latex",
    ),
    "wiki": document("= Locks =\n== Gates ==\n" + PROSE * 9 + "\n{|\n| a\n|}\n== Keys ==\n* one\n* two\n", "wiki"),
    "python": document(CODE * 8, "code", language="python"),
    "code without grammar": document("(defun f (x)\n  (+ x 1))\n\n" * 150, "code", language="lisp"),
    "broken code": document("def (((:\n\n  ]]} class 5 = \n" * 60, "code", language="python"),
    "code beyond ascii": document(
        CODE.replace("thing", "größe").replace("Opens", "Öffnet 検索 😀") * 6, "code", language="python"
    ),
    "cjk": document(CJK * 30),
    "cjk and english": document((CJK + " and then some English words. ") * 20),
    "emoji": document("👩‍👩‍👧‍👦👍🏽 é̂ " * 200 + "👩‍👩‍👧‍👦" * 300),
    "crlf": document((PROSE + "\r\n" + PROSE + "\r\n\r\n") * 10, "markdown"),
    "old mac": document((PROSE + "\r\r") * 12, "markdown"),
    "huge word": document("before " + "x" * 50_000 + " after"),
    "huge words": document(" ".join(["ab" * 1500, "!" * 5000, "長" * 3000, "a-" * 3000])),
    "blanks": document("a" + " " * 20_000 + "b\n" + "\n" * 20_000 + "c"),
    "controls": document("a\x00b\x0bc\x0cd\x1ce\x85f\u2028g\ufeffh\u200b " * 200),
    "pages": document((PROSE + "\n") * 30, pages=tuple(range(0, len(PROSE + "\n") * 30, 700))),
    "empty pages": document("one\n\n\n\ntwo\n", pages=(0, 4, 5, 5, 7, 11)),
    "slides": document(
        "# A\n\n- x\n- y\n\n# B\n\n" + PROSE * 6,
        "markdown",
        pages=(0, 14),
        media_type="application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
}


def chunks_of(document: Document, tokenizer: HuggingFaceTokenizer, config: ChunkConfig) -> list[Chunk]:
    """Return the chunks of one document."""
    (chunks,) = chunk_documents([document], tokenizer, config, keep_tokens=True)
    return chunks


def check(document: Document, chunks: list[Chunk], tokenizer: HuggingFaceTokenizer, config: ChunkConfig) -> None:
    """Assert every law of a chunk."""
    text = document.text
    limit = tokenizer.max_tokens if config.size is None else config.size
    inputs = [tokenizer.document_prompt + chunk.context + chunk.text for chunk in chunks]
    read = [encoding.ids for encoding in tokenizer._tokenizer.encode_batch(inputs)]
    assert [len(ids) for ids in read] == [chunk.tokens for chunk in chunks]
    frame = tokenizer.prefix_ids.tolist(), tokenizer.suffix_ids.tolist()
    assert [frame[0] + chunk.token_ids.tolist() + frame[1] for chunk in chunks] == read
    covered = document.body_start
    line_starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    for ordinal, chunk in enumerate(chunks):
        assert chunk.chunk_id == f"{document.source}:{document.doc_id}#{ordinal}"
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip()
        assert chunk.text
        assert chunk.tokens <= limit
        assert chunk.end - chunk.start <= 16 * limit + 64
        assert chunk.sha256 == hashlib.sha256((chunk.context + chunk.text).encode()).digest()
        assert chunk.start_line == bisect_right(line_starts, chunk.start)
        assert chunk.end_line == bisect_right(line_starts, chunk.end - 1)
        expected_page = max(1, sum(page <= chunk.start for page in document.pages)) if document.pages else None
        assert chunk.page == expected_page
        if config.overlap == 0:
            assert chunk.start >= covered
        assert chunk.end > covered
        assert not text[covered : chunk.start].strip()
        covered = chunk.end
    assert not text[covered:].strip()
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})
    if not config.context:
        assert not any(chunk.context for chunk in chunks)
