"""The report of the sample corpus in a real Chromium: it asks for nothing, and draws every chart, light and dark."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import Chromium, NoChromiumError
from PIL import Image

import embedctl
from embedctl.config.measuring import AnnConfig, ReportConfig
from embedctl.contracts import Encoder
from embedctl.evaluation.judgements import read_judgements

CORPUS = Path(__file__).parents[2] / "sample_corpus"
GREY = 40
"""What the channels of grey differ by at most: axes and texts are grey, marks are not."""
LEAST_PIXELS = 600
"""Of a chart that are not grey."""
MARKS = "svg :is(.mark-rect, .mark-symbol, .mark-rule, .mark-line) :is(path, line)"
HOSTILE = "</script><script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
HOSTILE_NAME = "<img src=x onerror=alert(2)>"
CONFIG = ReportConfig(
    evaluation=replace(ReportConfig().evaluation, timed=2),
    ann=AnnConfig(queries=20, sampled=20, efs=(100, 150, 200, 250, 300, 350), candidates=(100, 200)),
    worst=80,
)
EXPECTED = {
    "chunk-lengths": 30,
    "map-of-chunks": 300,
    "settings": 16,
    "plans-recall": 5,
    "scores-bm25": 20,
    "scores-cosine": 20,
    "spectrum": 1,
}
"""Figures that must be there, and how many marks they have at least."""
DRAWN = "[...document.querySelectorAll('figure')].every((figure) => figure.dataset.drawn)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, sample_store: Path, encoder: Encoder) -> Path:
    """The report of the sample corpus and of a file that would like to run a script."""
    folder = tmp_path_factory.mktemp("report")
    hostile = folder / "hostile"
    hostile.mkdir()
    (hostile / f"{HOSTILE_NAME}.md").write_text(f"# {HOSTILE}\n\nA text about {HOSTILE}.\n", encoding="utf-8")
    store = embedctl.open(shutil.copytree(sample_store, folder / ".embedctl"))
    judgements = read_judgements(CORPUS / "qrels.tsv")
    judgements.grades["hostile"] = {"glossary.jsonl#rrf": 1}
    lines = (CORPUS / "queries.jsonl").read_text(encoding="utf-8").splitlines()[::3]
    queries = [*((query["_id"], query["text"]) for query in map(json.loads, lines)), ("hostile", HOSTILE)]
    assert store.index([hostile]).exit_code == 0
    report = store.report(CONFIG, queries=queries, judgements=judgements)
    path = folder / "report.html"
    path.write_text(report.html, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request: pytest.FixtureRequest, page: Path) -> Iterator[Chromium]:
    """A browser that shows the page."""
    try:
        chromium = Chromium(request.param)
    except NoChromiumError as error:
        pytest.skip(f"there is no Chromium: {error} (it comes with PySide6-WebEngine, of the extra dev)")
    assert chromium("open_page", path=str(page), width=1280, height=1800)
    assert chromium("until", code=DRAWN)
    yield chromium
    chromium.close()


def figures(browser: Chromium) -> list[dict[str, Any]]:
    """Return name, number of marks and place in the page of every chart."""
    return browser.script(
        f"""[...document.querySelectorAll('figure')].map((figure) => {{
            const box = figure.querySelector('.chart').getBoundingClientRect();
            return {{name: figure.id, marks: figure.querySelectorAll("{MARKS}").length,
                     box: [box.left, box.top + scrollY, box.right, box.bottom + scrollY]}};
        }})""",
    )


def test_every_chart_is_drawn_and_nothing_is_asked_for(browser: Chromium, tmp_path: Path) -> None:
    drawn = {figure["name"]: figure for figure in figures(browser)}
    assert EXPECTED.keys() <= drawn.keys()
    for name, figure in drawn.items():
        assert figure["marks"] >= EXPECTED.get(name, 2), name
    picture = tmp_path / "report.png"
    browser("whole_picture", path=str(picture))
    with Image.open(picture) as image:
        for name, figure in drawn.items():
            chart = image.crop(tuple(round(edge) for edge in figure["box"]))
            assert min(chart.size) >= 60, name
            hues = np.ptp(np.asarray(chart.convert("RGB"), dtype=np.int16), axis=2)
            assert np.count_nonzero(hues > GREY) >= LEAST_PIXELS, name
    told = browser("told")
    assert told["requests"] == []
    assert told["console"] == []


def test_colours_follow_what_the_person_prefers_and_the_switch(browser: Chromium, request: Any) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('#chunk-lengths .mark-text text')).fill"
    light = ("rgb(255, 255, 255)", "rgb(28, 33, 39)")
    dark = ("rgb(20, 23, 27)", "rgb(230, 233, 237)")

    def seen() -> tuple[str, str]:
        return browser.script(background), browser.script(ink)

    prefers = dark if request.node.callspec.params["browser"] == "dark" else light
    assert seen() == prefers
    for value, expected in (("dark", dark), ("light", light), ("auto", prefers)):
        browser.script(f"document.querySelector('#theme [value={value}]').click()")
        assert seen() == expected


def point_at(browser: Chromium, row: int) -> str:
    """Move the mouse to a chunk of the map, and return what is shown of it."""
    browser.script("document.getElementById('map-of-chunks').scrollIntoView({behavior: 'instant'})")
    x, y = browser.script(
        f"""(() => {{
            const point = document.querySelectorAll('#map-of-chunks .mark-symbol.role-mark path')[{row}];
            const box = point.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2].map(Math.round);
        }})()""",
    )
    shown = "document.querySelector('#vg-tooltip-element.visible')"
    browser("point", x=1, y=1)
    assert browser("until", code=f"!{shown}"), "of another chunk"
    browser("point", x=x, y=y)
    assert browser("until", code=f"!!{shown}")
    return browser.script(f"{shown}.innerText")


def test_pointing_at_the_map_shows_a_title(browser: Chromium) -> None:
    title, *rest = point_at(browser, 0).splitlines()
    assert title in {line.removeprefix("# ") for path in CORPUS.rglob("*.md") for line in path.read_text().splitlines()}
    assert any("sample_corpus/" in line for line in rest)


def test_texts_stay_texts(browser: Chromium) -> None:
    """In tables, in labels and where the mouse points."""
    row = browser.script(
        "JSON.parse(document.getElementById('charts').textContent).figures['map-of-chunks'].rows"
        ".findIndex((row) => row.title.includes('<script>'))"
    )
    assert row >= 0
    assert HOSTILE_NAME in point_at(browser, row)
    assert HOSTILE in browser.script("document.getElementById('worst').innerText")
    assert browser.script("document.title") != "taken"
    assert browser.script("document.images.length") == 0
    assert browser.script("document.scripts.length") == 3


def test_the_switch_of_the_map_colours_by_cluster(browser: Chromium) -> None:
    points = "[...document.querySelectorAll('#map-of-chunks .mark-symbol path')]"
    colours = f"{points}.map((path) => path.getAttribute('fill'))"
    before = browser.script(colours)
    browser.script("document.querySelectorAll('#map-of-chunks .switch input')[1].click()")
    assert browser("until", code="document.getElementById('map-of-chunks').dataset.drawn === '1'")
    after = browser.script(colours)
    assert len(after) >= len(before) - 8
    assert after != before


def test_a_narrow_window_scrolls_one_way_only(browser: Chromium) -> None:
    browser("resize", width=400, height=800)
    try:
        assert browser("until", code="document.documentElement.scrollWidth <= innerWidth")
        rights = "[...document.querySelectorAll('figure svg')].map((svg) => svg.getBoundingClientRect().right)"
        assert browser("until", code=f"Math.max(...{rights}) <= 400")
    finally:
        browser("resize", width=1280, height=1800)


def test_the_browser_would_have_noted_a_request(browser: Chromium, tmp_path: Path) -> None:
    """The last one, because it leaves the report."""
    page = tmp_path / "asks.html"
    page.write_text(
        "<title>asks</title><img src='https://example.org/picture.png'><script>fetch('http://127.0.0.1:9/data')</script>",
        encoding="utf-8",
    )
    browser("open_page", path=str(page), width=400, height=300)
    told = browser("told", requests=2, console=1)
    assert "https://example.org/picture.png" in told["requests"]
    assert "http://127.0.0.1:9/data" in told["requests"]
    assert told["console"]
