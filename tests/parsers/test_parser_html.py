"""HTML: the main text as Markdown, without what every page of a site repeats."""

from __future__ import annotations

import pytest
from parser_samples import PROSE

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse
from embedctl.records import Markup

PAGE = f"""<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title> Vectors &amp;
 friends </title>
<meta name="author" content="Ann"><meta name="description" content="About vectors">
<meta property="article:published_time" content="2024-03-02"><meta name="keywords" content="dense, sparse">
<style>.hidden {{ color: red }}</style></head>
<body><header><h1>Site name</h1></header><nav><a href="/">Home</a></nav><aside>Newsletter</aside>
<article><header><h1>Vectors</h1></header>
<h2>Why <em>normalize</em></h2><p>{PROSE * 3}</p>
<ul><li>dense<ul><li>float32</li></ul></li><li>sparse</li></ul>
<table><tr><th>name</th><th>dim</th></tr><tr><td>MiniLM</td><td>384</td></tr></table>
<pre><code class="language-python">a = 1
b = 2</code></pre>
<form>Search <input value="box"></form><img src="data:image/png;base64,AAAA" alt="picture"></article>
<script>var tracking = 1</script><footer>Imprint</footer></body></html>"""


def test_main_text_is_kept_in_order_and_the_rest_removed() -> None:
    document = parse(PAGE.encode(), "a.html")
    assert document.markup is Markup.MARKDOWN
    wanted = [
        "# Vectors\n",
        "## Why *normalize*",
        "Cosine similarity",
        "- dense\n  - float32\n- sparse",
        "| name | dim |",
    ]
    wanted += ["| MiniLM | 384 |", "```python\na = 1\nb = 2\n```"]
    places = [document.text.index(piece) for piece in wanted]
    assert places == sorted(places)
    for gone in ("Site name", "Home", "Newsletter", "Imprint", "tracking", "color", "Search", "base64"):
        assert gone not in document.text


def test_what_a_page_says_about_itself() -> None:
    document = parse(PAGE.encode(), "a.html")
    assert (document.title, document.language, document.encoding) == ("Vectors & friends", "de", "utf-8")
    assert document.metadata == {
        "author": "Ann",
        "date": "2024-03-02",
        "description": "About vectors",
        "keywords": ["dense", "sparse"],
    }


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ('<title></title><meta property="og:title" content="Card">', "Card"),
        ("", "Heading"),
    ],
)
def test_title_falls_back(head: str, title: str) -> None:
    assert (
        parse(f"<html><head>{head}</head><body><h1>Heading</h1><p>x</p></body></html>".encode(), "a.html").title
        == title
    )


def test_a_page_that_is_all_navigation_keeps_it() -> None:
    links = "".join(f"<li><a href='/{n}'>Chapter {n} of the manual</a></li>" for n in range(40))
    assert "Chapter 39" in parse(f"<body><nav><ul>{links}</ul></nav><p>Index</p></body>".encode(), "a.html").text


def test_a_page_inside_a_form_is_read() -> None:
    page = f"<body><h1>Title</h1><form><nav>Menu</nav><p>{PROSE * 5}</p></form></body>"
    text = parse(page.encode(), "a.html").text
    assert "Cosine" in text
    assert "Menu" not in text


def test_a_main_element_wins_over_unmarked_boxes() -> None:
    page = f"<body><div class='x'>Cookie banner</div><main><h1>T</h1><p>{PROSE * 3}</p></main></body>"
    assert "Cookie" not in parse(page.encode(), "a.html").text


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1250">', "cp1250"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1250">', "cp1250"),
        ("<meta charset=iso-8859-2>", "iso8859-2"),
    ],
)
def test_declared_charset(declaration: str, encoding: str) -> None:
    page = f"<html><head>{declaration}<title>żółw</title></head><body><p>Zażółć gęślą jaźń</p></body></html>"
    document = parse(page.encode(encoding), "a.html")
    assert (document.title, document.encoding) == ("żółw", encoding)
    assert document.text == "Zażółć gęślą jaźń"


def test_character_references_cannot_smuggle_nuls_or_surrogates() -> None:
    text = parse(b"<p>a&#0;b&#xD800;c&shy;d</p>", "a.html").text
    assert not {"\0", "\ud800", "\xad"} & set(text)


def test_no_silent_loss_in_absurdly_nested_pages() -> None:
    with pytest.raises(ParseError, match="nested too deep"):
        parse(("<p>x</p>" + "<div>" * 5000 + "deep" + "</div>" * 5000).encode(), "a.html")


def test_pages_without_text_and_text_without_tags() -> None:
    with pytest.raises(UnsupportedError, match="no text"):
        parse(b"<html><body><script>run()</script></body></html>", "a.html")
    template = parse(b"{% extends 'base.html' %}\n{{ greeting }}", "a.html")
    assert (template.text, template.markup) == ("{% extends 'base.html' %}\n{{ greeting }}", Markup.PLAIN)
