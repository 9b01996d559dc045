"""What a refresh reads again, and that the store always holds what a fresh one would."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installed import install
from older_formats import as_format

import embedctl
from embedctl import SourceRequest, WalkRules
from embedctl.config import PartLimits, ReadLimits
from embedctl.sources.records import RecordReader
from embedctl.stages import ingest as ingest_module
from embedctl.stages import part_writer, read_ahead
from embedctl.store.files import sha256_file
from embedctl.store.layout import Layout
from embedctl.store.ledger import read_ledger
from embedctl.store.parts import iter_documents
from embedctl.store.writer import read_manifest

ROWS = 120
"""More than the hundred rows that may decide what the columns of a file are."""
SAMPLE_CORPUS = Path(__file__).parents[2] / "sample_corpus"

Line = dict[str, Any] | str


def spelled(lines: list[Line]) -> str:
    return "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)


def row(number: int, text: str = "Tide") -> dict[str, Any]:
    return {"id": f"r{number}", "text": f"{text} {number}", "year": 2000 + number % 7}


def old(path: Path, seconds: int = 1_000_000_000) -> None:
    """Make a file old enough for its time to be trusted."""
    os.utime(path, (seconds, seconds))


def content(store: embedctl.Store) -> list[tuple[Any, ...]]:
    """Every live document, but for the row and the time that it had when it was read last."""
    layout = Layout(store.path)
    live = [document for part in read_manifest(layout).parts for _, document in iter_documents(layout, part)]
    return sorted(
        (each.source, each.doc_id, each.path, each.title, each.text, each.metadata, each.sha256) for each in live
    )


def outcomes(report: object) -> dict[str, int]:
    return {kind: count for kind, count in report.outcomes.items() if count}  # type: ignore[attr-defined]


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / "store" / ".embedctl")


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of record files that were parsed, not only compared."""
    read: list[int] = []
    original = RecordReader.__iter__

    def noted(self: RecordReader) -> Any:
        for record in original(self):
            if hasattr(record, "row"):
                read.append(record.row)
            yield record

    monkeypatch.setattr(RecordReader, "__iter__", noted)
    return read


def rebuilt(store: embedctl.Store, *paths: Path) -> list[tuple[Any, ...]]:
    """What a new store over the same files holds."""
    with TemporaryDirectory(dir=store.path.parent) as folder:
        fresh = embedctl.create(Path(folder) / ".embedctl")
        fresh.ingest(paths)
        return content(fresh)


# --- record files


