"""``doctor``: each kind of damage is found by name, and repaired without embedding what is not lost."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from counting_encoder import CountingEncoder
from damage import (
    answers,
    flip,
    flip_column,
    garbage,
    link,
    manifest_of,
    part_with,
    remove,
    truncate,
    zero_page,
)
from guide import GUIDE

import embedctl
from embedctl import SettingsRequest, encoders
from embedctl.config import IndexLimits
from embedctl.contracts import Encoder
from embedctl.doctor.examine import examine
from embedctl.doctor.findings import DoctorReport, Finding
from embedctl.doctor.part_repair import PartRepair
from embedctl.doctor.repair import Repair
from embedctl.encoders.model_folder import ModelFolder
from embedctl.errors import DamagedError, LockedError, MismatchError, ModelError, NoStoreError
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.writer import writing

BIRDS = 520
TEXTS = {
    "cats.txt": "Cats sleep all day long in the sun.\n",
    "rivers.txt": "The river carries snow water to the sea.\n",
    "bread.txt": "Bread rises slowly in a cold kitchen.\n",
}
THINGS = [
    "kestrel",
    "loom",
    "harbour",
    "violin",
    "lantern",
    "beehive",
    "archive",
    "comet",
    "ferry",
    "quarry",
    "orchard",
    "signal",
    "vault",
    "well",
    "mill",
    "fog",
]
DOCS = 5
"""Documents of the second part, of which one is dead, with 7 chunks, of which one is dead."""
LIMITS = IndexLimits(flat_rows=0, graph_tail_rows=10_000, rescored_least=50)
"""Sign bits and a graph in a small store, too."""


def bird(number: int) -> str:
    """Return a text unlike the others: hnswlib does not reach all of many that are nearly the same."""
    return f"Bird number {number} of the meadow sings of a {THINGS[number % 16]} and a {THINGS[number // 16 % 16]}."


def use_limits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("embedctl.config.limits.INDEX", LIMITS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A folder with sources and a store of three parts; the second has a dead row. Never changed."""
    folder = tmp_path_factory.mktemp("made")
    birds, docs = folder / "birds", folder / "docs"
    birds.mkdir()
    docs.mkdir()
    rows = [{"id": f"b{n}", "text": bird(n)} for n in range(BIRDS)]
    (birds / "birds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (docs / "keys.md").write_text(GUIDE, encoding="utf-8")
    (docs / "backup.txt").write_text("Backups run at two in the morning.\n", encoding="utf-8")
    for name, text in TEXTS.items():
        (docs / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        use_limits(patch)
        patch.chdir(folder)
        store = embedctl.create(folder / ".embedctl")
        settings = SettingsRequest(threads=1)
        store.index(["birds"], settings=settings)
        store.index(["docs"], settings=settings)
        (docs / "backup.txt").write_text("Backups run at three in the morning, every night.\n", encoding="utf-8")
        (docs / "tower.txt").write_text("The lighthouse stood through the storm.\n", encoding="utf-8")
        store.index(settings=settings)
    return folder


@pytest.fixture
def counting(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> CountingEncoder:
    """The real model, with a record of its work: a graph among hashed words of so few topics finds too little."""
    counting = CountingEncoder(encoder)
    monkeypatch.setattr(ModelFolder, "open", lambda *_: counting)
    return counting


@pytest.fixture
def store(made: Path, tmp_path: Path, counting: CountingEncoder, monkeypatch: pytest.MonkeyPatch) -> embedctl.Store:
    use_limits(monkeypatch)
    shutil.copytree(made, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    return embedctl.open(tmp_path / "copy" / ".embedctl")


@pytest.fixture(scope="module")
def right(made: Path) -> list[list[tuple[str, str, float]]]:
    """What the undamaged store answers."""
    return answers(embedctl.open(made / ".embedctl"))


def damage(report: DoctorReport) -> list[tuple[str, str | None]]:
    return sorted((one.kind, one.file) for one in report.findings if one.severity == "damage")


def names(store: embedctl.Store, path: Path) -> str:
    return path.relative_to(store.path).as_posix()


def of(report: DoctorReport, kind: str) -> list[Finding]:
    return [one for one in report.findings if one.kind == kind]


def part_file(store: embedctl.Store, kind: str, documents: int = BIRDS) -> Path:
    part, layout = part_with(store, documents), Layout(store.path)
    if kind == "embeddings":
        assert part.embeddings
        return layout.embeddings(part.embeddings.made_with, part.number)
    return layout.documents(part.number) if kind == "documents" else layout.chunks(part.number)


def index_file(store: embedctl.Store, name: str) -> Path:
    index = manifest_of(store).index
    assert index
    folder = Layout(store.path).generation(index.generation)
    found = sorted(path for path in folder.glob(name) if path.is_file())
    return found[-1]


# --- looking


def test_a_sound_store_is_sound(store: embedctl.Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.path.rglob("*")}
    report = store.doctor(deep=True)
    assert not [one for one in report.findings if one.severity != "note"], report.findings
    assert report.exit_code == 0
    assert all(check.ok for check in report.checks)
    assert report.counts["parts"] == 3
    assert report.counts["documents"] == BIRDS + 6
    assert report.recall is not None
    assert all((report.recall[plan] or 0) > 0.9 for plan in ("hnsw", "binary"))
    assert report.bytes_read == report.counts["bytes"]
    assert {path: path.stat().st_mtime_ns for path in store.path.rglob("*")} == before


FILES = ("documents", "chunks", "embeddings", "ledger", "dense/hnsw.bin", "dense/hnsw.u64", "bm25/*.store")
FILES += ("bm25/meta.json", "dense/vectors/*/vectors.f16", "dense/vectors/*/labels.u64", "dense/vectors/*/bits.u64")
FILES += ("dense/dead.u64", "dense/centre.f32", "rows/*/labels.u64", "rows/*/documents.u64", "rows/*/blocks.u64")
FILES += ("rows/*/payloads.z",)
DERIVED = FILES[4:]


def file_called(store: embedctl.Store, name: str) -> Path:
    if name == "ledger":
        files = manifest_of(store).files
        assert files
        return Layout(store.path).files(files.number)
    return part_file(store, name) if name in FILES[:3] else index_file(store, name)


@pytest.mark.parametrize(
    ("name", "harm"),
    [*zip(FILES, itertools.cycle([truncate, remove, link]), strict=False), *((name, garbage) for name in FILES)],
)
def test_what_a_look_finds(store: embedctl.Store, name: str, harm: Callable[[Path], None]) -> None:
    path = file_called(store, name)
    kind = "index" if name in DERIVED else name
    if path.stat().st_size == 0:
        pytest.skip("an empty file cannot be shorter")
    harm(path)
    report = store.doctor()
    assert (kind, names(store, path)) in damage(report)
    assert {one for one, _ in damage(report)} == {kind}
    assert report.exit_code == DamagedError.exit_code


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found_by_reading_everything(store: embedctl.Store, name: str) -> None:
    path = file_called(store, name)
    if path.stat().st_size == 0:
        pytest.skip("an empty file has no bit")
    store.doctor(deep=True)  # what this machine remembers of the file does not count
    flip(path)
    report = store.doctor(deep=True)
    assert damage(report) == [("index" if name in DERIVED else name, names(store, path))]


def test_files_that_a_writer_removes_meanwhile_are_no_damage(
    store: embedctl.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def examine_late(layout: Layout, manifest: Manifest, *how: object) -> DoctorReport:
        if not looked:
            for _ in range(2):  # the second removes what the first one replaced
                embedctl.open(store.path).index(refresh=False, rebuild=True)
        looked.append(manifest.snapshot)
        return examine(layout, manifest, *how)  # type: ignore[arg-type]

    monkeypatch.setattr("embedctl.doctor.doctor.examine", examine_late)
    report = store.doctor()
    assert report.exit_code == 0
    assert report.snapshot == looked[-1] > looked[0]


HOLD = """
import sys
from pathlib import Path
from embedctl.store.writer import writing
from embedctl.store.layout import Layout
with writing(Layout(Path(sys.argv[1])), "embedctl test"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_writes_and_what_waits(store: embedctl.Store) -> None:
    Path("docs/new.txt").write_text("A new document.\n", encoding="utf-8")
    store.ingest()
    command = [sys.executable, "-c", HOLD, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        report = store.doctor()
        other.kill()
        other.communicate()
    assert of(report, "writer")[0].message.startswith(f'"embedctl test", process {other.pid} on')
    assert "1 for chunk" in of(report, "pending")[0].message
    assert report.exit_code == 0
    assert "was killed" in of(store.doctor(), "writer")[0].message
    assert not of(store.doctor(repair=True), "writer")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(store: embedctl.Store, right: object) -> None:
    for name in ("dense/hnsw.bin", "dense/hnsw.u64", "bm25/meta.json", "dense/dead.u64", "rows/*/blocks.u64"):
        path = index_file(store, name)
        path.unlink()
        os.mkfifo(path)
    assert len(damage(store.doctor(deep=True))) == 5
    check(store, store.doctor(repair=True), right)


def test_leftovers_of_a_killed_run(store: embedctl.Store) -> None:
    (store.path / "documents" / "000099.parquet.tmp").write_bytes(b"half")
    assert "killed run" in of(store.doctor(), "leftovers")[0].message
    report = store.doctor(repair=True)
    assert not of(report, "leftovers")
    assert any("Removed" in told for told in report.done)
    assert not (store.path / "documents" / "000099.parquet.tmp").exists()


def test_modes_are_told_and_mended(store: embedctl.Store) -> None:
    path = part_file(store, "documents")
    path.chmod(0o644)
    assert of(store.doctor(), "modes")[0].severity == "note"  # nobody gets past the store's own folder
    store.path.chmod(0o750)
    assert {one.severity for one in of(store.doctor(), "modes")} == {"note", "warning"}
    report = store.doctor(repair=True)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.repaired for one in of(report, "modes") if one.severity == "warning"] in ([], [True])


def test_a_missing_model_is_no_damage(store: embedctl.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_: str) -> None:
        raise ModelError("The model is not on this machine.")

    monkeypatch.setattr(encoders, "card", find)
    report = store.doctor(deep=True)
    assert of(report, "model")[0].severity == "note"
    assert report.exit_code == 0


def test_no_store_and_a_newer_one(store: embedctl.Store, tmp_path: Path) -> None:
    with pytest.raises(NoStoreError):
        embedctl.create(tmp_path / "none").doctor()
    (store.path / "manifest.json").write_text('{"format_version": 99}', encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in store.path.rglob("*")}
    for repair in (False, True):
        with pytest.raises(MismatchError):
            store.doctor(repair=repair)
    assert {path: path.stat().st_mtime_ns for path in store.path.rglob("*")} == before


# --- repairing


def check(store: embedctl.Store, report: DoctorReport, right: object) -> None:
    assert report.exit_code == 0, report.findings
    assert all(one.repaired for one in report.findings if one.severity == "damage")
    again = store.doctor(deep=True)
    assert not [one for one in again.findings if one.severity != "note"], again.findings
    assert answers(store) == right


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("dense/hnsw.bin", flip),
        ("dense/hnsw.bin", garbage),
        ("bm25/*.store", zero_page),
        ("bm25/meta.json", garbage),
        ("dense/vectors/*/vectors.f16", truncate),
        ("rows/*/payloads.z", flip),
        ("rows/*/labels.u64", remove),
    ],
)
def test_the_index_is_rebuilt_without_the_model(
    store: embedctl.Store, right: object, counting: CountingEncoder, name: str, harm: Callable[[Path], None]
) -> None:
    path = index_file(store, name)
    harm(path)
    report = store.doctor(repair=True)
    assert damage(report) == [("index", names(store, path))]
    assert not counting.documents
    check(store, report, right)


def test_embeddings_keep_what_can_be_read(store: embedctl.Store, right: object, counting: CountingEncoder) -> None:
    path = part_file(store, "embeddings")
    flip_column(path, "vector", group=1)
    report = store.doctor(repair=True)
    assert damage(report) == [("embeddings", names(store, path))]
    assert report.counts["salvaged"] == 512
    assert report.counts["embedded"] == BIRDS - 512 == len(counting.documents)
    check(store, report, right)
    assert not manifest_of(store).samples


@pytest.mark.parametrize("harm", [garbage, remove])
def test_lost_embeddings_are_made_again(
    store: embedctl.Store, right: object, counting: CountingEncoder, harm: Callable[[Path], None]
) -> None:
    harm(part_file(store, "embeddings", DOCS))
    report = store.doctor(repair=True)
    assert report.counts["embedded"] == len(counting.documents) == 7
    check(store, report, right)


@pytest.mark.parametrize("documents", [BIRDS, DOCS])
def test_chunks_are_cut_again_and_keep_their_vectors(
    store: embedctl.Store, right: object, counting: CountingEncoder, documents: int
) -> None:
    garbage(part_file(store, "chunks", documents))
    report = store.doctor(repair=True)
    assert not counting.documents
    check(store, report, right)


def test_chunks_and_embeddings_of_one_part(store: embedctl.Store, right: object, counting: CountingEncoder) -> None:
    remove(part_file(store, "chunks"))
    flip_column(part_file(store, "embeddings"), "vector", group=1)
    report = store.doctor(repair=True)
    assert report.counts["salvaged"] == 512
    assert report.counts["embedded"] == len(counting.documents) == BIRDS - 512
    check(store, report, right)


@pytest.mark.parametrize(("documents", "harm"), [(BIRDS, garbage), (DOCS, remove)])
def test_documents_are_read_again_and_keep_their_vectors(
    store: embedctl.Store, right: object, counting: CountingEncoder, documents: int, harm: Callable[[Path], None]
) -> None:
    path = part_file(store, "documents", documents)
    harm(path)
    report = store.doctor(repair=True)
    assert damage(report) == [("documents", names(store, path))]
    assert not counting.documents
    assert not report.lost
    check(store, report, right)


def test_documents_that_can_be_read_are_kept_when_the_source_is_gone(
    store: embedctl.Store, right: object, counting: CountingEncoder
) -> None:
    flip_column(part_file(store, "documents"), "text", group=1)
    Path("birds/birds.jsonl").unlink()
    report = store.doctor(repair=True)
    assert not counting.documents
    assert report.exit_code == 3
    assert report.lost == sorted(f"birds:birds.jsonl#b{number}" for number in range(512, BIRDS))
    assert store.status()["documents"] == 512 + 6
    assert store.doctor(deep=True).exit_code == 0


def test_a_lost_document_is_named(store: embedctl.Store, counting: CountingEncoder) -> None:
    remove(part_file(store, "documents", DOCS))
    Path("docs/keys.md").unlink()
    report = store.doctor(repair=True)
    assert report.lost == ["docs:keys.md"]
    assert report.exit_code == 3
    assert store.doctor(deep=True).exit_code == 0
    assert store.status()["documents"] == BIRDS + 5


def test_everything_of_a_part_at_once(store: embedctl.Store, right: object, counting: CountingEncoder) -> None:
    for kind in ("documents", "chunks", "embeddings"):
        remove(part_file(store, kind, DOCS))
    report = store.doctor(repair=True)
    assert len(counting.documents) == 6
    check(store, report, right)


@pytest.mark.parametrize(
    ("kind", "column", "embedded"), [("embeddings", "vector", 7), ("documents", "text", 0), ("chunks", "sha256", 0)]
)
def test_nothing_is_taken_from_a_whole_file_that_is_another(
    store: embedctl.Store, right: object, counting: CountingEncoder, kind: str, column: str, embedded: int
) -> None:
    path = part_file(store, kind, DOCS)
    table = pq.read_table(path)
    values = pa.chunked_array([table.column(column).combine_chunks().take(list(reversed(range(table.num_rows))))])
    table = table.set_column(table.schema.get_field_index(column), table.schema.field(column), values)
    pq.write_table(table, path, compression="none", write_page_checksum=True)
    report = store.doctor(repair=True)
    assert len(counting.documents) == embedded
    check(store, report, right)


def test_the_ledger_is_made_again(store: embedctl.Store, right: object, counting: CountingEncoder) -> None:
    garbage(file_called(store, "ledger"))
    report = store.doctor(repair=True)
    assert not counting.documents
    check(store, report, right)
    assert store.index().outcomes["unchanged"] == BIRDS + 6


@pytest.mark.parametrize("harm", [flip, remove])
def test_the_manifest_comes_back(store: embedctl.Store, right: object, harm: Callable[[Path], None]) -> None:
    path = store.path / "manifest.json"
    before = path.read_bytes()
    harm(path)
    assert damage(store.doctor()) == [("manifest", "manifest.json")]
    report = store.doctor(repair=True)
    assert path.read_bytes() == before
    check(store, report, right)


@pytest.mark.parametrize("harm", [flip, remove])
def test_the_copy_of_the_manifest_is_renewed(store: embedctl.Store, harm: Callable[[Path], None]) -> None:
    harm(store.path / "manifest.backup.json")
    assert [one.severity for one in of(store.doctor(), "backup")] == ["warning"]
    assert store.doctor(repair=True).exit_code == 0
    assert (store.path / "manifest.backup.json").read_bytes() == (store.path / "manifest.json").read_bytes()


def test_an_older_copy_of_the_manifest_is_no_harm(store: embedctl.Store) -> None:
    copy = store.path / "manifest.backup.json"
    before = copy.read_bytes()
    store.index(refresh=False, rebuild=True)
    copy.write_bytes(before)
    assert [one.severity for one in of(store.doctor(), "backup")] == ["note"]


def test_without_a_manifest_nothing_is_touched(store: embedctl.Store) -> None:
    for name in ("manifest.json", "manifest.backup.json"):
        garbage(store.path / name)
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    report = store.doctor(repair=True)
    assert report.exit_code == 4
    assert "--store" in of(report, "manifest")[0].remedy
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before


def test_a_dry_run_says_what_and_writes_nothing(store: embedctl.Store) -> None:
    flip(part_file(store, "embeddings"))
    garbage(index_file(store, "dense/hnsw.bin"))
    before = {path: path.stat().st_mtime_ns for path in store.path.rglob("*")}
    report = store.doctor(repair=True, dry_run=True)
    assert report.repair == "plan"
    assert [told.split(":")[0] for told in report.done] == [
        "Part 1",
        "Rebuild the index from the parts; no text is embedded again.",
    ]
    assert {path: path.stat().st_mtime_ns for path in store.path.rglob("*")} == before
    assert report.exit_code == 4


def test_a_repair_waits_for_no_other_writer(store: embedctl.Store) -> None:
    garbage(index_file(store, "dense/hnsw.bin"))
    with writing(Layout(store.path), "embedctl test"), pytest.raises(LockedError):
        store.doctor(repair=True)


@pytest.mark.parametrize(
    ("of_what", "step"),
    [
        (PartRepair, "documents"),
        (PartRepair, "chunks"),
        (PartRepair, "embeddings"),
        (Repair, "_ledger"),
        (Repair, "_through_the_pipeline"),
        (Repair, "_finish"),
    ],
)
def test_an_interrupted_repair_is_run_again(
    store: embedctl.Store, right: object, counting: CountingEncoder, of_what: type, step: str
) -> None:
    remove(part_file(store, "documents", DOCS))
    garbage(part_file(store, "chunks"))
    flip_column(part_file(store, "embeddings"), "vector", group=1)
    remove(part_file(store, "embeddings", 2))
    garbage(file_called(store, "ledger"))
    garbage(index_file(store, "dense/hnsw.bin"))
    with pytest.MonkeyPatch.context() as patch:
        done = getattr(of_what, step)

        def killed(self: object, *arguments: object) -> None:
            done(self, *arguments)
            raise KeyboardInterrupt

        patch.setattr(of_what, step, killed)
        with pytest.raises(KeyboardInterrupt):
            store.doctor(repair=True)
    report = store.doctor(repair=True)
    assert len(counting.documents) == BIRDS - 512 + 2
    check(store, report, right)
    assert not manifest_of(store).samples
