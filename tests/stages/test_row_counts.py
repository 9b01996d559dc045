"""Rows of record files: run, dry run, status and ledger count the same ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import embedctl

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    '{"id": "a", "text": "Gulls."}',
    '{"id": "b", "title": "Terns"}',
    '{"id": "c", "text": ""}',
    '{"id": "d", "text": " "}',
    '{"id": "e", "text": "cut of',
    '{"id": "a", "text": "Again."}',
)
COUNTS = {"added": 2, "skipped": 2, "failed": 2}


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "log.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def counted(outcomes: dict[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in outcomes.items() if count}


def listed(store: embedctl.Store, outcome: str) -> list[tuple[str, str]]:
    return [(entry["path"], entry["reason"]) for entry in store.status(files=outcome)["listed"]]


def test_all_of_them_agree(store: embedctl.Store, log: Path) -> None:
    plan = store.preflight([log.parent])
    assert counted(plan.outcomes) == COUNTS
    assert counted(store.ingest([log.parent]).outcomes) == COUNTS
    assert store.status()["rows"] == {"skipped": 2, "failed": 2}
    assert listed(store, "skipped") == [
        ("docs/log.jsonl, row 3", 'its "text" is empty (2 rows; this is the first)'),
    ]
    failed = listed(store, "failed")
    assert [path for path, _ in failed] == ["docs/log.jsonl, row 5", "docs/log.jsonl, row 6"]
    assert failed[1][1] == 'its id "a" was already used in row 1'


def test_a_refresh_without_a_change_reports_the_same_rows(store: embedctl.Store, log: Path) -> None:
    store.ingest([log.parent])
    again = {"unchanged": 2, "skipped": 2, "failed": 2}
    assert counted(store.preflight().outcomes) == again
    report = store.ingest()
    assert counted(report.outcomes) == again
    assert report.exit_code == 3
    assert report.reasons["skipped", 'its "text" is empty (2 rows; this is the first)'] == 2


def test_rows_that_are_appended_are_added_to_the_counts(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("id,text\n" + "".join(f"{row},Tide {row}.\n" for row in range(150)) + "x,\n", encoding="utf-8")
    store.ingest([path])
    with path.open("a", encoding="utf-8") as file:
        file.write("y,\nz,Ebb.\n")
    expected = {"unchanged": 150, "added": 1, "skipped": 2}
    assert counted(store.preflight().outcomes) == expected
    assert counted(store.ingest().outcomes) == expected
    assert store.status()["rows"] == {"skipped": 2, "failed": 0}


def test_rows_that_were_mended_count_no_more(store: embedctl.Store, log: Path) -> None:
    store.ingest([log.parent])
    log.write_text("\n".join(LINES[:2]) + "\n", encoding="utf-8")
    store.ingest()
    assert store.status()["rows"] == {"skipped": 0, "failed": 0}
    assert listed(store, "failed") == listed(store, "skipped") == []


def test_a_thousand_reasons_hide_no_failure(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"id": "a", "text": ""}\n' * 1500 + '{"id": "b", "text": "Gulls."}\nno json\n', encoding="utf-8")
    report = store.ingest([path])
    assert (report.outcomes["skipped"], report.outcomes["failed"]) == (1500, 1)
    assert [problem["path"] for problem in report.problems if problem["outcome"] == "failed"] == ["log.jsonl, row 1502"]
    assert report.reasons["skipped", 'its "text" is empty'] == 1500
    assert store.status()["rows"] == {"skipped": 1500, "failed": 1}


def test_the_columns_that_were_guessed_are_a_note(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("bird,place\nGull,pier\nTern,sandbank\n", encoding="utf-8")
    report = store.ingest([path])
    assert [problem["outcome"] for problem in report.problems] == ["noted"]
    assert report.exit_code == 0
    assert 'searched by "bird", "place"' in listed(store, "noted")[0][1]
