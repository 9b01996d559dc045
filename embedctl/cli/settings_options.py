"""Flags that say what a store is made with."""

from dataclasses import dataclass, fields
from typing import Annotated

from typer import Option

from ..config import ChunkConfig, HnswConfig, SettingsRequest, StoreSettings

_STORE, _CHUNK, _HNSW = StoreSettings(), ChunkConfig(), HnswConfig()


@dataclass(frozen=True, slots=True)
class SettingsOptions:
    """What a new store is made with; an existing one changes only with ``--rebuild``."""

    model: Annotated[
        str | None, Option(metavar="NAME|FOLDER", help=f"The encoder. A new store takes {_STORE.model}.")
    ] = None
    language: Annotated[
        str | None, Option(help=f"Stemmer and tokenizer of BM25. A new store takes {_STORE.language}.")
    ] = None
    strategy: Annotated[
        str | None,
        Option(
            help="How documents are cut: auto, markdown, rst, code, recursive, window, page or none. "
            f"A new store takes {_CHUNK.strategy}."
        ),
    ] = None
    size: Annotated[
        int | None,
        Option("--chunk-size", min=1, metavar="TOKENS", help="Longest chunk. A new store takes the encoder's maximum."),
    ] = None
    overlap: Annotated[
        int | None,
        Option(min=0, metavar="TOKENS", help=f"Shared by neighbouring chunks. A new store takes {_CHUNK.overlap}."),
    ] = None
    context: Annotated[
        bool | None,
        Option("--context/--no-context", help="Search title and headings along with each chunk. A new store does."),
    ] = None
    m: Annotated[
        int | None, Option("--hnsw-m", min=2, metavar="N", help=f"Links of a graph node. A new store takes {_HNSW.m}.")
    ] = None
    ef_construction: Annotated[
        int | None,
        Option(min=1, metavar="N", help=f"Breadth of graph building. A new store takes {_HNSW.ef_construction}."),
    ] = None
    threads: Annotated[
        int | None,
        Option(min=0, metavar="N", help="For graph building; 0: all processors, 1: byte-identical results."),
    ] = None
    rebuild: Annotated[bool, Option("--rebuild", help="Make everything again that was made with other settings.")] = (
        False
    )

    def request(self) -> SettingsRequest:
        """Return what was asked for; flags that were not given ask for nothing."""
        return SettingsRequest(**{field.name: getattr(self, field.name) for field in fields(SettingsRequest)})
