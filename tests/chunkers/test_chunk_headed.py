"""Headings of Org, AsciiDoc, LaTeX and wiki text; front matter as a block of Markdown."""

from __future__ import annotations

import pytest
from chunker_samples import PROSE, chunks_of, document

from embedctl.chunkers.headed import scan_headed
from embedctl.config import ChunkConfig

HEADINGS = {
    "org": (
        "* DONE [#B] Pumps  :a:b:\n#+BEGIN_SRC sh\n* no\n#+END_SRC\n** [[id:1][Gate]] *keys*\n*bold* no heading\n",
        [(1, "Pumps"), (2, "Gate keys")],
    ),
    "asciidoc": (
        "= House\n\n== Pumps ==\n\n----\n== no\n----\n\n....\n=== no\n....\n\nGates\n~~~~~\n\nname::\n  text\n",
        [(1, "House"), (2, "Pumps"), (3, "Gates")],
    ),
    "latex": (
        (
            "\\chapter{Pumps}\n\\begin{verbatim}\n\\section{no}\n\\end{verbatim}\n% \\section{no}\n"
            "\\section[short]{Gates of\n \\emph{oak}}\n\\subsection*{Keys}\n"
        ),
        [(2, "Pumps"), (3, "Gates of oak"), (4, "Keys")],
    ),
    "wiki": (
        "== Pumps ==\n<pre>\n= no =\n</pre>\n=== [[Gate|Gates]] ===\na == b\n",
        [(2, "Pumps"), (3, "Gates")],
    ),
}


@pytest.mark.parametrize("markup", HEADINGS)
def test_headings(markup):
    text, expected = HEADINGS[markup]
    assert [(heading.level, heading.title) for heading in scan_headed(text, markup).headings] == expected


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("org", f"* House\n\n** Pumps\n{PROSE * 8}\n** Gates\n{PROSE * 8}\n"),
        ("asciidoc", f"= House\n\n== Pumps\n\n{PROSE * 8}\n\n== Gates\n\n{PROSE * 8}\n"),
        ("latex", f"\\part{{House}}\n\\section{{Pumps}}\n{PROSE * 8}\n\\section{{Gates}}\n{PROSE * 8}\n"),
        ("wiki", f"= House =\n\n== Pumps ==\n{PROSE * 8}\n== Gates ==\n{PROSE * 8}\n"),
    ],
)
def test_chunks_carry_their_headings(markup, text, tokenizer):
    chunks = chunks_of(document(text, markup), tokenizer, ChunkConfig(size=96))
    assert {chunk.heading for chunk in chunks} == {("House", "Pumps"), ("House", "Gates")}
    assert all(chunk.context.startswith("House > ") for chunk in chunks)


def test_a_short_note_is_headed_by_its_innermost_section(tokenizer):
    (chunk,) = chunks_of(document("* Pumps\nOiled.\n** Winter\nDrained.\n", "org"), tokenizer, ChunkConfig())
    assert chunk.heading == ("Pumps", "Winter")
    (chunk,) = chunks_of(document("* Pumps\nOiled.\n* Gates\nPainted.\n", "org"), tokenizer, ChunkConfig())
    assert chunk.heading == ("Pumps",)


def test_front_matter_is_no_heading_and_belongs_to_the_first_chunk(tokenizer):
    note = document("---\ntags: [sluice]\nabout: pumps\n---\n# Winter\n\nDrained.\n", "markdown", body_start=4)
    (chunk,) = chunks_of(note, tokenizer, ChunkConfig())
    assert chunk.text.startswith("tags: [sluice]\nabout: pumps\n---\n# Winter")
    assert chunk.heading == ("Winter",)
