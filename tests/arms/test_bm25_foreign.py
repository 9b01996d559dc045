"""A BM25 index from elsewhere: nothing beside it is seen, nothing in it is believed."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import tantivy

from embedctl.arms.bm25.analysis import analyzer, tokenizer_name
from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.writer import Bm25Writer
from embedctl.arms.kind import TextRow
from embedctl.errors import DamagedError, MismatchError
from embedctl.index.payload import shown_of
from embedctl.query.parse import parse_query

HEAP = 20_000_000
WORDS = ["alpha", "beta", "gamma", "delta", "key", "vault"]
PAYLOAD = {
    "id": "docs:a.md#0",
    "start_line": 1,
    "end_line": 2,
    "page": None,
    "heading": ["Keys"],
    "text": "key",
    "doc_id": "a.md",
    "source": "docs",
    "path": "a.md",
    "record": None,
    "title": None,
    "media_type": "text/plain",
    "metadata": {},
}


def document(row: int, text: str) -> TextRow:
    label = 1 << 32 | row
    return TextRow(label, label, text, "title", (), f"p/{row}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of two Tantivy segments, with a dead row."""
    words, rows = random.Random(1), []
    for name, first, count in (("one", 0, 200), ("two", 200, 5)):
        previous = tmp_path / "one" if first else None
        with Bm25Writer(tmp_path / name, "english", HEAP, previous) as writer:
            if first:
                writer.bury(rows[3])
            rows = [document(row, " ".join(words.choices(WORDS, k=20))) for row in range(first, first + count)]
            for added in rows:
                writer.add(added)
            writer.commit()
    return tmp_path / "two"


def use(folder: Path) -> list[int]:
    """Ask everything that a query asks; return the labels of the hits."""
    query = Bm25Arm(folder, "english").query(parse_query('key vault "alpha beta" -gamma'))
    found = query.search(10)
    query.scores(found.labels)
    query.excluded(found.labels)
    return [int(label) for label in found.labels]


def test_only_named_files_are_seen_and_carried_on(tmp_path: Path, folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    (folder / "stranger.idx").write_bytes(b"not of this index")
    (folder / "elsewhere").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    assert Bm25Arm(folder, "english", names).rows == 204
    with Bm25Writer(tmp_path / "three", "english", HEAP, folder, names) as writer:
        writer.bury(document(4, "alpha beta"))
        assert writer.commit().live == 203
    assert not {"stranger.idx", "elsewhere", "pipe"} & {path.name for path in (tmp_path / "three").iterdir()}


def test_a_named_file_that_is_missing_is_named(folder: Path) -> None:
    names = [path.name for path in folder.iterdir()]
    gone = next(path for path in folder.glob("*.term"))
    gone.unlink()
    with pytest.raises(DamagedError, match=gone.name):
        Bm25Arm(folder, "english", names)


@pytest.mark.parametrize("field", ["a body without positions", "one more field", "a label that is text"])
def test_other_fields_are_refused(tmp_path: Path, field: str) -> None:
    builder, name = tantivy.SchemaBuilder(), tokenizer_name("english")
    if field == "a label that is text":
        builder.add_text_field("label", stored=True)
    else:
        builder.add_unsigned_field("label", indexed=True, fast=True)
    builder.add_unsigned_field("part", indexed=True)
    builder.add_text_field(
        "body", tokenizer_name=name, index_option="basic" if field == "a body without positions" else "position"
    )
    for text in ("title", "path", *(["more"] if field == "one more field" else [])):
        builder.add_text_field(text, tokenizer_name=name)
    for text in ("body", "title", "path"):
        builder.add_text_field(f"buried_{text}", tokenizer_name=name, index_option="basic")
    (tmp_path / "other").mkdir()
    index = tantivy.Index(builder.build(), str(tmp_path / "other"), reuse=False)
    index.register_tokenizer(name, analyzer("english"))
    index.writer(HEAP, 1).commit()
    with pytest.raises(DamagedError, match="other fields"):
        Bm25Arm(tmp_path / "other", "english")


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        json.dumps({"id": "a"}),
        json.dumps({**PAYLOAD, "start_line": "1"}),
        json.dumps({**PAYLOAD, "heading": [1]}),
        json.dumps({**PAYLOAD, "path": None}),
        json.dumps({**PAYLOAD, "score": 9.9}),
    ],
)
def test_what_a_hit_shows_is_looked_at_first(payload: str) -> None:
    assert shown_of(json.dumps(PAYLOAD))["heading"] == ["Keys"]
    with pytest.raises(DamagedError, match="does not say what it shows"):
        shown_of(payload)


def _use_all(folder: str, count: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Tantivy tells of its panics there
    for number in range(count):
        with suppress(DamagedError, MismatchError):
            use(Path(folder) / str(number))


def test_changed_bits_in_an_index_with_right_checksums_end_in_an_error_of_ours(tmp_path: Path, folder: Path) -> None:
    """Tantivy is written in Rust: it returns errors, and panics; both are ours."""
    words, names, count = random.Random(5), sorted(path.name for path in folder.iterdir()), 45
    for number in range(count):
        shutil.copytree(folder, tmp_path / "copies" / str(number))
        name = names[number % len(names)]
        data = bytearray((folder / name).read_bytes())
        for _ in range(1 + number % 3):
            data[words.randrange(len(data))] ^= 1 << words.randrange(8)
        (tmp_path / "copies" / str(number) / name).write_bytes(bytes(data))
    child = multiprocessing.get_context("fork").Process(target=_use_all, args=(str(tmp_path / "copies"), count))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert len(use(folder)) == 2
