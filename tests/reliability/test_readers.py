"""What a reader does when writers publish and clean up at the worst moment: between its manifest and its first file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import embedctl
from embedctl.config import FilterConfig, IndexLimits, QueryConfig, RankingRequest, SettingsRequest
from embedctl.errors import DamagedError
from embedctl.index.open import superseded
from embedctl.query import session
from embedctl.store.layout import Layout
from embedctl.store.manifest import Manifest
from embedctl.store.writer import read_manifest

SMALL = IndexLimits(flat_rows=0, graph_after=12)
EVERYTHING = QueryConfig(n=50, ranking=RankingRequest(candidates=2_560), filter=FilterConfig(where="size > 0"))
"""So many candidates that ten queries of a batch are encoded and scanned at once."""


class World:
    """A store that is read, and a writer beside it."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.docs = folder / "docs"
        self.docs.mkdir()
        self.epoch = 0
        self.settings = SettingsRequest(model=str(model), threads=1)
        self.writer = embedctl.create(folder / ".embedctl")
        self.publish()
        self.store = embedctl.open(folder / ".embedctl")

    def publish(self) -> None:
        """Change every document, and publish."""
        self.epoch += 1
        for name in ("keys", "vault", "seal"):
            text = f"The {name} of epoch{self.epoch}x, which is lost and found.\n"
            (self.docs / f"{name}.txt").write_text(text, encoding="utf-8")
        self.writer.index([self.docs], settings=self.settings)

    def publish_and_collect(self) -> None:
        """Publish twice: the second run removes what the first one replaced."""
        self.publish()
        self.publish()


@pytest.fixture
def world(tmp_path: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("embedctl.config.limits.INDEX", SMALL)
    return World(tmp_path, small_model)


def epochs(texts: list[str]) -> set[str]:
    return {text.partition("epoch")[2].partition("x")[0] for text in texts}


def asked(store: embedctl.Store) -> set[str]:
    return epochs([hit.text for hit in store.query("lost keys", EVERYTHING).hits])


def asked_many(store: embedctl.Store) -> set[str]:
    return epochs([hit.text for answer in store.query_many(["lost", "keys"], EVERYTHING) for hit in answer.hits])


def listed(store: embedctl.Store) -> set[str]:
    assert len(store.status(files="all")["listed"]) == 3
    return set()


QUESTIONS: dict[str, Callable[[embedctl.Store], set[str]]] = {
    "query": asked,
    "query_many": asked_many,
    "show": lambda store: epochs([store.show("keys.txt").fields["text"]]),
    "status": listed,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_reader_goes_on_as_long_as_snapshots_go_by(
    world: World, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two snapshots in a row are gone before their first file is opened."""
    left, publishing = 3, False

    def too_late(layout: Layout) -> Manifest:
        nonlocal left, publishing
        manifest = read_manifest(layout)
        if left and not publishing:  # a run reads the manifest, too
            left, publishing = left - 1, True
            world.publish_and_collect()
            publishing = False
        return manifest

    monkeypatch.setattr(session, "read_manifest", too_late)
    found = QUESTIONS[question](world.store)
    assert left == 0
    assert found <= {str(world.epoch)}


@pytest.mark.parametrize(("late", "where"), [(0, "size > 0"), (15, "")])
def test_a_batch_is_answered_by_the_snapshot_it_began_with(world: World, late: int, where: str) -> None:
    """Also if that is collected before the first query comes, or before one that would have loaded its graph."""
    queries = [f"lost {'keys ' * (at % 5)}and found" for at in range(40)]
    config = replace(EVERYTHING, filter=FilterConfig(where=where))
    expected = [[hit.text for hit in answer.hits] for answer in world.store.query_many(queries, config)]

    def asked_for() -> Iterator[str]:
        for at, query in enumerate(queries):
            if at == late:
                world.publish_and_collect()
            yield query

    generation = read_manifest(Layout(world.store.path)).index
    answers = list(embedctl.open(world.store.path).query_many(asked_for(), config))
    assert generation is not None
    assert not Layout(world.store.path).generation(generation.generation).exists()
    assert [[hit.text for hit in answer.hits] for answer in answers] == expected
    assert not any(answer.degraded or answer.warnings for answer in answers)
    assert asked(world.store) == {str(world.epoch)}


def test_commits_that_leave_the_index_alone_reopen_nothing(world: World) -> None:
    for _ in range(14):
        answer = world.store.query("lost keys")
    assert answer.explanation.dense_plan == "hnsw: the graph is loaded"
    (world.docs / "more.txt").write_text("More of it.\n", encoding="utf-8")
    world.writer.ingest()
    assert world.store.query("lost keys").explanation.dense_plan == "hnsw: the graph is loaded"
    world.writer.index(refresh=False)
    assert len(world.store.query("lost keys").hits) == 4


def test_another_store_in_the_same_place_is_seen(world: World, tmp_path: Path, small_model: Path) -> None:
    """Even when it has made as many snapshots as the one before it."""
    before = world.store.query("lost keys").hits
    snapshot = world.store.status()["snapshot"]
    shutil.rmtree(world.store.path)
    (world.docs / "keys.txt").write_text("Nothing but walrus.\n", encoding="utf-8")
    world.writer.index([world.docs], settings=world.settings)
    assert world.store.status()["snapshot"] == snapshot
    assert [hit.text for hit in world.store.query("lost keys").hits] != [hit.text for hit in before]
    assert world.store.query("walrus", QueryConfig(mode="bm25")).hits[0].path.endswith("keys.txt")


def test_what_is_missing_of_the_current_snapshot_is_damage(world: World) -> None:
    layout = Layout(world.store.path)
    before, _, manifest = read_manifest(layout), world.publish(), read_manifest(layout)
    assert before.index is not None
    assert manifest.index is not None
    assert superseded(layout, before.index)
    assert not superseded(layout, manifest.index)
    for part in manifest.parts:
        layout.documents(part.number).unlink()
    for question in ("query", "query_many", "show"):
        with pytest.raises(DamagedError, match="documents"):
            QUESTIONS[question](world.store)
