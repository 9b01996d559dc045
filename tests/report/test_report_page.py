"""The page as text: complete, escaped, the same for the same data. test_report_browser.py asks what it looks like."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from embedctl.config.measuring import ReportConfig
from embedctl.report.blocks import Chart, PageSection, ReportPage, Table
from embedctl.report.chunk_map import OTHERS, chunk_map, cluster_names, folder_names, sizes
from embedctl.report.page import page_html
from embedctl.report.sample import MapChunk
from embedctl.report.sections.quality import score_chart
from embedctl.report.vega import DATA, bars, histogram

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u2028\"'&\ud800"


def hostile_page() -> ReportPage:
    rows = ({"group": HOSTILE, "from": 0.0, "to": 1.0, "count": 3, "share": 1.0},)
    figure = Chart(
        "figure",
        HOSTILE,
        HOSTILE,
        {
            HOSTILE: bars(HOSTILE, HOSTILE, [HOSTILE, "other"], by_share=False),
            "2": bars("", "", [""], True),
        },
        rows,
        Table(HOSTILE, (HOSTILE, "n"), ((HOSTILE, 3000),), {1}, folded=True),
        HOSTILE,
    )
    table = Table(HOSTILE, (HOSTILE,), ((HOSTILE,),))
    section = PageSection("section", HOSTILE, (HOSTILE,), (figure, table))
    return ReportPage(HOSTILE, HOSTILE, ((HOSTILE, HOSTILE, HOSTILE),), (section,))


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of each script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._in_script = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
            self._in_script = True

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


@pytest.fixture(scope="module")
def html() -> str:
    return page_html(hostile_page())


def test_no_text_becomes_a_tag_or_ends_a_script(html: str) -> None:
    found = Elements(html)
    assert not [tag for tag, _ in found.tags if tag in {"img", "iframe", "object", "embed", "link", "base"}]
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert [attributes.get("type") for attributes, _ in found.scripts] == ["application/json", None, None]
    assert html.encode("utf-8")  # the half character is gone
    assert "alert(1)</script>" not in html
    charts = json.loads(found.scripts[0][1])
    assert charts["figures"]["figure"]["rows"][0]["group"] == HOSTILE.replace("\ud800", "\ufffd")


def test_the_policy_allows_the_two_scripts_and_no_request(html: str) -> None:
    found = Elements(html)
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    assert allowed == [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for _, text in found.scripts[1:]
    ]
    assert "unsafe-eval" not in policy
    assert re.findall(r"script-src ([^;]*);", policy) == [" ".join(f"'sha256-{one}'" for one in allowed)]


def test_a_page_loads_nothing(html: str) -> None:
    found = Elements(html)
    assert not [
        (tag, value)
        for tag, attributes in found.tags
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "data", "action"} and not (value or "").startswith("#")
    ]
    styles = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert styles is not None
    assert "url(" not in styles[1]
    assert "@import" not in styles[1]


def test_every_chart_has_words_and_a_table(html: str) -> None:
    found = Elements(html)
    figures = [a for tag, a in found.tags if tag == "figure"]
    assert [a["aria-describedby"] for a in figures] == ["figure-summary"]
    assert ("figcaption", {"id": "figure-summary"}) in found.tags
    assert sum(tag == "table" for tag, _ in found.tags) == 2
    assert '<td class="number">3,000</td>' in html
    assert sum(tag in ("th", "td") and a.get("class") == "number" for tag, a in found.tags) == 2
    assert sum(tag == "input" and a.get("name") == "figure-variant" for tag, a in found.tags) == 2


def test_the_same_page_has_the_same_bytes(html: str) -> None:
    assert page_html(hostile_page()) == html


# --- the map


def sample(count: int, dim: int = 16) -> tuple[list[MapChunk], np.ndarray]:
    random = np.random.default_rng(3)
    centres = random.normal(size=(3, dim))
    vectors = centres[np.arange(count) % 3] + 0.2 * random.normal(size=(count, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = ("wing lift", "shock wave", "heat flux")
    chunks = [
        MapChunk(
            "docs", f"docs/{'abc'[at % 3]}/{at}.md", f"title {at}", f"docs/{at}.md, line 1", f"the {words[at % 3]}"
        )
        for at in range(count)
    ]
    return chunks, vectors.astype(np.float32)


def test_a_map_is_the_same_each_time_and_keeps_like_chunks_together() -> None:
    config = ReportConfig(groups=3)
    first, second = (chunk_map(*sample(60), 600, config) for _ in range(2))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.positions, second.positions)
    assert set(first.clusters) == {"lift, wing", "shock, wave", "flux, heat"}
    assert first.folders == ["a", "b", "c"] * 20
    nearest = np.linalg.norm(first.positions[:, None] - first.positions[None], axis=2) + 9 * np.eye(60)
    assert np.mean(nearest.argmin(axis=1) % 3 == np.arange(60) % 3) > 0.9
    assert first.positions.min() == -1
    assert first.positions.max() == 1


def test_chunks_that_are_all_alike_have_a_map_too() -> None:
    chunks, vectors = sample(20)
    found = chunk_map(chunks, np.tile(vectors[:1], (20, 1)), 20, ReportConfig())
    assert found is not None
    assert np.isfinite(found.positions).all()
    assert len(set(found.clusters)) == 1


def test_too_few_chunks_have_no_map() -> None:
    assert chunk_map(*sample(5), 5, ReportConfig()) is None


def test_more_groups_than_colours_become_one() -> None:
    found = chunk_map(*sample(60), 60, ReportConfig(groups=2))
    assert found is not None
    assert sizes(found.folders) == [("a", 20), (OTHERS, 40)]


def test_clusters_with_the_same_words_have_different_names() -> None:
    labels = np.array([0, 0, 1, 1])
    names = cluster_names(["alpha beta"] * 4, labels)
    assert len(set(names)) == 2
    assert len(set(cluster_names(["1", "2", "3", "4"], labels))) == 2


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["docs/a/x.md", "docs/a/y.md", "docs/b/z.md", "docs/top.md"], ["a", "a", "b", "docs"]),
        (["r/src/one/m.py", "r/src/two/m.py", "r/src/two/n.py"], ["one", "two", "two"]),
        (["docs/x.md", "docs/y.md"], ["x.md", "y.md"]),
        (["a/deep/1", "a/deep/2", "b/deep/3", "b/deep/4"], ["a", "a", "b", "b"]),
    ],
)
def test_folders_are_told_apart_where_it_says_most(paths: list[str], expected: list[str]) -> None:
    assert folder_names([("source", path) for path in paths], 8) == expected


def test_sources_stand_for_folders_where_these_say_nothing() -> None:
    assert folder_names([("one", "x.jsonl"), ("two", "y.jsonl")], 8) == ["one", "two"]


# --- charts


def test_bars_count_every_value_once() -> None:
    values = np.array([0.0, 0.5, 1.0, np.nan, 1.0])
    rows = histogram({"a": values, "b": values[:2]}, 4)
    assert sum(row["count"] for row in rows if row["group"] == "a") == 4
    assert sum(row["share"] for row in rows if row["group"] == "b") == pytest.approx(1)
    assert {(row["from"], row["to"]) for row in rows if row["group"] == "a"} == {
        (row["from"], row["to"]) for row in rows if row["group"] == "b"
    }


def test_groups_without_scores_are_left_out() -> None:
    none, some = np.empty(0), np.array([1.0, 2.0])
    assert score_chart("hash", {"none": none}, 5) is None
    chart = score_chart("hash", {"none": none, "some": some}, 5)
    assert chart is not None
    assert (chart.name, chart.title) == ("scores-hash", "Scores of the arm hash")
    assert {row["group"] for row in chart.rows} == {"some"}
    assert chart.variants[""]["data"] == {"name": DATA}
