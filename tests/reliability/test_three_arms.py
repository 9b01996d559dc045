"""A store with BM25 and two dense arms, of a model and of hashed vectors: grown, pruned, killed, repaired, measured."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import commit_store
import pytest
import small_runs

import embedctl
from embedctl import EvaluationConfig, QueryConfig, RankingRequest, SettingsRequest
from embedctl.config import TEXT_FIELD
from embedctl.config.measuring import SignificanceConfig
from embedctl.contracts import Encoder
from embedctl.encoders.hashing import HashingEncoder
from embedctl.encoders.sentence_transformer import SentenceTransformerEncoder
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.writer import read_manifest

ARMS = ("bm25", "dense", "hash")
SAMPLE = Path(__file__).parents[2] / "sample_corpus"
QUERY = "kestrel inspected 9 times beside the lighthouse"
KILLED = """
import os, signal, sys
import small_runs
from embedctl.store.writer import Writer

commit, left = Writer.commit, [1]

def one(self, manifest, *arguments):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return commit(self, manifest, *arguments)

Writer.commit = one
small_runs.make_small()
from embedctl.cli.run import main
main()
"""
"""Publishes once; is killed as it is about to publish again, with everything written."""


class Counted:
    """How many texts each encoder was given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.texts: Counter[str] = Counter()
        for kind, name in ((SentenceTransformerEncoder, "encode_tokens"), (HashingEncoder, "encode_documents")):
            patch.setattr(kind, name, self._counted(getattr(kind, name), kind.__name__))

    def _counted(self, encode, name):  # type: ignore[no-untyped-def]
        def counted(encoder, given):  # type: ignore[no-untyped-def]
            self.texts[name] += len(given.offsets) - 1 if hasattr(given, "offsets") else len(given)
            return encode(encoder, given)

        return counted

    def take(self) -> tuple[int, int]:
        """Return the texts of the model and those that were hashed since this was asked last."""
        taken = self.texts["SentenceTransformerEncoder"], self.texts["HashingEncoder"]
        self.texts.clear()
        return taken


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A folder with documents and a store of three arms in small parts; to be copied."""
    folder = tmp_path_factory.mktemp("three")
    with pytest.MonkeyPatch.context() as patch:
        _small(patch)
        small_runs.make_documents(folder / "docs", 12)
        store = embedctl.create(folder / ".embedctl")
        store.index([folder / "docs"], settings=SettingsRequest(threads=1))
        store.add_arm("hash", model="hashing")
        store.index(refresh=False)
    return folder


def _small(patch: pytest.MonkeyPatch) -> None:
    """Have the limits of ``small_runs`` in this process, for a while."""
    from embedctl import config
    from embedctl.stages import compact, distill, embed, part_writer, pipeline

    for module, name in (
        (part_writer, "PartLimits"),
        (compact, "PartLimits"),
        (distill, "DistillConfig"),
        (pipeline, "DistillConfig"),
        (embed, "GROUPED_CHUNKS"),
        (config.limits, "INDEX"),
    ):
        patch.setattr(module, name, getattr(module, name))
    small_runs.make_small()


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> Path:
    _small(monkeypatch)
    folder = tmp_path / "work"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def manifest_of(folder: Path) -> Manifest:
    return read_manifest(Layout(folder / ".embedctl"))


def answers(folder: Path, arms: Sequence[str] = ARMS) -> dict[str, list[tuple[str, float]]]:
    """Return ids and scores of every arm alone, and of three fusions."""
    store = embedctl.open(folder / ".embedctl")
    configs = {arm: QueryConfig(arms=(arm,), n=50, dense="flat") for arm in arms}
    for fusion in ("rrf", "convex", "combsum"):
        ranking = RankingRequest(fusion=fusion)  # type: ignore[arg-type]
        configs[fusion] = QueryConfig(arms=tuple(arms), n=50, dense="flat", ranking=ranking)
    return {
        name: [(hit.id, round(hit.score, 5)) for hit in store.query(QUERY, config).hits]
        for name, config in configs.items()
    }


def up_to_ties(found: dict[str, list[tuple[str, float]]]) -> dict[str, list[tuple[str, float]]]:
    """Return the answers that go by scores; chunks of equal scores stand in the order of their parts."""
    return {name: sorted(ranked, key=lambda hit: (-hit[1], hit[0])) for name, ranked in found.items() if name != "rrf"}


def in_one_run(folder: Path, target: Path) -> dict[str, list[tuple[str, float]]]:
    """Return the answers of a store of the same documents that was made at once."""
    shutil.copytree(folder / "docs", target / "docs")
    store = embedctl.create(target / ".embedctl")
    store.index([target / "docs"], settings=SettingsRequest(threads=1))
    store.add_arm("hash", model="hashing")
    store.index(refresh=False)
    return answers(target)


def sound(folder: Path) -> None:
    report = embedctl.open(folder / ".embedctl").doctor(deep=True)
    assert report.damage == []


def test_each_arm_answers_and_three_fusions_do(folder: Path) -> None:
    manifest = manifest_of(folder)
    assert json.loads((folder / ".embedctl" / "manifest.json").read_text())["format_version"] == 4
    assert manifest.index is not None
    assert {name: (arm.kind, arm.field) for name, arm in manifest.index.arms.items()} == {
        "bm25": ("bm25", None),
        "dense": ("dense", TEXT_FIELD),
        "hash": ("dense", "hash"),
    }
    assert len({arm.rows for arm in manifest.index.arms.values()}) == 1
    found = answers(folder)
    assert len({tuple(found[name]) for name in found}) == 6, "six ways to rank, six rankings"
    assert all(found.values())
    scores = embedctl.open(folder / ".embedctl").query(QUERY, QueryConfig(arms=ARMS)).hits[0].scores
    assert scores["hash"] is not None
    assert scores["hash"] != scores["cosine"]


def test_only_what_is_missing_is_embedded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, store = Counted(monkeypatch), embedctl.open(folder / ".embedctl")
    chunks = store.status()["chunks"]
    before = answers(folder)
    counted.take()
    store.remove_arm("hash")
    store.index(refresh=False)
    assert counted.take() == (0, 0)
    assert "hash" not in manifest_of(folder).encoders
    assert answers(folder, ("bm25", "dense"))["dense"] == before["dense"]
    counted.take()
    store.add_arm("hash", model="hashing")
    store.index(refresh=False)
    assert counted.take() == (0, chunks)
    store.index()
    assert counted.take() == (0, 0)
    assert answers(folder) == before
    counted.take()
    (folder / "docs" / "new.md").write_text("# New\n\nA kestrel that nobody inspected.\n", encoding="utf-8")
    store.index()
    assert counted.take() == (1, 1)


def test_a_store_grown_in_many_runs_answers_as_one_made_at_once(folder: Path, tmp_path: Path) -> None:
    store = embedctl.open(folder / ".embedctl")
    for number in (1, 4, 7):
        (folder / "docs" / f"{number:03}.md").write_text(f"# Other\n\nLighthouse {number} of the kestrel.\n")
        (folder / "docs" / f"{number + 1:03}.md").unlink()
        (folder / "docs" / f"{number + 100}.md").write_text(f"# Added\n\nTurbine {number} beside the vault.\n")
        store.index()
    assert up_to_ties(answers(folder)) == up_to_ties(in_one_run(folder, tmp_path / "once"))
    sound(folder)


def test_what_is_forgotten_is_in_no_arm(folder: Path, tmp_path: Path) -> None:
    gone = ["003.md", "records.jsonl#4"]
    embedctl.open(folder / ".embedctl").forget([f"docs:{name}" for name in gone])
    for ranked in answers(folder).values():
        assert not any(one.partition(":")[2].rpartition("#")[0] in gone for one, _ in ranked)
    manifest = manifest_of(folder)
    assert all(part.vectors.keys() == {TEXT_FIELD, "hash"} for part in manifest.parts)
    assert len({record.rows for part in manifest.parts for record in part.vectors.values() if part.number == 1}) <= 1
    sound(folder)


def test_damage_of_one_field_is_repaired_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, manifest, layout = answers(folder), manifest_of(folder), Layout(folder / ".embedctl")
    part = manifest.parts[0]
    path = layout.embeddings(part.vectors["hash"].made_with, part.number)
    path.write_bytes(path.read_bytes()[:-40])
    counted, store = Counted(monkeypatch), embedctl.open(layout.root)
    assert [one.file for one in store.doctor(deep=True).damage] == [path.relative_to(layout.root).as_posix()]
    counted.take()  # a deep look encodes a sample
    assert store.doctor(repair=True).exit_code == 0
    model, _ = counted.take()
    assert model == 0
    sound(folder)
    assert up_to_ties(answers(folder)) == up_to_ties(before)


@pytest.mark.parametrize("command", ["fill an arm", "refresh", "forget"])
def test_runs_that_are_killed_at_every_commit_end_as_one_that_was_not(
    folder: Path, tmp_path: Path, command: str
) -> None:
    """Each run publishes once, and is killed as it is about to publish again: together they are killed everywhere."""
    store = embedctl.open(folder / ".embedctl")
    arguments = {
        "fill an arm": ["index", "--no-refresh"],
        "refresh": ["index"],
        "forget": ["forget", "docs:003.md", "docs:records.jsonl#4"],
    }[command]
    if command == "fill an arm":
        store.remove_arm("hash")
        store.index(refresh=False)
        store.add_arm("hash", model="hashing")
    if command == "refresh":
        (folder / "docs" / "002.md").unlink()
        (folder / "docs" / "004.md").write_text("# Other\n\nA kestrel that nobody inspected.\n", encoding="utf-8")
        small_runs.make_old(folder / "docs")
    arms = tuple(manifest_of(folder).index.arms)  # type: ignore[union-attr]
    before = answers(folder, arms)
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    assert _run(whole, [str(Path(small_runs.__file__))], arguments) == 0
    expected = answers(whole)
    assert expected != before
    killed = 0
    while (code := _run(folder, ["-c", KILLED], arguments)) == -signal.SIGKILL:
        killed += 1
        assert commit_store.damage(Layout(folder / ".embedctl")) == []
        index = manifest_of(folder).index
        assert index is not None
        found = answers(folder, tuple(index.arms))
        assert found in (before, expected), f"after the kill number {killed}"
        assert killed < 40
    assert code == 0
    assert killed >= {"fill an arm": 3, "refresh": 3, "forget": 0}[command]
    assert answers(folder) == expected
    assert commit_store.left_over(Layout(folder / ".embedctl")) == []
    sound(folder)


def _run(folder: Path, program: list[str], arguments: list[str]) -> int:
    path = os.pathsep.join(filter(None, [str(Path(small_runs.__file__).parent), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, *program, *arguments], cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode


def test_the_sample_corpus_is_evaluated_arm_by_arm(sample_store: Path, tmp_path: Path) -> None:
    copy = tmp_path / ".embedctl"
    shutil.copytree(sample_store, copy)
    store = embedctl.open(copy)
    store.add_arm("hash", model="hashing")
    store.index(refresh=False)
    config = EvaluationConfig(query=QueryConfig(arms=ARMS), timed=0, significance=SignificanceConfig(resamples=99))
    found = store.evaluate(SAMPLE / "queries.jsonl", SAMPLE / "qrels.tsv", config)
    means = {one.name: one.means[0] for one in found.settings}
    assert {*ARMS, "rrf", "convex", "combsum"} <= means.keys()
    assert 0.3 < means["hash"] < means["dense"]
    assert min(means["rrf"], means["convex"], means["combsum"]) > max(means["bm25"], means["hash"])
