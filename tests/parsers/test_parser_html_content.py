"""HTML: what a reader sees stays, however the page is built, and what every page repeats goes."""

from __future__ import annotations

import pytest
from parser_samples import PROSE

from embedctl.parsers import parse

LONG = f"<p>{PROSE * 3}</p>"


def text_of(body: str, head: str = "") -> str:
    return parse(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "a.html").text


def inside(content: str) -> str:
    return text_of(f"<main><h1>Lock</h1>{LONG}{content}</main>")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("<h2><button type='button'>May barges moor?</button></h2><div>At night.</div>", "## May barges moor?"),
        ("<h3 class='acc'><span><button aria-expanded='false'>Tolls</button></span></h3>", "### Tolls"),
        ("<dl><dt><button>Who opens it?</button></dt><dd>The keeper.</dd></dl>", "Who opens it?\n\nThe keeper."),
        ("<button class='accordion'>Opening hours</button><div class='panel'>Nine to five</div>", "Opening hours"),
        ("<button data-bs-toggle='collapse' data-bs-target='#x'>Fees</button><div id='x'>None</div>", "Fees\n\nNone"),
        ("<details><summary><h3>Depth</h3></summary><p>Two metres.</p></details>", "### Depth\n\nTwo metres."),
        ("<details><summary>Width</summary><p>Five metres.</p></details>", "**Width**\n\nFive metres."),
    ],
)
def test_headings_and_labels_that_are_buttons(content: str, wanted: str) -> None:
    assert wanted in inside(content)


def test_buttons_that_only_do_something_are_left_out() -> None:
    text = inside("<button>Copy</button><p>Chain</p><form><button type='submit'>Send now</button></form>")
    assert "Chain" in text
    assert "Copy" not in text
    assert "Send" not in text


@pytest.mark.parametrize(
    "aside",
    [
        "<aside class='admonition danger'><p>Danger</p><p>Keep clear of the sluice.</p></aside>",
        "<aside role='note'><p>Keep clear of the sluice.</p></aside>",
        "<aside><blockquote>Keep clear of the sluice.</blockquote></aside>",
        "<aside role='doc-footnote' id='n1'>Keep clear of the sluice.</aside>",
        "<aside class='sidebar-note callout'><a href='x'>See</a>: Keep clear of the sluice.</aside>",
    ],
)
def test_remarks_in_aside_are_content(aside: str) -> None:
    assert "Keep clear of the sluice." in inside(aside)


def test_remarks_count_without_a_main_element_and_other_asides_do_not() -> None:
    text = text_of(f"<h1>Lock</h1>{LONG}<aside class='warning'>Deep water</aside><aside>Subscribe</aside>")
    assert "Deep water" in text
    assert "Subscribe" not in text


def test_every_tab_is_kept_with_its_label_before_it() -> None:
    by_id = (
        "<div role='tablist'><button role='tab' aria-controls='p1'>Upstream</button>"
        "<button role='tab' aria-controls='p2'>Downstream</button></div>"
        "<div role='tabpanel' id='p1'><p>Sound twice.</p></div>"
        "<div role='tabpanel' id='p2' hidden><p>Sound once.</p></div>"
    )
    by_order = (
        "<ul class='nav nav-tabs' role='tablist'><li role='tab'>Upstream</li><li role='tab'>Downstream</li></ul>"
        "<div role='tabpanel'><p>Sound twice.</p></div>"
        "<div role='tabpanel' style='display:none' aria-hidden='true'><p>Sound once.</p></div>"
    )
    for tabs in (by_id, by_order):
        assert inside(tabs).endswith("**Upstream**\n\nSound twice.\n\n**Downstream**\n\nSound once.")


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("<div class='hero'><h1>Sluice care</h1><p>Oil it.</p></div>", "# Sluice care\n\nOil it."),
        ("<h1>Sluice care</h1><p>Oil it.</p>", "# Sluice care\n\nOil it."),
        (
            "<header><nav><a href='/'>Home</a></nav><h1>Sluice care</h1><p>Oil it.</p></header>",
            "# Sluice care\n\nOil it.",
        ),
    ],
)
def test_a_heading_above_the_main_part(before: str, wanted: str) -> None:
    assert text_of(f"{before}<main>{LONG}</main>").startswith(wanted)


