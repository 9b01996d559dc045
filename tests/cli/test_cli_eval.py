"""``eval`` as it is typed: on the sample corpus, with its 74 judged queries."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, get_args

import ir_measures
import pytest
from command import Cli, Result
from schemas import validate

from embedctl.config import FusionName

CORPUS = Path(__file__).parents[2] / "sample_corpus"
JUDGED = ("--queries", str(CORPUS / "queries.jsonl"), "--qrels", str(CORPUS / "qrels.tsv"))


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def evaluate(cli: Cli, sample_store: Path) -> Cli:
    """Type ``eval`` with the sample's queries and judgements."""
    return partial(cli, "eval", *JUDGED, "--store", str(sample_store), "--quiet", "--timed", "0")


@pytest.fixture
def baseline(evaluate: Cli, tmp_path: Path) -> Path:
    """What the default is worth."""
    path = tmp_path / "baseline.json"
    assert evaluate("--only", "in-use", "--save", str(path)).code == 0
    return path


def test_a_worse_setting_ends_with_7_and_names_the_queries_and_the_same_one_passes(
    evaluate: Cli, baseline: Path
) -> None:
    same = evaluate("--only", "in-use", "--baseline", str(baseline))
    assert same.code == 0
    assert "Passed: ndcg@10 did not fall by more than 0.01." in same.out
    worse = evaluate("--only", "in-use", "--mode", "bm25", "--baseline", str(baseline))
    assert worse.code == 7
    assert "Worse: ndcg@10 fell by" in worse.out
    told = json.loads(evaluate("--only", "in-use", "--mode", "bm25", "--baseline", str(baseline), "--json").out)
    losses = told["gate"]["losses"]
    assert len(losses) == 10
    lines = (CORPUS / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {query["_id"]: query["text"] for query in map(json.loads, lines)}
    for loss in losses:
        assert loss["after"] < loss["before"]
        assert loss["text"] == texts[loss["id"]]
        assert f"{loss['before']:.3f} -> {loss['after']:.3f}  {loss['id']}" in worse.out
        assert f"first now: {loss['first_after']}" in worse.out
    drops = [loss["before"] - loss["after"] for loss in losses]
    assert drops == sorted(drops, reverse=True)


def test_a_drop_within_the_limit_passes_and_what_may_be_chance_fails_only_if_strict(
    evaluate: Cli, baseline: Path
) -> None:
    compare = partial(evaluate, "--only", "in-use", "--mode", "bm25", "--baseline", str(baseline))
    assert compare("--max-drop", "0.5").code == 0
    told = json.loads(baseline.read_text(encoding="utf-8"))
    few = sorted(told["queries"], key=lambda query: float(query["values"]["rrf"]["ndcg@10"]))
    told["queries"] = few[-2:] + few[:2]  # two that bm25 may only lose, two that hardly say anything
    for query in told["queries"][:2]:
        query["values"]["rrf"]["ndcg@10"] += 0.5
    baseline.write_text(json.dumps(told), encoding="utf-8")
    chance = compare()
    assert (chance.code, "Passed, but look: ndcg@10 fell by" in one_line(chance.out)) == (0, True)
    strict = compare("--strict")
    assert (strict.code, "which --strict does not excuse" in one_line(strict.out)) == (7, True)


def test_what_fails_against_a_baseline_does_not_replace_it(evaluate: Cli, baseline: Path) -> None:
    before = baseline.read_bytes()
    compare = partial(evaluate, "--only", "in-use", "--baseline", str(baseline), "--save", str(baseline))
    worse = compare("--mode", "bm25")
    assert (worse.code, "stays as it is" in worse.err) == (7, True)
    assert baseline.read_bytes() == before
    assert compare().code == 0
    assert json.loads(baseline.read_bytes())["gate"]["passed"]


def test_a_baseline_of_other_queries_is_told_or_refused(evaluate: Cli, baseline: Path) -> None:
    told = json.loads(baseline.read_text(encoding="utf-8"))

    def changed(name: str, *places: int) -> Result:
        for at in places:
            told["queries"][at][name] = f"other{at}"
        baseline.write_text(json.dumps(told), encoding="utf-8")
        return evaluate("--only", "in-use", "--baseline", str(baseline))

    assert changed("judgements", 0).code == 0
    some = changed("id", 1, 2)
    assert some.code == 0
    assert "over 71 queries" in some.out
    assert "Not compared: 1 query with another text or other judgements than in the baseline." in some.out
    assert "Not compared: 2 queries of the baseline, not asked or not judged now." in some.out
    assert "Not compared: 2 queries of now, not in the baseline." in some.out
    most = changed("text", *range(3, 38))
    assert (most.code, "Only 36 of the 74 queries of the baseline" in most.err) == (2, True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{}", "is not what"),
        ("nonsense", "is not JSON"),
        (None, "cannot be read"),
        (
            '{"settings": [{"name": "rrf", "in_use": true}], "metrics": ["map"], "queries": []}',
            "does not have ndcg@10",
        ),
    ],
)
def test_what_is_no_baseline_is_refused_before_anything_is_asked(
    evaluate: Cli, tmp_path: Path, content: str | None, told: str
) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    result = evaluate("--baseline", str(path))
    assert (result.code, result.out) == (2, "")
    assert told in result.err


