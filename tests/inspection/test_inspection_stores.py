"""Whole stores: what they hold is what an inspection reports."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import embedctl
from embedctl.cli.run import run
from embedctl.cli.screen import PIPED_WIDTH
from embedctl.config.measuring import InspectConfig
from embedctl.contracts import Encoder
from embedctl.encoders.model_folder import ModelFolder
from embedctl.errors import ModelError, NoStoreError
from embedctl.inspection import inspect as inspection_module
from embedctl.inspection.inspection import Inspection
from embedctl.store.layout import require_store
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from embedctl.contracts import Vectors

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "inspect.v1.json"
BIRDS = ("kestrel", "owl", "heron", "wren", "swift", "raven", "finch", "tern", "stork", "crane")
PLACES = ("the harbour", "a quarry", "the old mill", "our garden", "the station", "a vineyard", "the moor")
DOINGS = ("nests under the roof of", "was seen at dawn over", "spends every winter near", "hunts at night around")


def sentence(number: int) -> str:
    bird, place, doing = BIRDS[number % 10], PLACES[number % 7], DOINGS[number % 4]
    return f"In the year {1900 + number} a {bird} {doing} {place}, as the keeper of the reserve wrote in his book.\n"


GERMAN = (
    "Der Schlüssel wird alle neunzig Tage in der Nacht getauscht, und der alte gilt noch einen Tag.\n",
    "Wer einen Schlüssel verliert, öffnet den versiegelten Umschlag im Tresor gemeinsam mit einer zweiten Person.\n",
    "Die Sicherungen laufen jeden Morgen um drei Uhr, und niemand muss dafür aufstehen oder etwas bestätigen.\n",
    "Beim ersten Start legt jeder Dienst ein eigenes Zertifikat an und trägt es in das Verzeichnis ein.\n",
    "Ohne Unterschrift beider Anwesenden darf das Buch der Zugänge nicht wieder in den Schrank gelegt werden.\n",
)


class Shaped:
    """The session's encoder, whose vectors a test may bend."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.shape, self.dim = encoder.shape, encoder.dim
        self.length_of: dict[str, float] = {}

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = self._encoder.encode_documents(texts)
        lengths = [next((value for word, value in self.length_of.items() if word in text), 1.0) for text in texts]
        return vectors * np.array(lengths, np.float32)[:, None]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_queries(texts)


