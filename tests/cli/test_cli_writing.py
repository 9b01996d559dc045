"""``index`` and its stages, ``forget``, ``status``, ``show``: summaries, reports and their schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Cli
from schemas import validate

BM25 = ("query", "--mode", "bm25")


def test_index_tells_a_person_what_happened(cli: Cli, fresh: Path) -> None:
    result = cli("index", "docs", "--progress", "none")
    assert (result.code, result.out) == (3, "")
    summary = result.err.splitlines()
    assert summary[0] == "added 7, skipped 2, failed 1"
    assert "7 embedded" in result.err or "embedded, 0 reused" in result.err
    assert summary[-2:] == ["failed:", "  docs/broken.pdf: damaged PDF: it cannot be opened"]
    assert 'its "text" is empty (1)' in result.err
    assert "logo.png" not in result.err
    assert "  docs/logo.png: " in cli("index", "-v").err


def test_quiet_leaves_only_what_failed(cli: Cli, fresh: Path) -> None:
    assert cli("index", "docs", "-q").err == "failed:\n  docs/broken.pdf: damaged PDF: it cannot be opened\n"
    (fresh / "docs" / "broken.pdf").unlink()
    again = cli("index", "-q")
    assert (again.code, again.out, again.err) == (0, "", "")


def test_json_prints_the_report_that_is_kept(cli: Cli, fresh: Path) -> None:
    result = cli("index", "docs", "--json", "-q")
    report = json.loads(result.out)
    validate("run", report)
    assert report["exit_code"] == result.code == 3
    assert report["stopped"] is None
    assert {problem["path"] for problem in report["problems"]} == {
        "docs/birds.jsonl, row 3",
        "docs/broken.pdf",
        "docs/logo.png",
    }
    assert result.err == ""
    assert json.loads((fresh / ".embedctl" / "runs" / f"{report['id']}.json").read_text(encoding="utf-8")) == report


def test_stages_one_by_one_make_the_same_as_index(cli: Cli, fresh: Path) -> None:
    for number, stage in enumerate((["ingest", "docs"], ["chunk"], ["embed"], ["index", "--no-refresh"])):
        validate("run", json.loads(cli(*stage, "--json").out))
        state = json.loads(cli("status", "--json").out)
        validate("status", state)
        waiting = [state["pending"][name] > 0 for name in ("chunk", "embed", "index")]
        assert waiting == [number < 1, number < 2, number < 3]
    alone = cli(*BM25, "keys", "--json", "--store", ".embedctl").out
    cli("index", "docs", "--store", "other/.embedctl")
    whole = cli(*BM25, "keys", "--json", "--store", "other/.embedctl").out
    assert json.loads(alone)["hits"] == json.loads(whole)["hits"]


def test_dry_run_writes_nothing(cli: Cli, fresh: Path) -> None:
    plan = cli("index", "docs", "--dry-run")
    assert plan.code == 0
    assert not (fresh / ".embedctl").exists()
    lines = plan.out.splitlines()
    assert any(line.startswith("failed") and "docs/broken.pdf" in line and "damaged PDF" in line for line in lines)
    assert any(line.split() == ["added", "docs/keys.md"] for line in lines)
    assert lines[-2].startswith("to do: 7 documents, ")
    found = json.loads(cli("index", "docs", "--dry-run", "--json").out)
    validate("preflight", found)
    assert found["documents"] == 7
    assert found["outcomes"]["failed"] == 1
    cli("index", "docs")
    after = cli("index", "--dry-run").out
    assert "keys.md" not in after
    assert "unchanged" in after
    assert "keys.md" in cli("index", "--dry-run", "-v").out


def test_files_from_a_list(cli: Cli, fresh: Path) -> None:
    listed = b"docs/keys.md\0docs/ops/night backup.txt\0"
    report = json.loads(cli("index", "--files-from", "-", "-0", "--json", stdin=listed).out)
    assert report["outcomes"]["added"] == 2
    (fresh / "list.txt").write_text("docs/rotate.py\ndocs/ops/night backup.txt\n", encoding="utf-8")
    report = json.loads(cli("index", "--files-from", "list.txt", "--name", "second", "--json").out)
    assert (report["outcomes"]["added"], report["outcomes"]["skipped"]) == (1, 1)
    assert cli("index", "--files-from", "-", stdin=b"").code == 2


def test_lists_as_windows_writes_them_and_lists_without_their_flag(cli: Cli, fresh: Path) -> None:
    listed = "\ufeffdocs/keys.md\r\ndocs/ops/night backup.txt\r\n".encode()
    report = json.loads(cli("ingest", "--files-from", "-", "--json", stdin=listed).out)
    assert (report["exit_code"], report["outcomes"]["added"]) == (0, 2)
    wrong = cli("ingest", "--files-from", "-", stdin=b"docs/keys.md\0docs/rotate.py\0")
    assert wrong.code == 2
    assert "Add -0" in wrong.err


def test_sources_without_a_document_end_well(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    assert cli("index", "docs").code == 0
    (tmp_path / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    assert cli("index").code == 3
    assert cli(*BM25, "anything").code == 10
    (tmp_path / "docs" / "broken.pdf").unlink()
    (tmp_path / "docs" / "new.txt").write_text("A walrus was seen on the beach.\n", encoding="utf-8")
    assert cli("index").code == 0
    assert cli(*BM25, "walrus", "-l").out == "docs/new.txt\n"


def test_a_setting_that_leads_nowhere_is_refused_and_forgotten(cli: Cli, fresh: Path) -> None:
    for wrong in (("--strategy", "markdwon"), ("--language", "englsh"), ("--model", "./no-such-folder")):
        assert cli("index", "docs", *wrong).code in (2, 5)
        assert not (fresh / ".embedctl" / "manifest.json").exists()
    cli("index", "docs")
    assert cli("index", "--threads", "1").code == 3  # nobody's property; one of the files is broken on purpose


def test_rules_and_fields_reach_the_source(cli: Cli, fresh: Path) -> None:
    (fresh / "docs" / ".hidden.md").write_text("hidden words\n", encoding="utf-8")
    rules = ("--include", "*.md", "--exclude", "keys.*", "--hidden", "--max-file-size", "1KB", "--name", "notes")
    report = json.loads(cli("ingest", "docs", *rules, "--json").out)
    assert report["outcomes"]["added"] == 1
    again = json.loads(cli("ingest", "--json").out)
    assert again["outcomes"] == {**again["outcomes"], "added": 0, "unchanged": 1}
    fields = ("--id-field", "year", "--text-field", "title")
    cli("index", "docs/birds.jsonl", *fields)
    assert json.loads(cli("show", "birds:1999", "--json").out)["text"] == "Kestrel"


def test_status_on_a_screen_and_as_json(cli: Cli, here: Path) -> None:
    state = json.loads(cli("status", "--json", "--check", "--files", "all").out)
    validate("status", state)
    assert state["files"] == {"indexed": 6, "skipped": 1, "failed": 1}
    assert state["pending"] == {"chunk": 0, "embed": 0, "index": 0}
    screen = dict(line.split(None, 1) for line in cli("status").out.splitlines() if not line.startswith(" "))
    assert screen["pending"] == "nothing"
    assert screen["files"].startswith("6 indexed, 1 skipped, 1 failed")
    assert screen["language"] == "english"
    failed = cli("status", "--files", "failed").out
    assert failed.split()[:3] == ["failed", "docs", "docs/broken.pdf"]
    assert "changes" in cli("status", "--check").out


def test_show_a_document_and_a_chunk(cli: Cli, here: Path) -> None:
    text = (here / "docs" / "keys.md").read_text(encoding="utf-8")
    assert cli("show", "docs:keys.md", "--plain").out == text
    document = json.loads(cli("show", "docs/keys.md", "--json").out)
    validate("show", document)
    assert document["text"] == text
    chunk = json.loads(cli("show", document["chunks"][1], "--json").out)
    validate("show", chunk)
    shown = cli("show", document["chunks"][1]).out.splitlines()
    assert shown[0] == f"docs/keys.md:{chunk['start_line']}-{chunk['end_line']}  Keys > Rotation"
    numbered = {int(number): line for number, line in (row.split("  ", 1) for row in shown[3:])}
    assert numbered == {
        number: text.splitlines()[number - 1] for number in range(chunk["start_line"], chunk["end_line"] + 1)
    }
    validate("show", json.loads(cli("show", "docs:birds.jsonl#r2", "--json").out))
    assert cli("show", "docs:birds.jsonl#r2").out.startswith("docs/birds.jsonl [2]  Owl\n")


def test_forget_and_its_report(cli: Cli, fresh: Path) -> None:
    cli("index", "docs")
    result = cli("forget", "docs/keys.md", "--json")
    validate("run", json.loads(result.out))
    assert result.code == 0
    assert cli(*BM25, "vault", "-l").out == ""
    cli("index")
    assert cli(*BM25, "vault", "-l").out == ""
    assert cli("forget", "docs:birds.jsonl#r2", "-q").code == 0
    birds = fresh / "docs" / "birds.jsonl"
    birds.write_text(birds.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "forgotten (2)" in cli("index").err
    assert cli(*BM25, "owl", "-l").out == ""
    assert cli("forget", "docs").code == 0
    assert json.loads(cli("status", "--json").out)["documents"] == 0


@pytest.mark.parametrize(
    ("text", "count"), [("500", 500), ("2kb", 2_000), ("1.5MB", 1_500_000), ("1 GiB", 2**30), ("3k", 3_000)]
)
def test_sizes(text: str, count: int) -> None:
    from embedctl.cli.units import parse_size

    assert parse_size(text) == count


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.6, "60 s"),
        (104, "1 min 44 s"),
        (725, "12 min 05 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    from embedctl.cli.units import time_text

    assert time_text(seconds) == text