def test_every_setting_is_measured_and_the_json_is_what_the_schema_says(
    cli: Cli, sample_store: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join((CORPUS / "queries.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[::9]))
    flags = ("--json", "--metrics", "map,p@5", "--candidates", "150", "--timed", "2", "--quiet")
    judged = ("--queries", str(few), "--qrels", str(CORPUS / "qrels.tsv"), "--store", str(sample_store))
    told: dict[str, Any] = json.loads(cli("eval", *judged, *flags).out)
    validate("eval", told)
    names = [setting["name"] for setting in told["settings"]]
    assert names == ["bm25", "dense", *get_args(FusionName), "stored"]
    assert [setting["name"] for setting in told["settings"] if setting["in_use"]] == ["rrf"]
    assert told["metrics"] == ["ndcg@10", "map", "precision@5"]
    candidates = {setting["name"]: setting["ranking"]["candidates"] for setting in told["settings"]}
    assert (candidates["rrf"], candidates["convex"], candidates["stored"]) == (150, 150, 100)
    fusions = {setting["name"]: setting["ranking"]["fusion"] for setting in told["settings"]}
    assert (fusions["rrf"]["bm25_weight"], fusions["rrf"]["dense_weight"]) == (1.0, 1.0)  # the default of the fusion
    assert all(setting["latency_ms"]["queries"] == 2 for setting in told["settings"])
    assert len(told["queries"]) == 9
    assert told["notes"] == ['Judged, but not among the queries: 65 queries ("q02", "q03", "q04" and 62 more).']


def test_the_run_gives_an_independent_tool_the_same_figures(evaluate: Cli, tmp_path: Path) -> None:
    run = tmp_path / "run.trec"
    table = evaluate("--only", "in-use", "--output", str(run), "--json")
    told = json.loads(table.out)["settings"][0]["means"]
    judged = [line.split("\t") for line in (CORPUS / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    qrels = [ir_measures.Qrel(query, name, int(grade)) for query, name, grade in judged]
    measures = {
        "ndcg@10": ir_measures.nDCG @ 10,
        "recall@100": ir_measures.R @ 100,
        "precision@10": ir_measures.P @ 10,
        "map@100": ir_measures.AP @ 100,
        "success@1": ir_measures.Success @ 1,
    }
    expected = ir_measures.calc_aggregate(list(measures.values()), qrels, list(ir_measures.read_trec_run(str(run))))
    for name, measure in measures.items():
        assert told[name] == pytest.approx(expected[measure], abs=1e-6), name
    foreign = json.loads(evaluate("--only", "in-use", "--run", str(run), "--json").out)
    values = {setting["name"]: setting["means"] for setting in foreign["settings"]}
    assert values["run.trec"] == values["rrf"]
    assert foreign["settings"][1]["versus_in_use"]["p"] == 1.0


def test_the_table_fits_and_says_how_much_it_says(evaluate: Cli) -> None:
    result = evaluate("--only", "bm25", "--only", "dense", "--per-query")
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= 100
    assert "rrf *" in result.out
    assert "Against rrf, nDCG@10" in result.out
    assert "74 queries would show a difference of" in result.out
    values = [line.split()[0] for line in result.out.split("found first", 1)[1].splitlines()[1:]]
    assert values == sorted(values)
    assert len(values) == 74


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--metric", "ndgc@10"), 'Did you mean "ndcg"?'),
        (("--only", "convecs"), 'Did you mean "convex"?'),
        (("--strict",), "Name what to compare with: --baseline FILE."),
        (("--max-drop", "0.1"), "Name what to compare with: --baseline FILE."),
        (("--where", "year >>"), "embedctl: "),
        (("--run", "nowhere.trec"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_with_code_2(evaluate: Cli, arguments: tuple[str, ...], told: str) -> None:
    result = evaluate(*arguments)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


def test_files_are_needed_and_so_is_a_store(cli: Cli, tmp_path: Path) -> None:
    nothing = cli("eval", "--queries", "queries.jsonl")
    assert (nothing.code, "Name queries and judgements" in nothing.err) == (2, True)
    assert cli("eval", *JUDGED, "--store", str(tmp_path / "nowhere")).code == 10
