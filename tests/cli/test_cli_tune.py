"""``embedctl tune`` as a person types it: what is printed, what is written, and how to go back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command import Cli
from schemas import validate

sys.path.append(str(Path(__file__).parents[1] / "evaluation"))  # for its collection
from misleading_corpus import make_misleading

JUDGED = ("tune", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "-q")


@pytest.fixture
def judged(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An indexed collection whose meaning misleads, as the working directory."""
    make_misleading(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli("index", "corpus.jsonl", "-q").code == 0
    return tmp_path


def test_a_gain_is_told_written_shown_everywhere_and_undone(cli: Cli, judged: Path) -> None:
    ranked = cli("query", "bread", "--jsonl").out
    status = json.loads(cli("status", "--json").out)
    validate("status", status)
    assert status["tuned"] is None
    assert "as by default" in cli("status").out

    told = cli(*JUDGED)
    assert told.code == 0
    assert "dense weight           1  ->  0\n" in told.out
    assert "The gain is real, and written" in told.out
    assert "embedctl tune --undo" in told.out
    assert max(map(len, told.out.splitlines())) <= 100

    status = json.loads(cli("status", "--json").out)
    validate("status", status)
    assert status["ranking"]["fusion"]["dense_weight"] == status["tuned"]["ranking"]["fusion"]["dense_weight"] == 0
    assert "tuned to 24 judged queries" in cli("status").out
    shown = json.loads(cli("tune", "--show", "--json").out)
    validate("tune", shown)
    assert (shown["action"], shown["fit"], shown["history"]) == ("show", None, [status["tuned"]])
    assert "dense weight  0               (default 1)" in cli("tune", "--show").out
    assert "as this store was tuned" in cli("query", "bread", "--explain").err
    assert "as this query asks" in cli("query", "bread", "--explain", "--dense-weight", "1").err
    assert cli("query", "bread", "--jsonl").out != ranked

    undone = json.loads(cli("tune", "--undo", "--json").out)
    validate("tune", undone)
    assert (undone["action"], undone["undone"], undone["history"]) == ("undo", status["tuned"], [])
    assert cli("query", "bread", "--jsonl").out == ranked
    assert "by default" in cli("query", "bread", "--explain").err
    again = cli("tune", "--undo")
    assert (again.code, again.out) == (2, "")
    assert "There is nothing to undo" in again.err


def test_no_gain_is_told_with_what_it_would_take_and_ends_well(cli: Cli, judged: Path) -> None:
    before = (judged / ".embedctl" / "manifest.json").read_bytes()
    chance = [*JUDGED[:4], "nonsense.tsv", "-q"]
    told, object_ = cli(*chance), cli(*chance, "--json")
    assert told.code == object_.code == 0
    assert "nothing was written" in told.out.lower()
    found = json.loads(object_.out)
    validate("tune", found)
    fit = found["fit"]
    assert (fit["real"], fit["written"], found["history"]) == (False, False, [])
    assert fit["gain"]["low"] <= 0
    assert len(fit["per_query"]) == fit["queries"] == 24
    assert sum(choice["folds"] for choice in fit["choices"]) == fit["folds"] * fit["repeats"]
    assert fit["scores"]["before"] == pytest.approx(sum(one["before"] for one in fit["per_query"]) / 24, abs=1e-5)
    assert (judged / ".embedctl" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ((), "There is nothing to fit to"),
        (("--queries", "queries.jsonl"), "There is nothing to fit to"),
        (("--undo", "--show"), "Ask for one of them"),
        (("--undo", "--dry-run"), "Ask for one of them"),
        (("--queries", "absent.jsonl", "--qrels", "qrels.tsv"), "cannot be read"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(cli: Cli, here: Path, flags: tuple[str, ...], why: str) -> None:
    del here
    told = cli("tune", *flags)
    assert (told.code, told.out) == (2, "")
    assert why in told.err
