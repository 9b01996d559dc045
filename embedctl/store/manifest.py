"""The commit record: what ``manifest.json`` says, as frozen dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: TC003 - the codec reads type hints
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

from ..config import TEXT_FIELD, RankingConfig, StoreSettings
from ..errors import MismatchError
from .codec import below_folder, matching, text, whole

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..records import JSON, Source

FORMAT_VERSION = 4
"""Written. Formats 1 to 3 are read: of one field and two arms, 1 without its index, 1 and 2 without a checksum."""
INDEX_SINCE = 2
CHECKSUM_SINCE = 3

_MOST_ROWS = (1 << 31) - 1
Rows = Annotated[int, whole(0, _MOST_ROWS)]
Number = Annotated[int, whole(0, _MOST_ROWS)]
"""Of a part: the upper 32 bits of labels, with one bit for files of samples."""
Dim = Annotated[int, whole(1, 1 << 16)]
Sha256 = Annotated[str, matching(r"[0-9a-f]{64}", "is not 64 hex digits")]
Fingerprint = Annotated[str, matching(r"[0-9a-f]{16}", "is not 16 hex digits")]
Name = Annotated[str, matching(r"[A-Za-z0-9_-]{1,64}", "is {!r}, which is no name")]
"""Of a field or an arm."""
Folder = Annotated[str, text(lambda name: not name or (below_folder(name) and "/" not in name), "is no folder's name")]
FileName = Annotated[str, text(below_folder, "names {!r}, which is not a file below that folder")]


@dataclass(frozen=True, slots=True, order=True)
class FileRecord:
    """One immutable file: how long it is, what is in it, and what made it."""

    rows: Rows
    bytes: int
    sha256: Sha256
    made_with: str = ""
    """Fingerprint of the settings (chunks) or the encoder (embeddings) it was made with."""


@dataclass(frozen=True, slots=True)
class Part:
    """One batch of documents on its way down the pipeline."""

    number: Number
    documents: FileRecord
    chunks: FileRecord | None = None
    vectors: Mapping[Name, FileRecord] = field(default_factory=dict)
    """Field -> vectors of its chunks; ``made_with`` names the encoder, and the folder that they are in."""
    dead: tuple[int, ...] = ()
    """Rows of the documents file that are deleted or replaced, ascending."""

    def __hash__(self) -> int:
        return hash((self.number, self.documents, self.chunks, tuple(sorted(self.vectors.items())), self.dead))

    @property
    def embeddings(self) -> FileRecord | None:
        """Vectors of the field that every store has."""
        return self.vectors.get(TEXT_FIELD)

    def has_vectors(self, field_name: str, fingerprint: str) -> bool:
        """Return whether its chunks have vectors of a field, made by the encoder called ``fingerprint``."""
        record = self.vectors.get(field_name)
        return record is not None and record.made_with == fingerprint

    @property
    def live_documents(self) -> int:
        """Rows that are neither deleted nor replaced."""
        return self.documents.rows - len(self.dead)


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """The encoder whose vectors the store holds."""

    model: str
    fingerprint: Fingerprint
    dim: Dim
    teacher: Annotated[str, matching(r"([0-9a-f]{16})?", "is not 16 hex digits")] = ""
    """Fingerprint of the model, where the vectors are those of an encoder distilled from it; else empty."""

    @property
    def space(self) -> str:
        """Fingerprint of the model in whose space the vectors lie."""
        return self.teacher or self.fingerprint

    def check_model(self, fingerprint: str) -> None:
        """Raise a :class:`MismatchError` if the vectors of a model would not lie in the space of the stored ones."""
        if self.space != fingerprint:
            raise MismatchError(
                f'The files of the model "{self.model}" are not those that made the vectors in this store '
                f"(fingerprint {fingerprint}, stored {self.space}).",
                'Bring the old files back, or embed everything again with "embedctl index --rebuild".',
            )


@dataclass(frozen=True, slots=True)
class StudentRecord:
    """An encoder that was distilled from a model on the chunks of this store."""

    fingerprint: Fingerprint
    """Names its folder."""
    model: str
    """Name of the model it was distilled from."""
    teacher: Fingerprint
    """Fingerprint of that model: the student lives in its space."""
    dim: Dim
    sample: int
    """Chunks it was fitted to."""
    held_out: int
    """Sampled chunks that were kept from the fit."""
    cosine: float
    """Mean cosine to the model's vectors on these."""
    files: Mapping[FileName, FileRecord]
    """Name in its folder -> what it is."""


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """Vectors of sampled texts, made by the model whose fingerprint is the file's ``made_with``."""

    number: Number
    file: FileRecord


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """What one arm searches in an index generation, or what hits show."""

    kind: str
    field: str | None
    """Vectors that it was built from; ``None``: from text."""
    folder: Folder
    """Below the generation's folder; empty: that folder itself."""
    files: Mapping[FileName, FileRecord]
    """Path below ``folder`` -> what it is."""
    rows: Rows
    """Live rows."""
    facts: Mapping[str, JSON] = dataclasses.field(default_factory=dict)
    """What else its kind needs to open it."""


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """One published index generation and the parts that it answers from."""

    generation: int
    settings: StoreSettings
    """What it was made with; the store's own may have been changed since."""
    encoders: Mapping[Name, EncoderRecord]
    """Field -> what made its vectors."""
    parts: tuple[Part, ...]
    arms: Mapping[Name, ArmRecord]
    rows: int
    """Live chunks, in every arm."""
    payloads: ArmRecord | None = None
    """What hits show; ``None``: an older embedctl kept that in the BM25 index."""

    @property
    def encoder(self) -> EncoderRecord:
        """Encoder of the field that every store has."""
        return self.encoders[TEXT_FIELD]

    @property
    def pieces(self) -> tuple[ArmRecord, ...]:
        """Arms, and what hits show."""
        return (*self.arms.values(), *([self.payloads] if self.payloads else []))

    @property
    def files(self) -> dict[str, FileRecord]:
        """Path below the generation's folder -> what it is; of all pieces."""
        return {
            f"{piece.folder}/{name}".removeprefix("/"): record
            for piece in self.pieces
            for name, record in piece.files.items()
        }


