"""What a store is made of and with: sources, chunks, encoders, indexes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from .setting import overlaid, setting

SECRETS_MASKED = "secrets-masked-1"
"""Raised with the rules where that is worth reading every source of every store again."""
DEFAULT_MODEL = "all-MiniLM-L6-v2"

RuntimeName = Literal["auto", "openvino", "torch"]
Ocr = Literal["auto", "on", "off"]
"""Whether pictures of text are read: where the extra is installed, always, never."""
Secrets = Literal["skip", "redact", "allow"]
HnswBuild = Literal["auto", "on", "off"]


@dataclass(frozen=True, slots=True)
class WalkRules:
    """Which files of a folder belong to a source."""

    include: tuple[str, ...] = ()
    """Gitignore-style globs; when given, only files that match one of them are taken."""
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    """Take files and folders whose names begin with a dot."""
    ignore: bool = True
    """Honour ``.gitignore`` and ``.embedctlignore``."""
    max_file_bytes: int = 32_000_000
    parse_seconds: int | None = None
    """Most time that parsing one file may take; ``None``: what :class:`ParserLimits` says."""
    parse_bytes: int | None = None
    """Most memory, the same."""
    ocr: Ocr = "auto"


@dataclass(frozen=True, slots=True)
class RecordFields:
    """Column names in a record file; none means: look for the usual ones."""

    id: str | None = None
    title: str | None = None
    text: tuple[str, ...] = ()
    """Columns that make the text together; one may be given as a string."""
    search: tuple[str, ...] = ()
    """Columns that are searched beside the text: their values stand below it as ``column: value``."""

    def __post_init__(self) -> None:
        for name in ("text", "search"):
            value = getattr(self, name)
            if value is None or isinstance(value, str):
                object.__setattr__(self, name, () if value is None else (value,))


@dataclass(frozen=True, slots=True)
class ChunkConfig:
    """How documents are cut. ``size`` and ``overlap`` are in tokens of the encoder."""

    strategy: str = "auto"
    size: int | None = None
    """Most tokens in a chunk, special tokens, prompt and context included; ``None``: the encoder's maximum."""
    overlap: int = 0
    """Tokens shared by neighbouring chunks of one section."""
    context: bool = True
    """Give title and heading path to the encoder and to BM25 along with the text."""

    def fingerprint(self, tokenizer_fingerprint: str) -> str:
        """Return 16 hex digits naming these settings under one tokenizer; equal means equal chunks."""
        return digest({"chunk": asdict(self), "tokenizer": tokenizer_fingerprint})


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """How an encoder is run on this machine; nothing here decides what the vectors are."""

    runtime: RuntimeName = setting(
        "auto", "What runs the encoder; auto: openvino, or torch, with a message, for a model that cannot be converted."
    )
    device: str = setting("cpu", "A torch device, such as cuda or mps; implies torch.", "NAME")
    batch_tokens: int = 2_048
    """Most padded tokens in one forward pass; on CPUs more is slower (measured from 2,048 to 16,384)."""
    device_batch_tokens: int = 32_768
    """The same on any other device."""


@dataclass(frozen=True, slots=True)
class DistillConfig:
    """Which chunks a student learns from."""

    share: float = 0.3
    """Of the distinct chunks of the store."""
    most_chunks: int = 50_000
    """More are not sampled: that bounds the time of a large store."""
    least_chunks: int = 1_000
    """With fewer distinct chunks in the store there is nothing to save."""
    least_sample: int = 250
    """Sampled however small the share."""
    held_out: float = 0.05
    """Share of the sample that is kept from the fit, to tell how near it comes."""
    most_held_out: int = 1_000
    batch_chunks: int = 2_048
    """The model embeds and commits so many at once: what an interruption loses at most."""


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How a static encoder is fitted to a model; chosen on Cranfield."""

    common: float = 0.05
    """A token that this share of the texts has counts half as much as a rare one."""
    token_variance: float = 1.0
    linear_variance: float = 1.0
    shift_variance: float = 10.0
    noise: float = 0.02
    """Variance of what no table can explain; the larger, the nearer the result to the vectors of single tokens."""
    iterations: int = 15
    tolerance: float = 1e-5


@dataclass(frozen=True, slots=True)
class HnswConfig:
    """Graph parameters, in hnswlib's words; ``ef`` is raised to ``k`` where it is smaller."""

    m: int = 16
    ef_construction: int = 100
    ef: int = 400
    """Recall@10 among a million: 0.93 at 80, 0.97 at 160, 0.993 at 400, for half a millisecond more."""
    build: HnswBuild = "auto"
    """Whether there is a graph; ``auto``: unless building it would cost more than a tenth of the run."""
    threads: int = 0
    """See :attr:`StoreSettings.threads`."""


TEXT_FIELD = "text"
"""Name of the field that every store has: the texts of its chunks, by the store's model."""


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """A named set of vectors, one for each chunk, made by one encoder."""

    name: str
    model: str | None = None
    """Encoder; ``None``: the model of the store."""


