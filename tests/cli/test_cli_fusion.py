"""``query --fusion``: every fusion in every format, and what is said of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from command import Cli
from schemas import validate

from embedctl.config import FUSIONS, FusionName

NAMES: tuple[FusionName, ...] = get_args(FusionName)
QUESTION = "a lost key is rotated at night"


def answered(cli: Cli, *flags: str) -> dict[str, Any]:
    result = cli("query", *flags, "--json", "--explain")
    assert result.code in (0, 1), result.err
    answer: dict[str, Any] = json.loads(result.out, parse_constant=pytest.fail)  # no NaN, no Infinity
    validate("query", answer)
    return answer


@pytest.mark.parametrize("name", NAMES)
def test_every_fusion_answers(cli: Cli, here: Path, name: FusionName) -> None:
    answer = answered(cli, QUESTION, "--fusion", name, "-n", "50")
    explain, hits = answer["explain"], answer["hits"]
    assert explain["fusion"] == name
    assert tuple(explain["weights"].values()) == (FUSIONS[name].shares or (1.0, 1.0))
    assert (explain["scales"]["bm25"] is None) == (name in ("rrf", "round-robin"))
    assert len(hits) > 4
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    for hit in hits:
        assert hit["scores"]["rrf"] == (hit["score"] if name == "rrf" else None)
        assert hit["scores"]["cosine"] is not None
    shown = cli("query", QUESTION, "--fusion", name, "--explain")
    assert f"{name}" in shown.err.split("fusion:")[1].splitlines()[0]
    rows = list(csv.DictReader(io.StringIO(cli("query", QUESTION, "--fusion", name, "--format", "csv").out)))
    assert [bool(row["rrf"]) for row in rows] == [name == "rrf"] * len(rows)
    assert [float(row["score"]) for row in rows] == [hit["score"] for hit in hits[: len(rows)]]


@pytest.mark.parametrize("name", ["absolute", "convex"])
def test_the_score_is_what_the_explanation_says(cli: Cli, here: Path, name: FusionName) -> None:
    """For documents of one chunk, whose scores are those of the chunk."""
    answer = answered(cli, QUESTION, "--fusion", name, "-n", "50")
    weights, scales = answer["explain"]["weights"], answer["explain"]["scales"]
    ids = [hit["doc_id"] for hit in answer["hits"]]
    single = [hit for hit in answer["hits"] if ids.count(hit["doc_id"]) == 1]
    assert single
    for hit in single:
        total = 0.0
        for arm, score in (("bm25", hit["scores"]["bm25"] or 0.0), ("dense", hit["scores"]["cosine"])):
            low, high = scales[arm]
            total += weights[arm] * (score - low) / (high - low)
        assert hit["score"] == pytest.approx(total / sum(weights.values()), abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "flags",
    [
        ("...",),  # no word for BM25
        ('"no such phrase"',),  # BM25 finds nothing, and is asked for the scores of what the other arm finds
        ("",),
        ("key -rotated -backups", "--max-per-file", "1"),
        ("zqxjkv",),
        (QUESTION, "-n", "50", "--candidates", "2"),
        (QUESTION, "--candidates", "1", "-n", "1"),
        (QUESTION, "--bm25-weight", "0"),
        (QUESTION, "--dense-weight", "0"),
        (QUESTION, "--min-cosine", "0.2", "--min-bm25", "0.1"),
        (QUESTION, "--path", "nowhere/**"),
    ],
)
def test_nothing_breaks_a_fusion(cli: Cli, here: Path, name: FusionName, flags: tuple[str, ...]) -> None:
    answer = answered(cli, *flags, "--fusion", name)
    left_out = [arm for arm, weight in answer["explain"]["weights"].items() if not weight]
    assert all(hit["ranks"][arm] is None for hit in answer["hits"] for arm in left_out)


def test_an_arm_left_out_leaves_the_ranking_of_the_other(cli: Cli, here: Path) -> None:
    wanted = [hit["id"] for hit in answered(cli, QUESTION, "--mode", "bm25", "--max-per-file", "1")["hits"]]
    for name in NAMES:
        found = answered(cli, QUESTION, "--fusion", name, "--dense-weight", "0", "--max-per-file", "1")["hits"]
        assert [hit["id"] for hit in found] == wanted


def test_a_misspelt_fusion_is_refused(cli: Cli, here: Path) -> None:
    result = cli("query", QUESTION, "--fusion", "convexx")
    assert result.code == 2
    assert "convex" in result.err


def test_the_constant_of_rrf_is_for_no_other_fusion(cli: Cli, here: Path) -> None:
    refused = cli("query", QUESTION, "--fusion", "convex", "--rrf-k", "10")
    assert (refused.code, refused.out) == (2, "")
    assert "--rrf-k is for the fusion rrf; convex has no such constant." in refused.err
    assert cli("query", QUESTION, "--fusion", "rrf", "--rrf-k", "10").code == 0