@dataclass(frozen=True, slots=True)
class FilesRecord:
    """The ledger of input files, and the highest part number that it knows of."""

    number: int
    file: FileRecord
    covers: int
    summary: dict[str, dict[str, int]] | None = None
    """Source -> how many files are ``indexed``, ``skipped`` and ``failed``, and how many ``documents`` they gave;
    ``None``: written before there was one."""


@dataclass(frozen=True, slots=True)
class TunedRecord:
    """A ranking that was fitted to judged queries, and what it gained on queries that it was not fitted to."""

    ranking: RankingConfig
    metric: str
    """As ``ndcg@10``."""
    queries: int
    before: float
    """Mean over the queries with the ranking before it."""
    after: float
    low: float
    """Of the interval of the gain."""
    high: float

    def to_json(self) -> dict[str, Any]:
        """Return what ``docs/schema/tuned.v1.json`` describes."""
        return {**asdict(self), "ranking": self.ranking.to_json()}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One snapshot."""

    settings: StoreSettings = field(default_factory=StoreSettings)
    sources: tuple[Source, ...] = ()
    parts: tuple[Part, ...] = ()
    files: FilesRecord | None = None
    encoders: Mapping[Name, EncoderRecord] = field(default_factory=dict)
    """Field -> what made its vectors."""
    index: IndexRecord | None = None
    student: StudentRecord | None = None
    samples: tuple[SampleRecord, ...] = ()
    tuned: tuple[TunedRecord, ...] = ()
    """Rankings in the order in which they came to be; the last one is asked by."""
    next_part: int = 1
    next_generation: int = 1
    snapshot: int = 0
    format_version: int = FORMAT_VERSION
    """What was read; what is written is always the newest."""

    @property
    def encoder(self) -> EncoderRecord | None:
        """Encoder of the field that every store has."""
        return self.encoders.get(TEXT_FIELD)

    def with_encoder(self, field_name: str, encoder: EncoderRecord) -> Manifest:
        """Return a manifest in which ``encoder`` made the vectors of a field."""
        return replace(self, encoders={**self.encoders, field_name: encoder})

    def is_embedded(self, part: Part) -> bool:
        """Return whether a part has the vectors of every field."""
        return all(
            (made_by := self.encoders.get(one.name)) and part.has_vectors(one.name, made_by.fingerprint)
            for one in self.settings.fields
        )

    @property
    def ranking(self) -> RankingConfig:
        """How hits are ranked, unless a query says otherwise."""
        return self.tuned[-1].ranking if self.tuned else RankingConfig()

    def part(self, number: int) -> Part:
        """Return the part called ``number``."""
        return next(part for part in self.parts if part.number == number)

    def with_part(self, part: Part) -> Manifest:
        """Return a manifest in which ``part`` replaces its namesake, or is appended."""
        if any(other.number == part.number for other in self.parts):
            return replace(self, parts=tuple(part if other.number == part.number else other for other in self.parts))
        return replace(self, parts=(*self.parts, part), next_part=max(self.next_part, part.number + 1))

    def with_successor(self, fresh: Part, gone: Collection[int]) -> Manifest:
        """Return a manifest in which a new part has the documents of those called ``gone``; their ledger knows it."""
        files = self.files
        if files and all(part.number <= files.covers for part in self.parts):
            files = replace(files, covers=fresh.number)
        parts = tuple(part for part in self.parts if part.number not in gone)
        return replace(self, parts=parts, files=files).with_part(fresh)

    def with_dead(self, dead: dict[int, set[int]]) -> Manifest:
        """Return a manifest in which these document rows are dead too; parts with no live row are gone."""
        parts = (
            replace(part, dead=tuple(sorted({*part.dead, *dead[part.number]}))) if dead.get(part.number) else part
            for part in self.parts
        )
        return replace(self, parts=tuple(part for part in parts if part.live_documents))
