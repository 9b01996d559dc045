"""Mailboxes and Maildirs: one document for each message, and of a mailbox that has grown only what is new."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

import embedctl
from embedctl import SourceRequest, WalkRules
from embedctl.parsers.pool import ParserPool
from embedctl.parsers.reading import ReadTask
from embedctl.records import Document
from embedctl.stages import mailbox
from embedctl.store.layout import Layout
from embedctl.store.ledger import Ledger, read_ledger
from embedctl.store.parts import iter_documents
from embedctl.store.writer import read_manifest, writing

POSTMARK = b"From ida@example.org Tue Mar  5 10:00:00 2024\n"


def message(subject: str, text: str, *attachments: tuple[str, bytes], postmark: bytes = POSTMARK) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "ida@example.org", subject, "Tue, 5 Mar 2024 10:00:00 +0100"
    mail.set_content(text)
    for name, data in attachments:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return postmark + mail.as_bytes() + b"\n"


def pdf(*pages: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=True)
    for text in pages:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


ONE, TWO, THREE = message("Ferry", "At nine."), message("Fare", "Twelve crowns."), message("Föhr", "Zur Mühle.")


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    folder = tmp_path / "mails"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Where in a mailbox each message began that was handed to a worker."""
    found: list[int | None] = []
    submit = ParserPool.submit

    def noted(pool: ParserPool, tasks: list[ReadTask]) -> object:
        found.extend(task.start for task in tasks)
        return submit(pool, tasks)

    monkeypatch.setattr(ParserPool, "submit", noted)
    return found


def documents(store: embedctl.Store) -> dict[str, Document]:
    layout = Layout(store.path)
    found = [document for part in read_manifest(layout).parts for _, document in iter_documents(layout, part)]
    assert len({document.doc_id for document in found}) == len(found)
    return {document.doc_id: document for document in found}


def bodies(store: embedctl.Store) -> dict[str, str]:
    return {doc_id: document.text.rpartition("\n\n")[2] for doc_id, document in documents(store).items()}


def older(path: Path) -> None:
    """Make a file old enough for its time to be trusted."""
    os.utime(path, ns=(path.stat().st_mtime_ns - 10**10,) * 2)


@pytest.mark.parametrize("name", ["archive.mbox", "OLD.MBX", "Inbox"])
def test_each_message_is_a_document(mails: Path, store: embedctl.Store, name: str) -> None:
    (mails / name).write_bytes(ONE + TWO + THREE.replace(b"\n", b"\r\n"))
    report = store.ingest([mails])
    assert (report.outcomes["added"], report.exit_code) == (3, 0)
    found = documents(store)
    assert bodies(store) == {f"{name}#1": "At nine.", f"{name}#2": "Twelve crowns.", f"{name}#3": "Zur Mühle."}
    third = found[f"{name}#3"]
    assert (third.title, third.record, third.path, third.media_type) == ("Föhr", 3, name, "message/rfc822")
    assert json.loads(third.metadata) == {"date": "2024-03-05T09:00:00+00:00", "from": "ida@example.org"}
    assert store.ingest([mails]).outcomes["unchanged"] == 3


def test_a_mailbox_alone_is_a_source(mails: Path, store: embedctl.Store) -> None:
    (mails / "archive.mbox").write_bytes(ONE + TWO)
    store.ingest([mails / "archive.mbox"])
    assert list(bodies(store)) == ["1", "2"]


def test_appended_messages_alone_are_read(mails: Path, store: embedctl.Store, parsed: list[int | None]) -> None:
    box = mails / "archive.mbox"
    box.write_bytes(ONE + TWO)
    older(box)
    store.ingest([mails])
    with box.open("ab") as stream:
        stream.write(THREE + ONE)
    parsed.clear()
    report = store.ingest([mails])
    assert parsed == [len(ONE + TWO), len(ONE + TWO + THREE)]
    assert (report.outcomes["added"], report.outcomes["unchanged"]) == (2, 2)
    assert list(bodies(store).values()) == ["At nine.", "Twelve crowns.", "Zur Mühle.", "At nine."]


def test_what_is_appended_to_a_message_changes_it(mails: Path, store: embedctl.Store) -> None:
    box = mails / "archive.mbox"
    box.write_bytes(ONE + TWO)
    store.ingest([mails])
    box.write_bytes(ONE + TWO + b"And a stamp.\n")
    assert store.ingest([mails]).outcomes["changed"] == 1
    assert bodies(store)["archive.mbox#2"] == "And a stamp."


def test_a_message_that_is_taken_out_moves_those_behind_it(mails: Path, store: embedctl.Store) -> None:
    box = mails / "archive.mbox"
    box.write_bytes(ONE + TWO + THREE)
    store.ingest([mails])
    box.write_bytes(ONE + THREE)
    report = store.ingest([mails])
    assert (report.outcomes["changed"], report.outcomes["deleted"], report.outcomes["unchanged"]) == (1, 1, 1)
    assert list(bodies(store).values()) == ["At nine.", "Zur Mühle."]
    box.unlink()
    assert store.ingest([mails], source=SourceRequest(allow_empty=True)).outcomes["deleted"] == 2