def test_the_name_of_the_site_is_no_heading_where_the_main_part_has_one() -> None:
    assert text_of(f"<header><h1>ACME</h1></header><main><h1>Lock</h1>{LONG}</main>").startswith("# Lock")


def test_prose_and_notes_beside_the_main_part_and_behind_the_end_of_the_page() -> None:
    page = (
        f"<html><body><main><h1>Lock</h1>{LONG}<p>Barge<sup><a href='#fn1'>1</a></sup> ahead</p></main>"
        "<section class='footnotes'><ol><li id='fn1'>A flat boat. <a href='#fnref1'>↩</a></li></ol></section>"
        "<div>Quick links</div></body></html><p>The gates were renewed by the town in the year of the flood.</p>"
    )
    text = parse(page.encode(), "a.html").text
    assert "Barge[1] ahead" in text
    assert "1. A flat boat." in text
    assert "The gates were renewed" in text
    assert "Quick links" not in text
    assert "↩" not in text


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("<blockquote><p>Wind first.</p><footer>Ada Holm</footer></blockquote>", "> Wind first.\n>\n> Ada Holm"),
        ("<figure><blockquote>Wind first.</blockquote><figcaption>Ada Holm</figcaption></figure>", "Ada Holm"),
        ("<article><p>Wind.</p><footer><p>Corrected: it was steam.</p></footer></article>", "Corrected: it was steam."),
    ],
)
def test_footers_that_belong_to_content(content: str, wanted: str) -> None:
    assert wanted in inside(content)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("<p>Look<img src='a.png' alt='the iron gate'>here</p>", "Look the iron gate here"),
        ("<a href='plan.pdf'><img src='a.png' alt='Plan of the lock'></a>", "[Plan of the lock](plan.pdf)"),
        ("<figure><img src='a.png' alt='Gate'><figcaption>Built of oak</figcaption></figure>", "*Built of oak*"),
        (
            "<svg><title>Water levels</title><text><tspan x='1'>High</tspan><tspan y='2'>Low</tspan></text></svg>",
            "High Low",
        ),
        ("<svg role='img'><desc>Two gates meet</desc></svg>", "Two gates meet"),
        ("<a href='plan.pdf' aria-label='Download the plan'></a>", "[Download the plan](plan.pdf)"),
        ("<div role='img' aria-label='Chart of tolls'></div>", "Chart of tolls"),
        ("<map><area href='x' alt='North basin'></map>", "North basin"),
        ("<img data-src='a.png'><noscript><img src='a.png' alt='Old crane'></noscript>", "Old crane"),
    ],
)
def test_alternative_texts(content: str, wanted: str) -> None:
    assert wanted in inside(content)


def test_names_of_files_symbols_and_links_to_the_heading_itself_are_no_text() -> None:
    text = inside(
        "<h2>Gates<a class='headerlink' href='#gates'>¶</a></h2><p>Oak<img src='i/oak.png' alt='oak.png'></p>"
        "<a href='y'><svg aria-hidden='true'><title>Arrow</title></svg>Next</a>"
        "<h3><a href='#x' aria-label='Permalink: Hinges'></a>Hinges</h3>"
    )
    assert text.endswith("## Gates\n\nOak\n\n[Next](y)\n\n### Hinges")


@pytest.mark.parametrize(
    "notice",
    [
        "<div id='cookie-banner'><p>We use cookies to count the visits to our pages.</p></div>",
        "<div class='x1'><p>Cookies make this site better for all readers.</p><button>Accept all</button></div>",
        "<div role='dialog'><p>Cookies make this site better for all readers.</p></div>",
        "<div class='share-buttons'><a href='t'>Cookies on X</a></div>",
        "<ul class='breadcrumb'><li><a href='/'>Cookies</a></li></ul>",
        "<a href='#main'>Skip to Cookies</a>",
        "<nav><a href='c'>Cookies</a></nav>",
        "<footer>Cookies and imprint</footer>",
    ],
)
def test_notices_and_bars_are_left_out(notice: str) -> None:
    assert "ookies" not in text_of(f"{notice}<div><h1>Lock</h1>{LONG}</div>")
    assert "ookies" not in text_of(f"<main><h1>Lock</h1>{LONG}</main>{notice}")


