"""What a store keeps of the secrets in documents: nothing, unless it was told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from every_byte import holding, spellings
from fake_secrets import TOKENS, armoured, password, private_key
from reportlab.pdfgen.canvas import Canvas

import embedctl
from embedctl import QueryConfig, SettingsRequest
from embedctl.errors import MismatchError, UsageError
from embedctl.secrets.scan import MASK
from embedctl.store.layout import Layout
from embedctl.store.parts import chunk_columns, iter_documents
from embedctl.store.writer import read_manifest

RANDOM = Random(20261121)
AWS, GITHUB, SLACK = (TOKENS[rule](RANDOM) for rule in ("aws", "github", "slack"))
WORD, OTHER, NAMED, DEEP = (password(RANDOM) for _ in range(4))
KEY = private_key(RANDOM)
PDF = TOKENS["google-api"](RANDOM)
SECRETS = (AWS, GITHUB, SLACK, WORD, OTHER, NAMED, DEEP, PDF, *KEY.split())
PROSE = "The harbour lies quiet in the morning, and boats go out before the wind rises. " * 12


def write_documents(folder: Path) -> Path:
    """Write one document of each kind that has a secret where such documents have them, and one without."""
    folder.mkdir()
    (folder / "clean.md").write_text(f"# Boats\n\n{PROSE}\n")
    (folder / "guide.md").write_text(
        f'---\ntitle: Deploy\npassword: "{OTHER}"\n---\n# Deploy\n\n{PROSE}\n\n## Keys\n\n'
        f"Set `{AWS}` first.\n\n## Certificates\n\n{armoured(KEY)}\n\n## Rollback\n\n{PROSE}\n"
    )
    (folder / "settings.py").write_text(
        f'"""Settings."""\n\ndef connect():\n    login(password="{WORD}")\n\n\ndef other():\n    return 1\n'
    )
    rows = [
        {
            "id": "1",
            "title": f"Token {GITHUB}",
            "text": f"{PROSE} The token is {SLACK} for now.",
            "login": {"password": NAMED},
        },
        {"id": "2", "title": "Calm", "text": PROSE, "note": f"api_key={DEEP}"},
    ]
    (folder / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    canvas = Canvas(str(folder / "map.pdf"))
    canvas.drawString(72, 720, "The harbour map is drawn by a service.")
    canvas.drawString(72, 700, f"Its key is {PDF}")
    canvas.save()
    (folder / ".env").write_text(f"PASSWORD={WORD}\n")
    (folder / "id_ed25519").write_text(armoured(KEY, "OPENSSH "))
    return folder


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "docs")


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")


def wanted(model: Path, secrets: str | None = None) -> SettingsRequest:
    return SettingsRequest(model=str(model), secrets=secrets)  # type: ignore[arg-type]


def texts(store: embedctl.Store) -> dict[str, str]:
    layout = Layout(store.path)
    parts = read_manifest(layout).parts
    return {document.doc_id: document.text for part in parts for _, document in iter_documents(layout, part)}


def found(store: embedctl.Store, query: str) -> list[str]:
    return [hit.text for hit in store.query(query, QueryConfig(mode="bm25")).hits]


def bytes_of(secrets: tuple[str, ...]) -> list[bytes]:
    return [spelling for secret in secrets for spelling in spellings(secret)]


def test_no_byte_of_a_secret_is_in_the_store_or_in_what_is_said(
    tmp_path: Path, documents: Path, small_model: Path
) -> None:
    folders = [tmp_path / name for name in (".embedctl", "cache", "temporary", "said")]
    for folder in folders[1:]:
        folder.mkdir()
    environment = {**os.environ, "EMBEDCTL_CACHE": str(folders[1]), "TMPDIR": str(folders[2])}
    settings = ("--secrets", "redact", "--model", str(small_model))
    for at, arguments in enumerate(
        [("index", "docs", "--hidden", "-v", *settings), ("query", "-m", "bm25", "token key")]
    ):
        command = [sys.executable, "-m", "embedctl", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
        (folders[3] / str(at)).write_bytes(done.stdout + done.stderr)
    for folder in folders:
        assert holding(folder, bytes_of(SECRETS)) == []
    assert holding(documents, bytes_of((WORD,))) != [], "the search would find it"


def test_chunks_that_hold_a_secret_are_left_out_and_said_so(
    store: embedctl.Store, documents: Path, small_model: Path
) -> None:
    report = store.index([documents], settings=wanted(small_model))
    assert report.exit_code == 0
    assert report.outcomes["added"] == 6
    told = {problem["path"]: problem["reason"] for problem in report.problems}
    assert {problem["outcome"] for problem in report.problems} == {"skipped"}
    assert told["docs/guide.md"].startswith(
        "line 3 holds a password or key, line 11 holds an AWS access key, lines 15-"
    )
    assert "hold a private key" in told["docs/guide.md"]
    assert told["docs/guide.md"].endswith("chunks left out (--secrets)")
    assert "line 4 holds a password or key: 1 of" in told["docs/settings.py"]
    assert "holds a Slack token" in told["docs/tickets.jsonl, row 1"]
    assert told["docs/map.pdf"] == "line 2 holds a Google API key: 1 of 2 chunks left out (--secrets)"
    assert told["docs/id_ed25519"].startswith("private key, by its name")
    assert report.counts["chunks_withheld"] == sum(
        int(reason.split(": ")[1].split()[0]) for reason in told.values() if "left out (" in reason
    )
    assert not any(MASK in text for text in found(store, "deploy keys certificates password token service map"))
    assert any("boats go out" in text for text in found(store, "harbour boats"))
    assert {"guide.md", "settings.py", "map.pdf", "tickets.jsonl#1"} <= texts(store).keys(), "the documents are listed"
    layout = Layout(store.path)
    for part in read_manifest(layout).parts:
        rows = chunk_columns(layout, part, "chunk_id", "doc_id", "ordinal").to_pylist()
        for doc_id in {row["doc_id"] for row in rows}:
            own = [row for row in rows if row["doc_id"] == doc_id]
            assert [row["ordinal"] for row in own] == list(range(len(own)))
            assert [row["chunk_id"] for row in own] == [f"docs:{doc_id}#{at}" for at in range(len(own))]


def test_redacted_chunks_stay_and_offsets_do_too(store: embedctl.Store, documents: Path, small_model: Path) -> None:
    report = store.index([documents], settings=wanted(small_model, "redact"))
    assert "chunks_withheld" not in report.counts
    kept = texts(store)["guide.md"]
    original = (documents / "guide.md").read_text()
    assert len(kept) == len(original)
    assert kept.count("\n") == original.count("\n")
    assert {(one, other) for one, other in zip(original, kept, strict=True) if one != other} <= {
        (letter, MASK) for letter in set(original)
    }
    assert any(f"Set `{MASK * len(AWS)}` first." in text for text in found(store, "set first"))


def test_allowed_secrets_are_not_looked_for(store: embedctl.Store, documents: Path, small_model: Path) -> None:
    report = store.index([documents], settings=wanted(small_model, "allow"))
    assert texts(store)["guide.md"] == (documents / "guide.md").read_text()
    assert "id_ed25519" in texts(store)
    assert "secrets" not in report.counts
    assert any(AWS in text for text in found(store, "set first"))
    layout = Layout(store.path)
    parts = read_manifest(layout).parts
    assert {document.secrets for part in parts for _, document in iter_documents(layout, part)} == {None}


def test_another_setting_reads_again_what_was_stored_otherwise(
    store: embedctl.Store, documents: Path, small_model: Path
) -> None:
    store.index([documents], settings=wanted(small_model, "allow"))
    with pytest.raises(MismatchError, match="--secrets allow, not skip"):
        store.index(settings=wanted(small_model, "skip"))
    with pytest.raises(UsageError, match="needs the sources"):
        store.chunk(settings=wanted(small_model, "skip"), rebuild=True)
    report = store.index(settings=wanted(small_model, "skip"), rebuild=True)
    assert report.outcomes["changed"] == 6
    assert report.outcomes["deleted"] == 1
    assert not any(secret in text for secret in SECRETS for text in texts(store).values())
    assert holding(store.path, bytes_of(SECRETS)) == []
    assert store.index().outcomes["unchanged"] == 6

    report = store.index(settings=wanted(small_model, "redact"), rebuild=True)
    assert report.outcomes["unchanged"] == 6, "the texts are masked already"
    assert any(MASK in text for text in found(store, "set first"))
    store.index(settings=wanted(small_model, "skip"), rebuild=True)
    assert not any(MASK in text for text in found(store, "set first"))

    store.index(settings=wanted(small_model, "allow"), rebuild=True)
    assert texts(store)["guide.md"] == (documents / "guide.md").read_text()
    assert SLACK in texts(store)["tickets.jsonl#1"]


def test_a_rebuild_that_was_interrupted_goes_on_reading(
    store: embedctl.Store, documents: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting is in the store from the first commit on; what is not masked yet is known by its part."""
    from embedctl.stages import ingest

    store.index([documents], settings=wanted(small_model, "allow"))
    taken = ingest.without_secrets

    def fail_at_records(document: object) -> object:
        if document.path == "tickets.jsonl":  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return taken(document)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "without_secrets", fail_at_records)
    with pytest.raises(KeyboardInterrupt):
        store.index(settings=wanted(small_model, "skip"), rebuild=True)
    monkeypatch.undo()
    store.index()
    assert not any(secret in text for secret in SECRETS for text in texts(store).values())
    assert store.index().outcomes["unchanged"] == 6


def test_a_file_that_cannot_be_read_again_does_not_stay_unmasked(
    store: embedctl.Store, documents: Path, small_model: Path
) -> None:
    store.index([documents], settings=wanted(small_model, "allow"))
    (documents / "map.pdf").write_bytes(b"%PDF-1.4 broken")
    report = store.index(settings=wanted(small_model, "skip"), rebuild=True)
    assert report.outcomes["failed"] == 1
    assert "map.pdf" not in texts(store)


def test_appended_rows_are_looked_through_and_the_others_are_not_read(
    store: embedctl.Store, documents: Path, small_model: Path
) -> None:
    for path in documents.iterdir():
        if path.name != "tickets.jsonl":
            path.unlink()
    store.index([documents], settings=wanted(small_model))
    with (documents / "tickets.jsonl").open("a") as stream:
        stream.write(json.dumps({"id": "3", "title": "Late", "text": f"{PROSE} It is {AWS} now."}) + "\n")
    report = store.index()
    assert (report.outcomes["added"], report.outcomes["unchanged"]) == (1, 2)
    assert AWS not in texts(store)["tickets.jsonl#3"]
