"""Stores to measure with: collections as they are, and generated ones whose vectors are ready and only want indexes."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

import embedctl
from embedctl.config import DEFAULT_MODEL, TEXT_FIELD, ChunkConfig
from embedctl.encoders import card
from embedctl.store.layout import Layout
from embedctl.store.manifest import EncoderRecord
from embedctl.store.parts import chunk_columns, read_vectors, write_embeddings
from embedctl.store.schemas import chunks_schema, documents_schema
from embedctl.store.writer import read_manifest, writing

from . import corpus
from .processes import embedctl as command
from .processes import watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from .bench import Bench
    from .collection import Collection

GENERATOR = 1
"""To be raised when generated stores become others."""
STORE = ".embedctl"
RECORDS = "records"
LONG_AGO = 1_600_000_000
"""Time of generated files, in seconds since the epoch: files that have just been written are read twice."""
_NOT_LINKED = shutil.ignore_patterns("lock", "lock.json", "runs")


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts and vectors of a store, row for row."""

    texts: list[str]
    """What the encoder reads: context and text."""
    bodies: list[str]
    """Text alone."""
    vectors: NDArray[np.float32]


def collection_store(bench: Bench, collection: Collection) -> Path:
    """Return a collection's store, every setting at its default; made by the real encoder unless it is there."""
    folder = bench.folder(f"collection-{collection.name}", *collection.stamp, *_maker())
    store = folder / STORE
    if not store.exists():
        bench.say(f"indexing {collection.path}")
        making = _fresh(folder)
        embedctl.create(making / STORE, reporter="silent").index([collection.texts])
        making.rename(folder)
    return store


def store_rows(store: Path) -> Rows:
    """Return every live chunk of a store."""
    layout = Layout(store)
    texts: list[str] = []
    bodies: list[str] = []
    vectors: list[NDArray[np.float32]] = []
    for part in read_manifest(layout).parts:
        table = chunk_columns(layout, part, "context", "text").to_pydict()
        bodies += table["text"]
        texts += [context + text for context, text in zip(table["context"], table["text"], strict=True)]
        vectors.append(read_vectors(layout, part))
    return Rows(texts, bodies, np.concatenate(vectors))


@lru_cache(maxsize=1)
def seeds(bench: Bench) -> corpus.Seeds:
    """Return what generated stores are recombined from."""
    rows = [store_rows(collection_store(bench, collection)) for collection in bench.collections]
    return corpus.make_seeds(
        [body for each in rows for body in each.bodies], np.concatenate([each.vectors for each in rows])
    )


def queries(bench: Bench, count: int) -> list[str]:
    """Return ``count`` queries: those of the collections, then pieces of their sentences."""
    given = [text for collection in bench.collections for text in collection.queries().values()]
    return corpus.query_texts(seeds(bench), given, count, bench.seed)


def ready_store(bench: Bench, size: int) -> Path:
    """Return a folder with ``records/`` and a store that has documents, chunks and vectors of them, but no index."""
    stamps = [part for collection in bench.collections for part in collection.stamp]
    folder = bench.folder(f"ready-{size}", *stamps, *_maker(), bench.seed, GENERATOR)
    if not folder.exists():
        bench.say(f"making {size:,} chunks with ready vectors")
        making = _fresh(folder)
        for block in range(-(-size // corpus.BLOCK)):
            write_records(bench, making, block, min(corpus.BLOCK, size - block * corpus.BLOCK))
        watch(command("ingest", making / RECORDS, "--store", making / STORE, "-q"))
        watch(command("chunk", "--store", making / STORE, "-q"))
        give_vectors(Layout(making / STORE), seeds(bench), bench.seed, size)
        making.rename(folder)
    return folder


def write_records(bench: Bench, base: Path, block: int, count: int, name: str = "") -> Path:
    """Write the first documents of a block as a record file."""
    path = base / RECORDS / f"{name or format(block, '06d')}.jsonl"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in corpus.block_records(seeds(bench), bench.seed, block, count))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def give_vectors(layout: Layout, given: corpus.Seeds, seed: int, size: int) -> None:
    """Write the vectors of every chunk as ``embedctl embed`` would, and commit them.

    Raises:
        ValueError: the documents are not one chunk each.
    """
    model = card(DEFAULT_MODEL)
    block_of = lru_cache(maxsize=2)(lambda block: corpus.block_vectors(given, seed, block))
    with writing(layout, "benchmarks") as writer:
        manifest = writer.manifest
        chunks = sum(part.chunks.rows for part in manifest.parts if part.chunks)
        if chunks != size:
            raise ValueError(f"The {size:,} generated documents are {chunks:,} chunks instead of one each.")
        files = []
        for part in manifest.parts:
            table = chunk_columns(layout, part, "chunk_id", "doc_id")
            numbers = np.array([int(name.rsplit("#", 1)[1]) for name in table.column("doc_id").to_pylist()])
            vectors = np.empty((len(numbers), given.vectors.shape[1]), dtype=np.float32)
            for block in np.unique(numbers // corpus.BLOCK):
                own = numbers // corpus.BLOCK == block
                vectors[own] = block_of(int(block))[numbers[own] % corpus.BLOCK]
            record = write_embeddings(layout, part.number, table.column("chunk_id"), vectors, model.fingerprint)
            manifest = manifest.with_part(replace(part, vectors={TEXT_FIELD: record}))
            files.append(layout.embeddings(model.fingerprint, part.number))
        encoder = EncoderRecord(manifest.settings.model, model.fingerprint, given.vectors.shape[1])
        writer.commit(manifest.with_encoder(TEXT_FIELD, encoder), files)


def twin(folder: Path, target: Path) -> Path:
    """Give every file of a store and its records a second name below ``target``: nothing of a store ever changes."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, copy_function=os.link, ignore=_NOT_LINKED)
    return target


def indexed_folder(bench: Bench, size: int) -> Path:
    """Return where the indexed twin of a generated store is, or will be."""
    ready = ready_store(bench, size)
    return ready.with_name(ready.name.replace("ready", "indexed"))


def indexed_store(bench: Bench, size: int) -> Path:
    """Return a generated store with its indexes; the one that ``building`` made, if it is there."""
    folder = indexed_folder(bench, size)
    if not folder.exists():
        making = twin(ready_store(bench, size), folder.with_name(folder.name + ".making"))
        making.rename(folder)
    bench.say(f"making sure that {size:,} chunks are indexed")  # by this embedctl: nothing to do, as a rule
    watch(command("index", "--no-refresh", "--store", folder / STORE, "-q"))
    return folder / STORE


def part_files(store: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the files of each part's chunks and vectors."""
    layout = Layout(store)
    for part in read_manifest(layout).parts:
        if part.chunks and part.embeddings:
            yield layout.chunks(part.number), layout.embeddings(part.embeddings.made_with, part.number)


def _fresh(folder: Path) -> Path:
    """Return an empty folder that becomes ``folder`` by a new name when it is whole."""
    making = folder.with_name(folder.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    return making


@cache
def _maker() -> tuple[str, ...]:
    """Return what decides the content of parts besides the texts: model, chunk settings, schemas."""
    chunks = ChunkConfig().fingerprint(card(DEFAULT_MODEL).tokenizer().fingerprint)
    return card(DEFAULT_MODEL).fingerprint, chunks, str(chunks_schema()), str(documents_schema())
