"""Which chunks a student learns from, and the model's vectors of them: durable batch by batch, found by text hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..store.parts import dead_chunk_rows, read_token_ids
from ..store.vectors import KnownVectors, distinct, read_hashes, read_sample_hashes, sampled, with_sample
from .embed_input import blocks, joined, read_texts, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..config import DistillConfig
    from ..contracts import Progress, TokenEncoder, TokenIds, Tokenizer, Vectors
    from ..store.manifest import Part, SampleRecord
    from ..store.vectors import Hashes
    from ..store.writer import Writer
    from .report import RunReport


class DistillSample(NamedTuple):
    """Sampled texts in the order of their hashes, which is the same wherever they stand."""

    hashes: Hashes
    tokens: TokenIds


class _Places(NamedTuple):
    """Where the distinct chunks of a store are."""

    hashes: Hashes
    parts: NDArray[np.int64]
    """Place of each chunk's part among the manifest's."""
    rows: NDArray[np.int64]


def distinct_chunks(writer: Writer) -> _Places:
    """Return every text of a live chunk once, ordered by its hash."""
    hashes, parts, rows = [], [], []
    for at, part in enumerate(writer.manifest.parts):
        found = read_hashes(writer.layout, part)
        live = np.setdiff1d(np.arange(len(found)), dead_chunk_rows(writer.layout, part), assume_unique=True)
        hashes.append(found[live])
        parts.append(np.full(len(live), at))
        rows.append(live)
    every = np.concatenate(hashes)
    first, _ = distinct(every)
    order = first[np.lexsort(every[first].T[::-1])]
    return _Places(every[order], np.concatenate(parts)[order], np.concatenate(rows)[order])


def choose(writer: Writer, places: _Places, share: float, config: DistillConfig, tokenizer: Tokenizer) -> DistillSample:
    """Return the texts whose hash is below ``share`` of all there could be, at most ``config.most_chunks`` of them.

    So the sample grows with the store, and what was sampled once stays sampled. Texts without a token are left out.
    """
    limit = np.uint64(min(share, 1.0) * (2**64 - 1025))  # the largest float below 2**64
    count = len(places.hashes) if share >= 1.0 else int(np.searchsorted(places.hashes[:, 0], limit))
    count = min(max(count, config.least_sample), config.most_chunks, len(places.hashes))
    pieces: list[TokenIds] = []
    owners: list[NDArray[np.int64]] = []
    for at, part in enumerate(writer.manifest.parts):
        mine = np.flatnonzero(places.parts[:count] == at)
        if len(mine):
            pieces.append(_tokens(writer, part, places.rows[mine], tokenizer))
            owners.append(mine)
    tokens, places_of = joined(pieces), np.concatenate(owners)
    order = np.argsort(places_of)
    order = order[np.diff(tokens.offsets)[order] > 0]
    return DistillSample(places.hashes[places_of[order]], take(tokens, order))


def taught(
    writer: Writer,
    sample: DistillSample,
    fingerprint: str,
    load: Callable[[], TokenEncoder],
    config: DistillConfig,
    progress: Progress,
    report: RunReport,
) -> Vectors:
    """Return the model's vectors of the sample, float32 ``(n, dim)``; those that nobody knows are made and committed.

    A fast store keeps copies of those that it had as vectors of its chunks, which are about to be replaced.
    """
    known = KnownVectors(writer.layout, writer.manifest, fingerprint)
    missing = known.unknown(sample.hashes)
    progress.advance(len(sample.hashes) - len(missing))
    for start in range(0, len(missing), config.batch_chunks):
        batch = missing[start : start + config.batch_chunks]
        vectors = _encoded(load(), take(sample.tokens, batch), progress)
        known.add_sample(_commit(writer, sample.hashes[batch], vectors, fingerprint))
        report.add("embedded_tokens", int(np.diff(sample.tokens.offsets)[batch].sum()))
    report.add("taught", len(missing))
    found, vectors = known.lookup(sample.hashes)
    ordered = np.empty_like(vectors)
    ordered[found] = vectors
    if writer.manifest.settings.fast:
        kept = KnownVectors(writer.layout, replace(writer.manifest, parts=(), index=None), fingerprint)
        rest = kept.unknown(sample.hashes)
        for start in range(0, len(rest), config.batch_chunks):
            batch = rest[start : start + config.batch_chunks]
            _commit(writer, sample.hashes[batch], ordered[batch], fingerprint)
    return ordered


def prune(writer: Writer, texts: Hashes, fingerprint: str | None = None) -> None:
    """Let go of sampled vectors of models other than ``fingerprint`` (``None``: of none), and of other ``texts``."""
    for record in writer.manifest.samples:
        hashes = read_sample_hashes(writer.layout, record)
        made_with = record.file.made_with
        alive = np.isin(hashes[:, 0], texts[:, 0]) & (fingerprint in (None, made_with))
        if not alive.all():
            _, vectors = sampled(writer.layout, record)
            if alive.any():
                _commit(writer, hashes[alive], vectors[alive], made_with)
            others = tuple(other for other in writer.manifest.samples if other != record)
            writer.commit(replace(writer.manifest, samples=others))


def _tokens(writer: Writer, part: Part, rows: NDArray[np.int64], tokenizer: Tokenizer) -> TokenIds:
    kept = read_token_ids(writer.layout, part, writer.manifest.settings.chunk_fingerprint(tokenizer.fingerprint))
    if kept:
        return take(kept, rows)
    return tokenizer.token_ids(read_texts(writer.layout, [part]).take(rows).to_pylist())


def _encoded(encoder: TokenEncoder, tokens: TokenIds, progress: Progress) -> Vectors:
    """Return the vectors of ``tokens``, made longest first and in blocks."""
    lengths = np.diff(tokens.offsets)
    vectors = np.empty((len(lengths), encoder.dim), dtype=np.float32)
    for block in blocks(lengths):
        vectors[block] = encoder.encode_tokens(take(tokens, block))
        progress.advance(len(block))
    return vectors


def _commit(writer: Writer, hashes: Hashes, vectors: Vectors, fingerprint: str) -> SampleRecord:
    manifest = with_sample(writer.layout, writer.manifest, hashes, vectors, fingerprint)
    record = manifest.samples[-1]
    writer.commit(manifest, [writer.layout.sample(record.number)])
    return record