def test_appended_rows_alone_are_parsed(store: embedctl.Store, tmp_path: Path, rows_read: list[int]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(spelled([row(number) for number in range(ROWS)]), encoding="utf-8")
    store.ingest([path])
    rows_read.clear()
    with path.open("a", encoding="utf-8") as file:
        file.write(spelled([row(500), row(3, "Again"), row(501)]))
    report = store.ingest()
    assert rows_read == [ROWS + 1, ROWS + 2, ROWS + 3]
    assert outcomes(report) == {"unchanged": ROWS, "added": 2, "failed": 1}
    assert report.problems[0]["reason"] == 'its id "r3" was already used in row 4'
    assert content(store) == rebuilt(store, path)
    rows_read.clear()
    assert outcomes(store.ingest()) == {"unchanged": ROWS + 2, "failed": 1}, "the bad row is still one"
    assert rows_read == []


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_row_without_a_line_end_may_go_on(
    store: embedctl.Store, tmp_path: Path, rows_read: list[int], end: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(spelled([row(number) for number in range(ROWS)]) + '{"id": "x", "text": "Heron"}', encoding="utf-8")
    store.ingest([path])
    rows_read.clear()
    with path.open("a", encoding="utf-8") as file:
        file.write(f'{end}{{"id": "y", "text": "Otter"}}\n')
    store.ingest()
    assert content(store) == rebuilt(store, path)
    assert (ROWS + 1 in rows_read[:2]) == (end == ""), "a line that goes on is read again, one that ended is not"


def test_a_change_in_the_old_part_is_no_append(store: embedctl.Store, tmp_path: Path, rows_read: list[int]) -> None:
    path = tmp_path / "log.jsonl"
    lines: list[Line] = [row(number) for number in range(ROWS)]
    path.write_text(spelled(lines), encoding="utf-8")
    store.ingest([path])
    rows_read.clear()
    lines[5] = row(5, "Wind")  # as long as it was
    path.write_text(spelled([*lines, row(900)]), encoding="utf-8")
    assert outcomes(store.ingest()) == {"unchanged": ROWS - 1, "changed": 1, "added": 1}
    assert rows_read == [6, ROWS + 1], "rows spelled as they were are not parsed"
    assert content(store) == rebuilt(store, path)


def test_an_edit_of_the_same_size_and_time_is_seen_while_the_file_is_young(
    store: embedctl.Store, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(spelled([row(1), row(2)]), encoding="utf-8")
    before = path.stat()
    store.ingest([path])
    path.write_text(spelled([row(1, "Wind"), row(2)]), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert outcomes(store.ingest()) == {"unchanged": 1, "changed": 1}
    old(path)
    store.ingest()
    assert outcomes(store.ingest()) == {"unchanged": 2}


def test_a_touched_record_file_is_not_parsed(store: embedctl.Store, tmp_path: Path, rows_read: list[int]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(spelled([row(1), row(2)]), encoding="utf-8")
    store.ingest([path])
    rows_read.clear()
    old(path)
    assert outcomes(store.ingest()) == {"unchanged": 2}
    assert rows_read == []


def test_rows_that_are_known_by_their_number_change_with_it(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("text\nHeron\nOtter\n", encoding="utf-8")
    store.ingest([path])
    path.write_text("text\nPike\nHeron\nOtter\n", encoding="utf-8")
    assert outcomes(store.ingest()) == {"changed": 2, "added": 1}
    assert content(store) == rebuilt(store, path)


def test_other_columns_make_other_records(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("id,text,note\n1,Heron,grey\n2,Coot,black\n", encoding="utf-8")
    store.ingest([path])
    fields = embedctl.RecordFields(text="note")
    assert outcomes(store.ingest([path], source=embedctl.SourceRequest(fields=fields))) == {"changed": 2}
    assert [document[4] for document in content(store)] == ["grey", "black"]


def test_a_list_that_grows_gives_its_records_other_ids(store: embedctl.Store, tmp_path: Path) -> None:
    paths = [tmp_path / "birds.jsonl", tmp_path / "fish.jsonl"]
    for path in paths:
        path.write_text(spelled([row(1), row(2)]), encoding="utf-8")
    store.ingest(files=[str(paths[0])])
    assert outcomes(store.ingest(files=list(map(str, paths)))) == {"added": 4, "deleted": 2}
    assert len({document[1] for document in content(store)}) == 4


def test_a_csv_file_grows_by_its_rows(store: embedctl.Store, tmp_path: Path, rows_read: list[int]) -> None:
    path = tmp_path / "birds.csv"
    rows = "".join(f'{number},"Bird, {number}",{number}\n' for number in range(ROWS))
    path.write_text(f"id,text,weight\n{rows}", encoding="utf-8")
    store.ingest([path])
    rows_read.clear()
    with path.open("a", encoding="utf-8") as file:
        file.write('x,"Two\nlines",7\n')
    store.ingest()
    assert rows_read == [ROWS + 1]
    assert content(store) == rebuilt(store, path)


def test_a_quote_left_open_is_read_again_when_it_is_closed(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    rows = "".join(f"{number},Bird {number}\n" for number in range(ROWS))
    path.write_text(f'id,text\n{rows}x,"Two\n', encoding="utf-8")
    assert outcomes(store.ingest([path])) == {"added": ROWS, "failed": 1}
    with path.open("a", encoding="utf-8") as file:
        file.write('lines"\n')
    assert outcomes(store.ingest()) == {"unchanged": ROWS, "added": 1}
    assert content(store) == rebuilt(store, path)


def test_an_interrupted_refresh_is_not_taken_for_the_ledgers_state(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after some of the edited rows were committed; then the edit is undone."""
    path = tmp_path / "log.jsonl"
    lines: list[Line] = [row(number) for number in range(ROWS)]
    path.write_text(spelled(lines), encoding="utf-8")
    store.ingest([path])
    path.write_text(spelled([row(number, "Wind") for number in range(ROWS)]), encoding="utf-8")
    monkeypatch.setattr(part_writer, "PartLimits", lambda: PartLimits(documents=7))
    take = ingest_module._Ingest._take_row

    def interrupted(self: Any, key: Any, found: Any) -> None:
        if found.document.record == 50:
            raise KeyboardInterrupt
        take(self, key, found)

    monkeypatch.setattr(ingest_module._Ingest, "_take_row", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.ingest()
    assert sum("Wind" in document[4] for document in content(store)) == 49
    monkeypatch.setattr(ingest_module._Ingest, "_take_row", take)
    path.write_text(spelled(lines), encoding="utf-8")
    store.ingest()
    assert content(store) == rebuilt(store, path)


Edit = Callable[[list[Line]], list[Line]]


def _append(numbers: list[int], lines: list[Line]) -> list[Line]:
    return [*lines, *(row(number, "New") for number in numbers)]


def _replaced(at: int, lines: list[Line]) -> list[Line]:
    return [row(900 + at, "Same") if position == at % len(lines) else line for position, line in enumerate(lines)]


def _deleted(at: int, lines: list[Line]) -> list[Line]:
    return [line for position, line in enumerate(lines) if position != at % len(lines)]


def _broken(at: int, lines: list[Line]) -> list[Line]:
    return [*lines[: at % len(lines)], '{"id": ', "", *lines[at % len(lines) :]]


def _moved(at: int, lines: list[Line]) -> list[Line]:
    return [*lines[at % len(lines) :], *lines[: at % len(lines)]]


def _truncated(at: int, lines: list[Line]) -> list[Line]:
    return lines[: max(1, len(lines) - at % 30)]


EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.lists(st.integers(0, 400), min_size=1, max_size=4).map(lambda numbers: partial(_append, numbers)),
    *(
        st.integers(0, 200).map(lambda at, edit=edit: partial(edit, at))  # type: ignore[misc]
        for edit in (_replaced, _deleted, _broken, _moved, _truncated)
    ),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(EDITS, st.booleans()), min_size=1, max_size=5))
def test_any_edits_leave_what_a_fresh_store_holds(edits: list[tuple[Edit, bool]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        store = embedctl.create(Path(folder) / "store" / ".embedctl")
        lines: list[Line] = [row(number) for number in range(ROWS)]
        path.write_text(spelled(lines), encoding="utf-8")
        store.ingest([path])
        for at, (edit, aged) in enumerate(edits):
            lines = edit(lines)
            path.write_text(spelled(lines), encoding="utf-8")
            if aged:
                old(path, 1_000_000_000 + at)
            store.ingest()
            assert content(store) == rebuilt(store, path)
        held = sum(source["documents"] for source in store.status()["sources"])
        assert held == len(content(store))


# --- files


def mixed(folder: Path) -> Path:
    """Some files of every kind, in several folders, with two that cannot be read."""
    for copy in range(3):
        shutil.copytree(SAMPLE_CORPUS, folder / f"copy{copy}")
    for number in range(20):
        (folder / f"page{number}.html").write_text(f"<html><body><p>Page {number}.</p></body></html>", encoding="utf-8")
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    (folder / "page3.html").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    return folder


def in_order(store: embedctl.Store) -> list[tuple[Any, ...]]:
    layout = Layout(store.path)
    parts = read_manifest(layout).parts
    return [(part.number, at, document) for part in parts for at, document in iter_documents(layout, part)]


@pytest.mark.parametrize("limits", [ReadLimits(), ReadLimits(0, 100, 3, 9_000, 40_000, 7)])
def test_workers_give_the_same_documents_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: ReadLimits
) -> None:
    folder = mixed(tmp_path / "docs")
    stores, problems = [], []
    for name, workers in (("one", 1), ("three", 3)):
        monkeypatch.setattr(read_ahead, "processors", lambda workers=workers: workers)
        monkeypatch.setattr(read_ahead, "ReadLimits", lambda: limits)
        stores.append(embedctl.create(tmp_path / name / ".embedctl"))
        problems.append(stores[-1].ingest([folder]).problems)
    assert in_order(stores[0]) == in_order(stores[1])
    assert problems[0] == problems[1]
    assert any("damaged PDF" in problem["reason"] for problem in problems[0])


def test_limits_of_a_source_are_remembered(
    tmp_path: Path, store: embedctl.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = "def parse(data, path):\n    while True:\n        pass\n"
    install(tmp_path / "site", "acme_endless", endless, {"embedctl.parsers": {"endless": "acme_endless:parse"}})
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.md").write_text("# Good\n", encoding="utf-8")
    (tmp_path / "docs" / "bad.endless").write_text("words", encoding="utf-8")
    rules = WalkRules(parse_seconds=1)
    for report in (store.ingest([tmp_path / "docs"], source=SourceRequest(rules=rules)), store.ingest()):
        assert report.exit_code == 3
        (problem,) = report.problems
        assert problem["path"].endswith("docs/bad.endless")
        assert problem["reason"] == "parsing it took longer than 1 s"


def test_a_record_file_that_is_young_shows_as_unchanged_in_a_dry_run(store: embedctl.Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(spelled([row(number) for number in range(ROWS)]), encoding="utf-8")
    store.ingest([path])
    plan = store.preflight()
    assert (plan.outcomes, plan.documents) == ({"unchanged": ROWS}, 0)
    with path.open("a", encoding="utf-8") as file:
        file.write(spelled([row(700)]))
    plan = store.preflight()
    assert (plan.outcomes, plan.documents) == ({"unchanged": ROWS, "added": 1}, 1)


def test_status_reads_the_manifest_alone(store: embedctl.Store, tmp_path: Path) -> None:
    folder = mixed(tmp_path / "docs")
    store.ingest([folder])
    told = store.status()
    shutil.rmtree(store.path / "files")
    shutil.rmtree(store.path / "documents")
    assert store.status() == told
    assert told["files"]["failed"] == 1
    assert told["documents"] == told["sources"][0]["documents"] > 100


def test_a_ledger_without_the_newer_columns_is_read(store: embedctl.Store, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "log.jsonl"
    path.write_text(spelled([row(1), row(2)]), encoding="utf-8")
    store.ingest([path])
    layout = Layout(store.path)
    manifest = read_manifest(layout)
    assert manifest.files is not None
    file = layout.files(manifest.files.number)
    pq.write_table(pq.read_table(file).drop_columns(["rows", "bad_rows"]), file)
    manifest_json = as_format(2, layout.manifest.read_text(encoding="utf-8"))
    manifest_json["files"]["file"] |= {"bytes": file.stat().st_size, "sha256": sha256_file(file)}
    del manifest_json["files"]["summary"]
    layout.manifest.write_text(json.dumps(manifest_json), encoding="utf-8")
    (state,) = [state for _, state in read_ledger(layout, read_manifest(layout)).items()]
    assert (state.rows, state.bad_rows, state.documents) == (None, 0, 2)
    assert store.status()["sources"][0]["documents"] == 2
    path.write_text(spelled([row(1), row(2), row(3)]), encoding="utf-8")
    assert outcomes(store.ingest()) == {"unchanged": 2, "added": 1}
