"""The commit record: what ``manifest.json`` says, as frozen dataclasses."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..config import ChunkConfig, HnswConfig, RecordFields, StoreSettings, WalkRules
from ..errors import DamagedError, MismatchError
from ..records import Source

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One immutable file: how long it is, what is in it, and what made it."""

    rows: int
    bytes: int
    sha256: str
    made_with: str = ""
    """Fingerprint of the settings (chunks) or the encoder (embeddings) it was made with."""


@dataclass(frozen=True, slots=True)
class Part:
    """One batch of documents on its way down the pipeline."""

    number: int
    documents: FileRecord
    chunks: FileRecord | None = None
    embeddings: FileRecord | None = None
    dead: tuple[int, ...] = ()
    """Rows of the documents file that are deleted or replaced, ascending."""

    @property
    def live_documents(self) -> int:
        """Rows that are neither deleted nor replaced."""
        return self.documents.rows - len(self.dead)


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """The encoder whose vectors the store holds."""

    model: str
    fingerprint: str
    dim: int


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """One published index generation and the parts that it answers from."""

    generation: int
    settings: StoreSettings
    """What it was made with; the store's own may have been changed since."""
    encoder: EncoderRecord
    parts: tuple[Part, ...]
    files: dict[str, FileRecord]
    """Path below the generation's folder -> what it is."""
    rows: int
    """Live chunks in both arms."""


@dataclass(frozen=True, slots=True)
class FilesRecord:
    """The ledger of input files, and the highest part number that it knows of."""

    number: int
    file: FileRecord
    covers: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One snapshot."""

    settings: StoreSettings = field(default_factory=StoreSettings)
    sources: tuple[Source, ...] = ()
    parts: tuple[Part, ...] = ()
    files: FilesRecord | None = None
    encoder: EncoderRecord | None = None
    index: IndexRecord | None = None
    next_part: int = 1
    next_generation: int = 1
    snapshot: int = 0
    format_version: int = FORMAT_VERSION

    def part(self, number: int) -> Part:
        """Return the part called ``number``."""
        return next(part for part in self.parts if part.number == number)

    def with_part(self, part: Part) -> Manifest:
        """Return a manifest in which ``part`` replaces its namesake, or is appended."""
        if any(other.number == part.number for other in self.parts):
            return replace(self, parts=tuple(part if other.number == part.number else other for other in self.parts))
        return replace(self, parts=(*self.parts, part), next_part=max(self.next_part, part.number + 1))

    def with_dead(self, dead: dict[int, set[int]]) -> Manifest:
        """Return a manifest in which these document rows are dead too; parts with no live row are gone."""
        parts = (
            replace(part, dead=tuple(sorted({*part.dead, *dead[part.number]}))) if dead.get(part.number) else part
            for part in self.parts
        )
        return replace(self, parts=tuple(part for part in parts if part.live_documents))

    def to_json(self) -> str:
        """Return the text of ``manifest.json``."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True) + "\n"

    @staticmethod
    def from_json(text: str, name: str) -> Manifest:
        """Return the manifest in ``text``; ``name`` is the file it came from, for messages.

        Raises:
            MismatchError: a newer embedctl wrote it.
            DamagedError: it is not a manifest.
        """
        try:
            raw = json.loads(text)
            version = int(raw["format_version"])
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedError(
                f"{name} is not a manifest: {error}.", "Restore it from a copy, or index again."
            ) from error
        if version > FORMAT_VERSION:
            raise MismatchError(
                f"{name} has format {version}; this embedctl reads formats up to {FORMAT_VERSION}.",
                "Upgrade embedctl, or index again into another --store.",
            )
        try:
            return _manifest(raw)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(
                f"{name} is incomplete: {error!r}.", "Restore it from a copy, or index again."
            ) from error


def _manifest(raw: dict[str, Any]) -> Manifest:
    index = raw["index"]
    files = raw["files"]
    return Manifest(
        settings=_settings(raw["settings"]),
        sources=tuple(_source(source) for source in raw["sources"]),
        parts=tuple(_part(part) for part in raw["parts"]),
        files=files and FilesRecord(files["number"], FileRecord(**files["file"]), files["covers"]),
        encoder=raw["encoder"] and EncoderRecord(**raw["encoder"]),
        index=index
        and IndexRecord(
            generation=index["generation"],
            settings=_settings(index["settings"]),
            encoder=EncoderRecord(**index["encoder"]),
            parts=tuple(_part(part) for part in index["parts"]),
            files={name: FileRecord(**record) for name, record in index["files"].items()},
            rows=index["rows"],
        ),
        next_part=raw["next_part"],
        next_generation=raw["next_generation"],
        snapshot=raw["snapshot"],
        format_version=raw["format_version"],
    )


def _settings(raw: dict[str, Any]) -> StoreSettings:
    return StoreSettings(
        chunk=ChunkConfig(**raw["chunk"]), model=raw["model"], language=raw["language"], hnsw=HnswConfig(**raw["hnsw"])
    )


def _part(raw: dict[str, Any]) -> Part:
    return Part(
        number=raw["number"],
        documents=FileRecord(**raw["documents"]),
        chunks=raw["chunks"] and FileRecord(**raw["chunks"]),
        embeddings=raw["embeddings"] and FileRecord(**raw["embeddings"]),
        dead=tuple(raw["dead"]),
    )


def _source(raw: dict[str, Any]) -> Source:
    rules: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in raw["rules"].items()
    }
    return Source(
        name=raw["name"],
        root=raw["root"],
        rules=WalkRules(**rules),
        fields=RecordFields(**raw["fields"]),
        only=None if raw["only"] is None else tuple(raw["only"]),
        forgotten=tuple(raw["forgotten"]),
    )
