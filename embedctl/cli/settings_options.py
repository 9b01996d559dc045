"""Flags that say what a store is made with."""

from dataclasses import dataclass, fields
from typing import Annotated

from ..config import ChunkConfig, DistillConfig, HnswConfig, Secrets, SettingsRequest, StoreSettings
from ..errors import UsageError
from .parameters import option

_STORE, _CHUNK, _HNSW, _DISTILL = StoreSettings(), ChunkConfig(), HnswConfig(), DistillConfig()


@dataclass(frozen=True, slots=True)
class SettingsOptions:
    """What a new store is made with; an existing one changes only with ``--rebuild``."""

    model: Annotated[
        str | None, option(metavar="NAME|FOLDER", help=f"The encoder. A new store takes {_STORE.model}.")
    ] = None
    language: Annotated[
        str | None, option(help=f"Stemmer and tokenizer of BM25. A new store takes {_STORE.language}.")
    ] = None
    strategy: Annotated[
        str | None,
        option(
            help="How documents are cut: auto, markdown, rst, code, recursive, window, page or none. "
            f"A new store takes {_CHUNK.strategy}."
        ),
    ] = None
    size: Annotated[
        int | None,
        option("--chunk-size", min=1, metavar="TOKENS", help="Longest chunk. A new store takes the encoder's maximum."),
    ] = None
    overlap: Annotated[
        int | None,
        option(min=0, metavar="TOKENS", help=f"Shared by neighbouring chunks. A new store takes {_CHUNK.overlap}."),
    ] = None
    context: Annotated[
        bool | None,
        option("--context/--no-context", help="Search title and headings along with each chunk. A new store does."),
    ] = None
    m: Annotated[
        int | None, option("--hnsw-m", min=2, metavar="N", help=f"Links of a graph node. A new store takes {_HNSW.m}.")
    ] = None
    ef_construction: Annotated[
        int | None,
        option(min=1, metavar="N", help=f"Breadth of graph building. A new store takes {_HNSW.ef_construction}."),
    ] = None
    threads: Annotated[
        int | None,
        option(min=0, metavar="N", help="For parsing and the graph; 0: all processors, 1: byte-identical results."),
    ] = None
    fast: Annotated[
        bool | None,
        option("--fast/--no-fast", help="Let the model embed a sample, and an encoder distilled from it all chunks."),
    ] = None
    teacher_share: Annotated[
        float | None,
        option(min=0.0, metavar="SHARE", help=f"With --fast: share of the sample. A new store takes {_DISTILL.share}."),
    ] = None
    secrets: Annotated[
        Secrets | None, option(help=f"What becomes of keys and passwords in texts. A new store takes {_STORE.secrets}.")
    ] = None
    rebuild: Annotated[bool, option("--rebuild", help="Make everything again that was made with other settings.")] = (
        False
    )

    def request(self) -> SettingsRequest:
        """Return what was asked for; flags that were not given ask for nothing.

        Raises:
            UsageError: the share is none, or --no-fast was given one.
        """
        share = self.teacher_share
        if share is not None and (self.fast is False or not 0.0 < share <= 1.0):
            raise UsageError("--teacher-share goes with --fast, and lies above 0 and up to 1.", "Leave out one.")
        if self.fast is not None and share is None:
            share = _DISTILL.share if self.fast else 1.0
        asked = {field.name: getattr(self, field.name) for field in fields(SettingsRequest)}
        return SettingsRequest(**asked | {"teacher_share": share})
