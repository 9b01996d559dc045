"""``embedctl report``: where the page goes, what is said of it, and how it ends without what it needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command import Cli


def test_the_path_goes_to_stdout_and_a_line_to_stderr(here: Path, cli: Cli, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = cli("report", "-o", str(page), "--progress", "none")
    assert (told.code, told.out) == (0, f"{page}\n")
    assert told.err.startswith("The report covers ")
    assert "no queries" in told.err
    assert told.err.count("\n") == 1
    html = page.read_text(encoding="utf-8")
    assert "docs/broken.pdf" in html  # with what failed
    assert "--synthetic" in html  # how quality would be measured
    assert cli("report", "-o", str(page), "--quiet").err == ""
    assert page.read_text(encoding="utf-8") == html
    assert list(tmp_path.iterdir()) == [page]


def test_queries_without_judgements_have_scores_and_no_quality(here: Path, cli: Cli, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"_id": "1", "text": "rotate keys"}\n{"_id": "2", "text": "owl <b>"}\n', encoding="utf-8")
    page = tmp_path / "page.html"
    assert cli("report", "--queries", str(queries), "-o", str(page), "--quiet").code == 0
    html = page.read_text(encoding="utf-8")
    assert 'id="scores-cosine"' in html
    assert 'id="plans-recall"' in html
    assert 'id="settings"' not in html


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--qrels", "qrels.tsv"), "Name these, too: --queries FILE."),
        (("--queries", "queries.jsonl", "--synthetic"), "Leave out --queries and --qrels."),
        (("-o", "nowhere/report.html"), "is in a folder that is not there"),
    ],
)
def test_what_does_not_go_together_ends_with_a_sentence(
    here: Path, cli: Cli, arguments: tuple[str, ...], sentence: str
) -> None:
    told = cli("report", *arguments)
    assert told.code == 2
    assert sentence in told.err
    assert told.out == ""


def test_a_missing_package_is_told_with_the_command_that_installs_it(
    here: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)  # how Python says that there is none
    told = cli("report", "-o", "never.html")
    assert told.code == 2
    assert told.err == (
        "embedctl: A report needs packages that are not installed: vl-convert-python. "
        "Install them with \"pip install 'embedctl[report]'\".\n"
    )
    assert not Path("never.html").exists()