def test_an_article_about_cookies_and_sharing_is_no_notice() -> None:
    text = inside(
        "<section id='cookies'><h2>Cookies</h2><p>Browsers accept cookies, which sites set.</p></section>"
        "<div class='menu'><p>Soup, two euros. Bread and cheese, three euros.</p></div>"
        "<section class='social'><h2>Social history</h2><p>" + PROSE * 5 + "</p></section>"
    )
    assert "which sites set" in text
    assert "Soup" in text
    assert "## Social history" in text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>document.write('<main><p>ghost</p></main>')</script>",
        "<!-- <main><p>ghost</p></main> -->",
        "<template><main><p>ghost</p></main></template>",
        "<textarea><main>ghost</textarea>",
        "<style>p::after { content: '<main>ghost</main>' }</style>",
        "<script>//<![CDATA[\nvar page = '<main>ghost</main>';\n//]]></script>",
        "<iframe><main>ghost</main></iframe>",
    ],
)
def test_tags_that_are_no_tags_are_not_believed(hidden: str) -> None:
    text = text_of(f"{hidden}<h1>Lock</h1>{LONG}<p>End</p>{hidden}")
    assert "ghost" not in text
    assert text.startswith("# Lock")
    assert text.endswith("End")


def test_xhtml_as_it_is_meant() -> None:
    page = (
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY lock "gate">]><h:html xmlns:h="http://www.w3.org/1999/xhtml">'
        '<h:head><h:title/><h:script src="x"/></h:head><h:body><h:p>One<h:a id="p1"/> <![CDATA[a < b & <c>]]></h:p>'
        "<h:p>two</h:p></h:body></h:html>"
    )
    assert parse(page.encode(), "a.xhtml").text == "One a < b & <c>\n\ntwo"


def test_code_of_servers_is_no_text() -> None:
    page = "<?php if ($a > 1): ?><html><body><p>One <%= b > 2 %>two <?= $c ?></p></body></html>"
    assert parse(page.encode(), "a.html").text == "One two"


def test_words_are_neither_glued_nor_split() -> None:
    text = inside(
        "<p>A walrus<sup>2</sup> of 25 m<sup>2</sup> and 10<sup>-3</sup>, the 1<sup>st</sup>, H<sub>2</sub>O,"
        " <ruby>東<rt>とう</rt>京<rt>きょう</rt></ruby>, un<wbr>lock, <abbr title='Best of three'>BOT</abbr></p>"
        "<p><a href='a'>One</a><a href='b'>Two</a> <span class='tag'>red</span><span class='tag'>blue</span></p>"
        "<my-tab>left</my-tab><my-tab>right</my-tab>"
    )
    assert "A walrus[2] of 25 m² and 10⁻³, the 1st, H2O, 東京(とうきょう), unlock, BOT (Best of three)" in text
    assert "[One](a) [Two](b) red blue" in text
    assert "left right" in text


def test_formulas_are_tex_once() -> None:
    text = inside(
        "<p><span class='katex'><math><semantics><mi>E</mi><annotation encoding='application/x-tex'>E=mc^2</annotation>"
        "</semantics></math><span class='katex-html' aria-hidden='true'>E=mc2</span></span>"
        " and <script type='math/tex'>a_1</script></p>"
    )
    assert text.endswith("$E=mc^2$ and $a_1$")


def test_tables_for_the_layout_are_unwrapped_and_tables_of_data_are_not() -> None:
    text = text_of(
        f"<table><tr><td><a href='/'>Home</a></td><td><h1>Lock</h1>{LONG}"
        "<table><tr><th>gate</th><th>year</th></tr><tr><td>upper</td><td>1901</td></tr></table></td></tr></table>"
    )
    assert "# Lock\n" in text
    assert text.endswith("| gate | year |\n| --- | --- |\n| upper | 1901 |")