@pytest.fixture
def shaped(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Shaped:
    shaped = Shaped(encoder)
    monkeypatch.setattr(ModelFolder, "open", lambda *_: shaped)
    return shaped


@pytest.fixture
def store(tmp_path: Path, shaped: Shaped) -> embedctl.Store:
    return embedctl.create(tmp_path / ".embedctl")


def write(folder: Path, texts: Sequence[str], prefix: str = "note") -> Path:
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{prefix}{number:03}.txt").write_text(text, encoding="utf-8")
    return folder


def validated(inspection: Inspection) -> Inspection:
    told = json.loads(json.dumps(inspection.to_json(), allow_nan=False))
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(told)
    return inspection


def test_copied_files_are_the_duplicate_rate(store: embedctl.Store, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", [sentence(number) for number in range(70)])
    write(docs, [sentence(number) for number in range(30)], "copy")
    store.index([docs])
    found = validated(store.inspect())
    assert (found.chunks, found.embedded, found.vectors_sampled) == (100, 100, 100)
    assert found.topic("duplicates").figure("copies").value == pytest.approx(0.30)
    assert found.topic("duplicates").verdict == found.verdict == "bad"
    pair = found.pairs[0]
    assert (pair.exact, pair.copies, pair.within_document) == (True, 2, False)
    assert (pair.chunk.id, pair.other.id) == ("docs:copy000.txt#0", "docs:note000.txt#0")
    assert pair.chunk.text == sentence(0)[:80].rstrip()
    assert not any(one.chunk.id == one.other.id for one in found.pairs)

    assert found.topic("duplicates").figure("near_99").value == 0  # copies are counted apart

    for number in range(20):
        (docs / f"copy{number:03}.txt").unlink()
    store.index()
    assert any(part.dead for part in read_manifest(require_store(store.path)).parts)
    after = store.inspect()
    assert after.chunks == 80
    assert after.topic("duplicates").figure("copies").value == pytest.approx(10 / 80)
    assert sum(after.topic("lengths").histograms[0].counts) == 80


def test_german_texts_are_reported_as_german(store: embedctl.Store, tmp_path: Path) -> None:
    store.index([write(tmp_path / "docs", [*GERMAN, sentence(1)])])
    found = validated(store.inspect())
    topic = found.topic("languages")
    assert [(one.language, one.chunks) for one in found.languages] == [("de", 5), ("en", 1)]
    assert topic.figure("foreign").value == pytest.approx(5 / 6)
    assert "--language german" in topic.advice
    assert found.languages[0].fertility > found.languages[1].fertility
    assert found.topic("tokenizer").verdict in ("look", "bad")


def test_vectors_that_are_no_unit_vectors_are_counted_and_left_out(
    store: embedctl.Store, shaped: Shaped, tmp_path: Path
) -> None:
    shaped.length_of = {"1903": 0.0, "1904": 1.5, "1905": float("nan")}
    store.ingest([write(tmp_path / "docs", [sentence(number) for number in range(9)])])
    store.chunk()
    store.embed()
    found = validated(store.inspect())
    topic = found.topic("vectors")
    assert topic.verdict == "bad"
    assert [topic.figure(name).value for name in ("zero", "off_unit", "not_finite")] == [1, 1, 1]
    assert "embedctl doctor" in topic.advice
    assert found.vectors_sampled == 7


def test_chunks_that_wait_for_a_vector_are_told(store: embedctl.Store, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", [sentence(number) for number in range(5)])
    store.index([docs])
    write(docs, [sentence(20), sentence(21)], "new")
    store.ingest()
    assert store.inspect().topic("vectors").figure("uncut").value == 2
    store.chunk()
    found = validated(store.inspect())
    assert (found.chunks, found.embedded) == (7, 5)
    assert found.topic("vectors").figure("waiting").value == 2
    assert found.topic("vectors").verdict == "look"


def test_a_sample_is_compared_with_all_and_is_the_same_each_time(store: embedctl.Store, tmp_path: Path) -> None:
    texts = [sentence(number) for number in range(60)]
    docs = write(tmp_path / "docs", [*texts, *(text.replace("a ", "one ") for text in texts)])
    store.index([docs])
    whole = store.inspect()
    config = InspectConfig(sample=40, queries=20, texts=10)
    sampled, again = validated(store.inspect(config)), store.inspect(config)
    assert (sampled.vectors_sampled, sampled.texts_sampled, sampled.chunks) == (40, 10, 120)
    same = ("topics", "hubs", "pairs", "split_words", "languages", "spectrum")
    assert [getattr(sampled, name) for name in same] == [getattr(again, name) for name in same]
    # Counted over all chunks in both; the near twin of a sampled chunk is found although it is not sampled itself.
    for topic, name in (("lengths", "tokens_50"), ("isotropy", "mean_cosine"), ("duplicates", "copies")):
        assert sampled.topic(topic).figure(name).value == whole.topic(topic).figure(name).value
    share = sampled.topic("duplicates").figure("near_95").value
    assert share > 0.8 < whole.topic("duplicates").figure("near_95").value
    assert "20 sampled" in sampled.topic("duplicates").figure("near_95").source


def test_a_hub_is_named_with_its_lists(store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{sentence(number)}\nRecord {number}." for number in range(260)]
    store.index([write(tmp_path / "docs", texts)])

    def bent(vectors: np.ndarray) -> np.ndarray:
        rest = np.random.default_rng(0).standard_normal(vectors.shape).astype(np.float32)
        rest /= np.linalg.norm(rest, axis=1, keepdims=True)
        rest[5] = rest.mean(axis=0)
        rest += 0.3 * rest[5] / np.linalg.norm(rest[5])
        return rest / np.linalg.norm(rest, axis=1, keepdims=True)

    true = inspection_module.Survey.vectors
    monkeypatch.setattr(
        inspection_module.Survey, "vectors", lambda self: ((labels, bent(found)) for labels, found in true(self))
    )
    found = validated(store.inspect())
    assert found.topic("hubness").verdict in ("look", "bad")
    assert found.hubs[0].chunk.id == "docs:note005.txt#0"
    assert found.hubs[0].lists > 200
    assert found.topic("hubness").figure("largest_hub").value == found.hubs[0].lists / 260


def test_a_writer_that_publishes_meanwhile_is_no_error(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write(tmp_path / "docs", [sentence(number) for number in range(8)])
    store.index([docs])
    before = store.status()["snapshot"]
    writer, true, calls = embedctl.open(store.path), inspection_module.draw, []

    def meanwhile(*arguments):
        calls.append(1)
        if len(calls) == 1:
            for path in docs.iterdir():
                path.write_text(path.read_text(encoding="utf-8") + "And so it was.\n", encoding="utf-8")
            writer.index()
            writer.doctor(repair=True)  # removes the files of the snapshot before
        return true(*arguments)

    monkeypatch.setattr(inspection_module, "draw", meanwhile)
    assert store.inspect().snapshot > before
    assert len(calls) > 2  # once for vectors and once for texts, and at least once in vain


def test_nothing_to_inspect_is_a_sentence_and_code_10(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    store.index([tmp_path / "docs"])
    with pytest.raises(NoStoreError, match="no vectors"):
        store.inspect()
    write(tmp_path / "docs", [sentence(1)])
    store.ingest()
    store.chunk()
    monkeypatch.chdir(tmp_path)
    assert run(["inspect"]) == 10
    told = capfd.readouterr()
    assert told.out == ""
    assert 'has no vectors to inspect yet. Make them with "embedctl index' in " ".join(told.err.split())


def test_without_its_model_all_but_the_tokenizer_is_looked_at(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.index([write(tmp_path / "docs", [sentence(number) for number in range(4)])])

    def gone(_: str) -> None:
        raise ModelError("The model is not on this machine.")

    monkeypatch.setattr(inspection_module, "card", gone)
    found = validated(store.inspect())
    assert found.topic("tokenizer").verdict is None
    assert found.topic("tokenizer").advice == "Not looked at: The model is not on this machine."
    assert [figure.name for figure in found.topic("languages").figures] == ["main", "other_stemmer"]


def test_a_single_chunk_is_inspected(store: embedctl.Store, tmp_path: Path) -> None:
    store.index([write(tmp_path / "docs", [sentence(1)])])
    found = validated(store.inspect())
    assert found.verdict == "good"
    assert found.topic("isotropy").verdict is None


def test_the_screen_and_the_json(
    store: embedctl.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b[31mred\x1b[0m " + sentence(3)
    docs = write(tmp_path / "docs", [*(sentence(number) for number in range(12)), hostile, hostile])
    store.index([docs])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))

    def typed(*arguments: str) -> str:
        capfd.readouterr()
        assert run(["inspect", "-q", *arguments]) == 0
        return capfd.readouterr().out

    plain, verbose = typed(), typed("-v")
    for text in (plain, verbose):
        assert "\x1b" not in text
        _, *lines = text.splitlines()  # the first has the path of the store, of any length
        assert max(map(len, lines)) <= PIPED_WIDTH
        assert [line.split()[1] for line in text.splitlines() if line.startswith(("good ", "look ", "bad ", "- "))] == [
            "vectors", "isotropy", "dimension", "hubness", "duplicates", "lengths", "tokenizer", "languages",
        ]  # fmt: skip
    assert len(plain.splitlines()) < 48
    assert "2 copies       docs:note012.txt#0" in plain
    assert "IsoScore, Findings of ACL 2022" in verbose
    told = json.loads(typed("--json"))
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(told)
    assert told["pairs"][0]["copies"] == 2
    assert run(["inspect", "--sample", "3"]) == 2
