"""Markdown structure: headings as CommonMark sees them, blocks whole where they fit, paths where they belong."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from chunker_samples import MARKDOWN, PROSE, SAMPLES, chunks_of, deep_headings, document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from embedctl.chunkers.blocks import Heading
from embedctl.chunkers.markdown import scan_markdown
from embedctl.config import ChunkConfig

ORACLE = MarkdownIt("commonmark").enable("table")


def expected_headings(text: str) -> list[tuple[int, int, str]]:
    """Return line, level and source of each heading that is not inside a list or quotation."""
    tokens = ORACLE.parse(text)
    found = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            found.append((token.map[0], int(token.tag[1]), " ".join(inline.content.split())))
    return found


def found_headings(text: str) -> list[tuple[int, int, str]]:
    return [
        (text.count("\n", 0, heading.start), heading.level, " ".join(heading.source.split()))
        for heading in scan_markdown(text).headings
    ]


CASES = [
    "# a\n## b ##\n### c #\n#not\n####### seven\n    # code\n   # three blanks\n",
    "a\n===\nb\n---\nc\n\n---\n===\n",
    "two\nlines\n=====\n",
    "```\n# no\n```\n~~~ x\n# no\n```\n~~~\n# yes\n",
    "```\n# never closed\n",
    "<!-- \n# no\n\n# no -->\n# yes\n<!-- one line -->\n# yes\n",
    "<div>\n# no\n\n# yes\n</div>\n",
    "<script>\n\n# no\n</script>\n# yes\n",
    "<span>\n# no\n\ntext\n<span>\n# yes\n",
    "- item\n  # nested\n- item\n# yes\n",
    "- item\n\n  text\n  ---\n\n# yes\n",
    "- item\n---\n# yes\n",
    "- item\n===\n",
    "- ```\n  # no\n  ```\n# yes\n",
    "- ```\n  # no\n# yes\n",
    "1. a\n   ```sh\n   # no\n\n   # no\n   ```\n2. b\n\n# yes\n",
    "> # quoted\n> text\n---\n# yes\n",
    "> text\nlazy\n===\n",
    "> ```\n# yes\n",
    "[a]: /url\n===\n",
    "[a]: /url\ntext\n===\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n# yes\n",
    "| a | b |\n|---|---|\n# yes\n",
    "a | b\n--- | ---\n1 | 2\n===\n",
    "a\n2. b\n---\n",
    "a\n- b\n---\n",
    "* * *\n# yes\n- - -\n",
    "#\n## \n#\ttab\n",
    "a\n    # continued\n===\n",
    "\\# not\n# `# yes`\n",
    "# [a](b) *c*\n",
    "text\n<!-- # no\n-->\n",
    "- a\n  - b\n    - c\n\n      # nested\n\n# yes\n",
    "- a\n\n\n\n# yes\n",
    "term\n: -\n---\n",
]


@pytest.mark.parametrize("text", CASES)
def test_headings_are_those_of_commonmark(text):
    assert found_headings(text) == expected_headings(text)


LINES = st.sampled_from(
    ["# a", "## b", "text", "more text", "", "", "===", "---", "```", "~~~", "- item", "  inner", "1. one", "> quote",
     "<div>", "<!--", "-->", "| a | b |", "|---|---|", "    code", "***", "  # in", "   three", "2) two", "`x`", "<b>"]
)  # fmt: skip


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(LINES, max_size=9).map(lambda lines: "".join(line + "\n" for line in lines)))
def test_headings_of_any_lines_are_those_of_commonmark(text):
    assert found_headings(text) == expected_headings(text)


@pytest.mark.parametrize("line_break", ["\r\n", "\r"])
def test_other_line_breaks_make_the_same_headings(line_break):
    other = scan_markdown(MARKDOWN.replace("\n", line_break)).headings
    assert [heading.title for heading in other] == [heading.title for heading in scan_markdown(MARKDOWN).headings]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("Use `pip install` *now*", "Use pip install now"),
        ("[Linked](http://x.y/(z)) text", "[Linked](http://x.y/(z)) text"),
        ("A [link](url) and ![image](i.png) {#anchor}", "A link and image"),
        ("**Bold** snake_case_name 2*3*4", "Bold snake_case_name 2*3*4"),
        (":func:`open` and <b>html</b>", "open and html"),
        (r"C\# \*", "C# *"),
    ],
)
def test_titles_are_what_a_person_reads(source, title):
    assert Heading(0, 0, 1, source).title == title


def test_the_path_is_that_of_the_first_body_text(wordpiece):
    chunks = chunks_of(
        document("# A\n\n## B\n\n" + PROSE * 3 + "\n\n# C\n\n" + PROSE, "markdown"), wordpiece, ChunkConfig()
    )
    assert [chunk.heading for chunk in chunks] == [("A", "B"), ("C",)]
    assert chunks[0].text.startswith("# A\n\n## B\n\nSearch")
    assert chunks[0].context == "A > B\n"


def test_a_short_introduction_joins_its_subsection_but_no_outer_section(wordpiece):
    text = "# A\n\nShort.\n\n## B\n\n" + PROSE * 2 + "\n\n### D\n\nTiny.\n\n# C\n\n" + PROSE
    chunks = chunks_of(document(text, "markdown"), wordpiece, ChunkConfig())
    assert [(chunk.text.split("\n")[0], chunk.heading) for chunk in chunks] == [
        ("# A", ("A",)),
        ("### D", ("A", "B", "D")),
        ("# C", ("C",)),
    ]


def test_deep_headings_give_their_whole_path(wordpiece):
    chunks = chunks_of(document(deep_headings(), "markdown", title="Deep"), wordpiece, ChunkConfig())
    assert chunks[1].heading == tuple(f"Level {level} of 1" for level in range(1, 7))
    assert chunks[1].context == "Deep > " + " > ".join(chunks[1].heading) + "\n"


def test_a_title_that_repeats_the_first_heading_is_written_once(wordpiece):
    chunks = chunks_of(SAMPLES["markdown"], wordpiece, ChunkConfig())
    assert chunks[0].context == "Guide\n"


def test_outer_levels_are_left_out_of_a_context_that_is_too_long(wordpiece):
    chunks = chunks_of(document("# Sub\n\nbody", "markdown", title="word " * 100), wordpiece, ChunkConfig())
    assert chunks[0].context == "Sub\n"


def test_code_tables_and_items_stay_whole_where_they_fit(wordpiece):
    fence = "```python\n" + "value = compute(1)\n\n" * 14 + "```"
    table = "| a | b |\n|---|---|\n" + "| one cell | two cells |\n" * 14
    items = "".join(f"- item {n}\n\n  {PROSE}\n\n" for n in range(8))
    text = f"{PROSE}\n\n{fence}\n\n{PROSE}\n\n{table}\n{PROSE}\n\n{items}"
    chunks = chunks_of(document(text, "markdown"), wordpiece, ChunkConfig(size=160))
    assert sum(fence in chunk.text for chunk in chunks) == 1
    assert sum(table.strip() in chunk.text for chunk in chunks) == 1
    for n in range(8):
        assert sum(f"- item {n}\n\n  {PROSE}".strip() in chunk.text for chunk in chunks) == 1


def test_rows_of_a_long_table_are_never_cut(wordpiece):
    for chunk in chunks_of(SAMPLES["table"], wordpiece, ChunkConfig())[1:]:
        assert chunk.text.startswith("| ")
        assert chunk.text.endswith(" |")


def test_an_introduction_stays_with_its_list(wordpiece):
    text = PROSE * 3 + "\n\nTake these:\n\n" + "- a thing to take along on the way\n" * 25
    chunks = chunks_of(document(text, "markdown"), wordpiece, ChunkConfig())
    assert chunks[1].text.startswith("Take these:")


def test_every_section_of_a_pdf_outline_is_a_chunk_of_its_own_under_the_headings_above_it(wordpiece):
    text = "# Boat\n\n## Hull\n\nOak.\n\n## Rig\n\n### Mast\n\nPine.\n\n### Sails\n\nCotton."
    pdf = replace(document(text, "markdown"), media_type="application/pdf")
    chunks = chunks_of(pdf, wordpiece, ChunkConfig())
    assert [chunk.heading for chunk in chunks] == [("Boat", "Hull"), ("Boat", "Rig", "Mast"), ("Boat", "Rig", "Sails")]


def test_rst_levels_follow_the_order_of_adornments(wordpiece):
    parts = ["=====\nTitle\n=====", "Part\n----", "Detail\n~~~~~~", "Next\n----"]
    text = "".join(f"{part}\n\n{PROSE}\n\n" for part in parts) + "-----\n\nafter\n"
    chunks = chunks_of(document(text, "rst"), wordpiece, ChunkConfig())
    assert [chunk.heading for chunk in chunks] == [
        ("Title",),
        ("Title", "Part"),
        ("Title", "Part", "Detail"),
        ("Title", "Next"),
    ]


def test_rst_titles_are_not_taken_from_literal_blocks_and_tables(wordpiece):
    text = "Title\n=====\n\n::\n\n  No\n  --\n\n====  ====\na     b\n====  ====\n1     2\n====  ====\n"
    (chunk,) = chunks_of(document(text, "rst"), wordpiece, ChunkConfig())
    assert chunk.heading == ("Title",)
