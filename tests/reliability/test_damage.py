"""A damaged file is named, never believed: every kind of file in a store, and every kind of damage.

Each answer is the one that the undamaged store gives, or exit 4 with the file's name; an index is done without, so it
is always an answer. Questions are put to a process of its own: a signal, a hang or a traceback is a finding.

The modification time of a file changes when it is written to, as it does outside of a failing disk: without, a file
that was verified once on a machine is believed until ``embedctl doctor --deep`` reads it.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import damage_kinds
import damage_store
import pytest
from damage_kinds import Target, applies, damaged
from tally import counted

from embedctl.arms.dense.arm import DenseArm
from embedctl.arms.dense.structures import Plan
from embedctl.errors import DamagedError
from embedctl.index.open import Index, require_index
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

SECONDS = 1_200.0
"""After that, a question counts as a hang."""
_NUMBER = re.compile(r"[0-9a-f]{16,32}|\d{6}|\d+(?=\.del)")
BYSTANDERS = ("run report", "lock", "ignore file", "backup", "older generation")
"""Files that no question reads."""


class Asker:
    """The process that questions are put to; a new one where it died."""

    def __init__(self, cache: Path) -> None:
        self._env = {**os.environ, "EMBEDCTL_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, do: str, root: Path, **request: Any) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, damage_store.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._env
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"do": do, "store": str(root), **request}).encode() + b"\n")
        stdin.flush()
        found = stdout.readline() if select.select([stdout], [], [], SECONDS)[0] else None
        if found:
            return dict(json.loads(found))
        if found is None:
            self._process.kill()
        code = self._process.wait()
        self.close()
        pytest.fail("no answer: it hangs" if found is None else f"no answer: the process ended with {code}")

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None


class Corpus:
    """A store, what it answers, and what it answers when its BM25 index was made from the parts."""

    def __init__(self, folder: Path, asker: Asker) -> None:
        self.root, self.ask = folder / "one" / ".embedctl", asker
        (folder / "one").mkdir()
        asker("make", self.root)
        shutil.copytree(folder / "one", folder / "rebuilt")
        assert asker("index", folder / "rebuilt" / ".embedctl", rebuild=True)["code"] in (0, 3)
        self.sound = self.answers()
        for name, told in self.sound.items():
            assert "answer" in told, (name, told)
        self.right = {name: [self.sound[name]["answer"]] for name in self.sound}
        for name, told in asker("ask", folder / "rebuilt" / ".embedctl", names=None).items():
            self.right[name].append(told["answer"])

    def answers(self, names: list[str] | None = None) -> dict[str, Any]:
        return self.ask("ask", self.root, names=names)

    def targets(self) -> list[Target]:
        """Return every file of the store."""
        current = max((self.root / "index").iterdir()).name
        paths = sorted(path for path in self.root.rglob("*") if path.is_file())
        kinds = {path: _kind(path.relative_to(self.root).as_posix(), current) for path in paths}
        targets = []
        for path in paths:
            others = [other for other in paths if other != path and other.stat().st_size]
            like = [other for other in others if _base(kinds[other]) == _base(kinds[path])]
            like = [other for other in like if other.read_bytes() != path.read_bytes()]
            unlike = next(other for other in reversed(others) if _base(kinds[other]) != _base(kinds[path]))
            targets.append(Target(path, kinds[path], like[0] if like else None, unlike))
        return targets

    def check(self, target: Target, kind: str) -> None:
        """Damage a file in one way and put all questions.

        Raises:
            AssertionError: an answer is neither right nor an error that names the file.
        """
        with damaged(target, kind):
            told = self.answers(_asked_of(target.kind))
        for name, found in told.items():
            where = f"{target.path.relative_to(self.root)} ({kind}), question {name}"
            assert "bug" not in found, f"{where}: {found['bug']}"
            if "code" in found:
                assert found["code"] == 4, f"{where}: {found}"
                assert target.path.name in found["message"], f"{where}: {found}"
                assert not _derived(target.kind), f"{where}: {found}"
                continue
            assert any(_same(found["answer"], right) for right in self.right[name]), f"{where}: {found['answer']}"
            for answer in found["answer"] if isinstance(found["answer"], list) else []:
                assert answer["degraded"] == bool(answer["warnings"]), where
                if answer["degraded"]:
                    assert _derived(target.kind), where
                    assert any(target.path.name in warning for warning in answer["warnings"]), f"{where}: {answer}"
                    assert "embedctl doctor --repair" in answer["warnings"][0], where


def _kind(name: str, current: str) -> str:
    """Return what a file is, without the numbers in its name."""
    if name.startswith("index/") and not name.startswith(f"index/{current}/"):
        return "older generation " + _NUMBER.sub("*", name)
    special = {"lock": "lock", "lock.json": "lock", ".gitignore": "ignore file", "manifest.backup.json": "backup"}
    return "run report" if name.startswith("runs/") else special.get(name, _NUMBER.sub("*", name))


def _base(kind: str) -> str:
    return kind.removeprefix("older generation ")


def _derived(kind: str) -> bool:
    return kind.startswith("index/")


def _asked_of(kind: str) -> list[str]:
    """Return the questions that may read a file; a file that none should read gets a few."""
    if kind.startswith(BYSTANDERS):
        return ["bm25", "hybrid", "show", "status"]
    if kind.startswith("students/"):
        return ["bm25", "hybrid", "student"]
    if kind.startswith("index/"):
        return ["bm25", "flat", "binary", "hnsw", "hybrid", "many"]
    return ["bm25", "flat", "hybrid", "filter", "show", "chunk", "status", "many"]


def _same(found: Any, right: Any) -> bool:
    """Return whether two answers show the same, scores to 0.001."""
    if isinstance(right, dict):
        names = right.keys() - {"degraded", "warnings", "snapshot", "bytes", "index"}
        return all(_same(found[name], right[name]) for name in names)
    if isinstance(right, list):
        return len(found) == len(right) and all(map(_same, found, right))
    if isinstance(right, float) and isinstance(found, float):
        return abs(found - right) <= 1e-3
    return bool(found == right)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("damage")
    asker = Asker(Path(os.environ["EMBEDCTL_CACHE"]))
    try:
        yield Corpus(folder, asker)
    finally:
        asker.close()


def _cases(corpus: Corpus) -> list[tuple[Target, str]]:
    return [(target, kind) for target in corpus.targets() for kind in damage_kinds.KINDS if applies(target, kind)]


def test_the_plans_agree_and_the_store_has_everything(corpus: Corpus) -> None:
    """What the corpus compares is worth comparing."""
    kinds = {target.kind for target in corpus.targets()}
    wanted = ("manifest.json", "documents/*", "chunks/*", "embeddings/*", "files/*", "samples/*", "students/*/model")
    index = (
        "dense/dead.u64",
        "dense/centre.f32",
        "dense/hnsw.bin",
        "dense/hnsw.u64",
        "dense/vectors/*/bits.u64",
        "dense/vectors/*/labels.u64",
        "bm25/",
        "rows/*/payloads.z",
    )  # Tantivy may have merged away what had deletions, and with it its ``.del``
    for kind in (*wanted, *(f"index/*/{name}" for name in index), "backup", "run report"):
        assert any(found.startswith(kind) for found in kinds), (kind, sorted(kinds))
    hits = {name: [hit["id"] for hit in corpus.sound[name]["answer"][0]["hits"]] for name in ("flat", "binary", "hnsw")}
    assert hits["flat"] == hits["binary"] == hits["hnsw"]
    assert not any(answer["degraded"] for name in ("bm25", "hybrid", "many") for answer in corpus.sound[name]["answer"])


def test_damage_is_done_without_or_named(corpus: Corpus) -> None:
    """The short form: every kind of file and every kind of damage, paired the same way in every run."""
    cases: dict[str, dict[str, Target]] = {}
    for target, kind in _cases(corpus):
        cases.setdefault(target.kind, {})[kind] = target
    for turn, (_, damages) in enumerate(sorted(cases.items())):
        kind = list(damages)[7 * turn % len(damages)]
        corpus.check(damages[kind], kind)
    assert corpus.answers() == corpus.sound


@pytest.mark.long
def test_every_damage_is_done_without_or_named(corpus: Corpus, results: Path | None) -> None:
    failures = []
    what = "damaged files: each kind of file, 20 kinds of damage; a right answer, or exit 4 with the name"
    with counted(what, results) as tally:
        for target, kind in _cases(corpus):
            try:
                with tally.one():
                    corpus.check(target, kind)
            except (AssertionError, pytest.fail.Exception) as error:
                failures.append(str(error)[:2_000])
    assert not failures, "\n\n".join(failures)


@pytest.mark.parametrize(
    "name", ["dense/hnsw.bin", "dense/vectors/*/vectors.f16", "bm25/*.store", "dense/dead.u64", "rows/*/documents.u64"]
)
def test_a_damaged_index_is_not_carried_on(corpus: Corpus, tmp_path: Path, name: str) -> None:
    """The next ``index`` links nothing of it, whether there is something new or not, and says so."""
    shutil.copytree(corpus.root.parent, tmp_path / "store")
    root = tmp_path / "store" / ".embedctl"
    current = max((root / "index").iterdir())
    harmed = min(current.glob(name))
    damage_kinds.flip(harmed, 1)
    told = corpus.ask("index", root, rebuild=False)
    assert told["code"] == 3, told  # a document that cannot be read, as before
    assert any(harmed.name in message and "rebuilt from the parts" in message for message in told["messages"]), told
    assert max((root / "index").iterdir()) != current
    for question, found in corpus.ask("ask", root, names=["bm25", "hnsw", "binary", "flat", "many"]).items():
        assert _same(found["answer"], corpus.right[question][1]), question
        assert not any(answer["degraded"] for answer in found["answer"])
    again = corpus.ask("index", root, rebuild=False)
    assert not any("rebuilt" in message for message in again["messages"]), again


def test_what_a_writer_removed_is_not_called_damaged(corpus: Corpus, tmp_path: Path) -> None:
    """A graph of a replaced generation is done without in silence; for the rest, the new snapshot is to be asked."""
    shutil.copytree(corpus.root.parent, tmp_path / "store")
    layout = Layout(tmp_path / "store" / ".embedctl")
    record = require_index(layout, read_manifest(layout))
    early, late = Index(layout, record), Index(layout, record)
    arm = early.arm("dense")
    assert isinstance(arm, DenseArm)
    for _ in range(2):
        corpus.ask("index", layout.root, rebuild=True)
    assert not layout.generation(record.generation).exists()
    assert arm.structures.choose(Plan("hnsw", ""), None, 1).name == "binary"
    assert early.damage == {}
    for name in ("bm25", "dense"):
        with pytest.raises(DamagedError, match="is missing"):
            late.arm(name)
    with pytest.raises(DamagedError, match="is missing"):
        _ = late.rows
    assert late.damage == {}


def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "embedctl", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=SECONDS, env=env)


def test_a_person_is_told_and_so_is_a_program(corpus: Corpus) -> None:
    store = ("--store", str(corpus.root))
    targets = {target.path.name: target for target in corpus.targets() if not target.kind.startswith("older")}
    with damaged(targets["hnsw.bin"], "page 0"):
        told = run("query", damage_store.SINGLE, "--json", "--dense", "hnsw", "--mode", "dense", *store)
        many = run("query", "--queries", "-", "--format", "trec", "--dense", "hnsw", *store, stdin="key\nvault\n")
    answer = json.loads(told.stdout)
    (warning,) = answer["warnings"]
    assert told.returncode == 0
    assert answer["degraded"] is True
    assert "hnsw.bin is not what was written" in warning
    assert 'Repair it with "embedctl doctor --repair".' in warning
    assert told.stderr.count("hnsw.bin") == 1
    assert many.returncode == 0
    assert many.stderr.count("hnsw.bin") == 1
    assert many.stdout.count("\n") == 20
    part = next(target for target in corpus.targets() if target.kind == "chunks/*.parquet")
    with damaged(part, "half"):
        told = run("show", "docs:001.md#1", *store)
    assert told.returncode == 4
    assert f"chunks/{part.path.name}" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.long
def test_a_damaged_cache_of_the_machine_is_made_anew(corpus: Corpus, tmp_path: Path, results: Path | None) -> None:
    """The converted model, what is remembered of it and of verified files: an answer is never another."""
    cache = Path(os.environ["EMBEDCTL_CACHE"])
    fingerprint = read_manifest(Layout(corpus.root)).index.encoder.space  # type: ignore[union-attr]
    copy = tmp_path / "cache"
    shutil.copytree(cache / "fingerprints", copy / "fingerprints")
    shutil.copytree(cache / "openvino" / fingerprint, copy / "openvino" / fingerprint)
    asked = ("query", damage_store.SINGLE, "--mode", "dense", "--json", "--store", str(corpus.root))
    right = json.loads(run(*asked, EMBEDCTL_CACHE=str(copy)).stdout)["hits"]
    paths = sorted(path for path in copy.rglob("*") if path.is_file() and "throughput" not in path.as_posix())
    paths = [path for path in paths if path.parent.name != "fingerprints" or fingerprint in path.read_text()]
    what = "damaged files of the user's cache: the converted model, fingerprints, verified files; the same answer"
    failures = []
    with counted(what, results) as tally:
        for path in paths:
            saved = tmp_path / "saved"
            shutil.copytree(copy, saved)
            for kind in ("bit 0", "half", "missing", "unlike", "folder", "pipe"):
                try:
                    with tally.one():
                        other = next(other for other in paths if other.suffix != path.suffix)
                        damage_kinds.KINDS[kind](Target(path, "cache", None, other))
                        told = run(*asked, EMBEDCTL_CACHE=str(copy))
                        assert told.returncode == 0, (path, kind, told.stderr)
                        assert _same(json.loads(told.stdout)["hits"], right), (path, kind)
                except (AssertionError, subprocess.TimeoutExpired) as error:
                    failures.append(f"{path.name} ({kind}): {str(error)[:1_000]}")
                shutil.rmtree(copy)
                shutil.copytree(saved, copy)
            shutil.rmtree(saved)
    assert not failures, "\n\n".join(failures)