@dataclass(frozen=True, slots=True)
class ArmSettings:
    """A first-stage retriever of a store."""

    name: str
    kind: str
    field: str | None = None
    """Vectors that it searches; ``None``: it searches the text itself."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What a store was built with; kept in its manifest, changed only by naming the change."""

    chunk: ChunkConfig = field(default_factory=ChunkConfig)
    model: str = DEFAULT_MODEL
    language: str = "english"
    """Stemmer and tokenizer of the BM25 arm."""
    hnsw: HnswConfig = field(default_factory=HnswConfig)
    teacher_share: float = 1.0
    """Share of the chunks that the model embeds; below 1 an encoder distilled from these embeds all."""
    secrets: Secrets = "skip"
    """What becomes of keys and passwords in texts. ``skip``: they are masked in the document, and chunks that hold one
    are left out; ``redact``: they are masked, and the chunks stay; ``allow``: nothing is looked for."""

    fields: tuple[FieldSettings, ...] = (FieldSettings(TEXT_FIELD),)
    arms: tuple[ArmSettings, ...] = (ArmSettings("bm25", "bm25"), ArmSettings("dense", "dense", TEXT_FIELD))
    default_arms: tuple[str, ...] = ("bm25", "dense")
    """Arms that a query asks unless it names others."""

    def model_of(self, field_name: str) -> str:
        """Return the encoder of a field.

        Raises:
            KeyError: there is no such field.
        """
        models = {one.name: one.model for one in self.fields}
        return models[field_name] or self.model

    @property
    def threads(self) -> int:
        """Parser workers, and threads that build a graph; 0: all processors, 1: byte-identical builds."""
        return self.hnsw.threads

    @property
    def fast(self) -> bool:
        """Whether the vectors are those of an encoder distilled from the model."""
        return self.teacher_share < 1.0

    @property
    def documents_made_with(self) -> str:
        """Name how texts were looked through for secrets; documents made with another name are read again."""
        return "" if self.secrets == "allow" else SECRETS_MASKED

    def chunk_fingerprint(self, tokenizer_fingerprint: str) -> str:
        """Return 16 hex digits naming how documents become chunks under one tokenizer; equal means equal chunks."""
        fingerprint = self.chunk.fingerprint(tokenizer_fingerprint)
        return digest({"chunks": fingerprint, "secrets": "redact"}) if self.secrets == "redact" else fingerprint


_NEW = StoreSettings()


@dataclass(frozen=True, slots=True)
class SettingsRequest:
    """What a command asks of :class:`StoreSettings`; ``None`` keeps what the store has."""

    model: str | None = setting(None, "The encoder.", "NAME|FOLDER", usual=DEFAULT_MODEL)
    language: str | None = setting(None, "Stemmer and tokenizer of BM25.", "NAME", usual=_NEW.language)
    strategy: str | None = setting(
        None,
        "How documents are cut: auto, markdown, rst, code, recursive, window, page or none.",
        "NAME",
        usual=_NEW.chunk.strategy,
    )
    size: int | None = setting(None, "Longest chunk.", "--chunk-size TOKENS", min=1, usual="the encoder's maximum")
    overlap: int | None = setting(None, "Shared by neighbouring chunks.", "TOKENS", min=0, usual=_NEW.chunk.overlap)
    context: bool | None = setting(None, "Search title and headings along with each chunk.", usual="--context")
    m: int | None = setting(None, "Links of a graph node.", "--hnsw-m N", min=2, usual=_NEW.hnsw.m)
    ef_construction: int | None = setting(
        None, "Breadth of graph building.", "N", min=1, usual=_NEW.hnsw.ef_construction
    )
    hnsw: HnswBuild | None = setting(
        None,
        "Whether dense arms have a graph; auto: unless building it would cost more than a tenth of the run.",
        usual=_NEW.hnsw.build,
    )
    threads: int | None = setting(
        None, "For parsing and the graph; 0: all processors, 1: byte-identical results.", "N", min=0, usual=0
    )
    secrets: Secrets | None = setting(None, "What becomes of keys and passwords in texts.", usual=_NEW.secrets)
    teacher_share: float | None = setting(
        None, "With --fast: share of the sample.", "SHARE", min=0, max=1, usual=DistillConfig().share
    )

    def applied_to(self, settings: StoreSettings) -> StoreSettings:
        """Return ``settings`` with everything that was asked for."""
        hnsw = overlaid(settings.hnsw, self, build=self.hnsw or settings.hnsw.build)
        return overlaid(settings, self, chunk=overlaid(settings.chunk, self), hnsw=hnsw)


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """How the paths of a command are to be read; ``None`` keeps what the store remembers of the source."""

    rules: WalkRules | None = None
    fields: RecordFields | None = None
    name: str | None = None
    allow_empty: bool = False
    """Drop the documents of sources that are gone or empty; they stay otherwise."""


def digest(value: object) -> str:
    """Return 16 hex digits of sha256 over the canonical JSON of ``value``."""
    import hashlib
    import json

    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