def test_attachments_are_documents_beside_their_message(mails: Path, store: embedctl.Store) -> None:
    files = [("toll.pdf", pdf("Toll", "Lock")), ("a.txt", b"words"), ("a.txt", b"more"), ("all.zip", b"PK")]
    (mails / "archive.mbox").write_bytes(ONE + message("Tolls", "Attached.", *files))
    older(mails / "archive.mbox")
    report = store.ingest([mails])
    note = "message 2: attachment all.zip is not read: archive; unpack it first"
    assert [(each["outcome"], each["reason"]) for each in report.problems] == [("noted", note)]
    found = documents(store)
    assert list(found) == [
        "archive.mbox#1",
        "archive.mbox#2/toll.pdf",
        "archive.mbox#2/a.txt",
        "archive.mbox#2/a.txt (2)",
        "archive.mbox#2",
    ]
    assert (found["archive.mbox#2/toll.pdf"].pages, found["archive.mbox#2/toll.pdf"].record) == ([0, 6], 2)
    again = store.ingest([mails])
    assert (again.exit_code, again.problems) == (0, [])
    assert [each["reason"] for each in store.status(files="noted")["listed"]] == [note]
    with (mails / "archive.mbox").open("ab") as stream:
        stream.write(TWO)
    store.ingest([mails])
    assert len(documents(store)) == 6
    assert [each["reason"] for each in store.status(files="noted")["listed"]] == [note]


def test_a_message_can_be_forgotten(mails: Path, store: embedctl.Store) -> None:
    (mails / "archive.mbox").write_bytes(ONE + TWO)
    store.ingest([mails])
    store.forget(["mails:archive.mbox#1"])
    store.ingest([mails])
    assert list(bodies(store)) == ["archive.mbox#2"]


def test_what_is_not_a_mailbox(mails: Path, store: embedctl.Store) -> None:
    (mails / "notes.mbox").write_text("Just words.\n", encoding="utf-8")
    (mails / "Trash.mbox").write_bytes(b"")
    (mails / "Story").write_text("From the beginning, they knew.\n", encoding="utf-8")
    report = store.ingest([mails])
    reasons = {Path(each["path"]).name: (each["outcome"], each["reason"]) for each in report.problems}
    assert reasons["Trash.mbox"] == ("skipped", "empty file")
    assert reasons["notes.mbox"] == ("skipped", 'is not a mailbox: no line in it begins a message with "From "')
    assert "From the beginning" in documents(store)["Story"].text


def test_sizes_limit_messages_and_not_their_mailbox(mails: Path, store: embedctl.Store) -> None:
    for name in ("archive.mbox", "Sent"):
        (mails / name).write_bytes(ONE * 10 + message("Long", "word " * 500) + TWO)
    report = store.ingest([mails], source=SourceRequest(rules=WalkRules(max_file_bytes=1_000)))
    assert report.outcomes["added"] == 22
    assert {each["reason"] for each in report.problems} == {"is larger than the limit (--max-file-size)"}
    assert [Path(each["path"]).name for each in report.problems] == ["Sent, row 11", "archive.mbox, row 11"]


def test_a_worker_reads_one_message_of_a_mailbox_whatever_is_in_another(
    mails: Path, store: embedctl.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "_BLOCK_BYTES", 64)
    (mails / "archive.mbox").write_bytes(ONE + POSTMARK + b"Received: nowhere\n\n \n\n" + TWO)
    report = store.ingest([mails])
    assert [(each["outcome"], each["reason"]) for each in report.problems] == [("skipped", "no text in this message")]
    assert list(bodies(store)) == ["archive.mbox#1", "archive.mbox#3"]


def test_a_dry_run_counts_messages(mails: Path, store: embedctl.Store) -> None:
    (mails / "archive.mbox").write_bytes(ONE + TWO + THREE)
    plan = store.preflight([mails])
    assert plan.documents == 3


@pytest.mark.parametrize("read_by", [None, "email/1"])
def test_a_mailbox_that_was_read_otherwise_is_read_again(
    mails: Path, store: embedctl.Store, read_by: str | None, parsed: list[int | None]
) -> None:
    (mails / "archive.mbox").write_bytes(ONE + TWO)
    older(mails / "archive.mbox")
    store.ingest([mails])
    layout = Layout(store.path)
    with writing(layout, "test") as writer:
        ledger = read_ledger(layout, writer.manifest)
        states = {key: replace(state, read_by=read_by) for key, state in ledger.items()}
        record = Ledger.of(states).write(layout, writer.manifest)
        writer.commit(replace(writer.manifest, files=record), [layout.files(record.number)])
    parsed.clear()
    assert store.ingest([mails]).outcomes["unchanged"] == 2
    assert len(parsed) == 2
    store.ingest([mails])
    assert len(parsed) == 2


def test_files_of_a_maildir_are_mails(mails: Path, store: embedctl.Store) -> None:
    for folder in ("cur", "new"):
        (mails / folder).mkdir()
    (mails / "cur" / "1709629200.M1P2.example.org:2,S").write_bytes(message("Ferry", "At nine.", postmark=b""))
    (mails / "new" / "1709629201.V8I3.server.one").write_bytes(message("Föhr", "Zur Mühle.", postmark=b""))
    store.ingest([mails])
    assert sorted(bodies(store).values()) == ["At nine.", "Zur Mühle."]
    (mails / "new" / "1709629201.V8I3.server.one").rename(mails / "cur" / "1709629201.V8I3.server.one:2,")
    assert store.ingest([mails]).outcomes["moved"] == 1
