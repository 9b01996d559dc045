"""``distill``: a student of the store's model, fitted to a sample of the store's chunks.

The model's vectors of the sample are durable batch by batch, and found by text hash.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..config import DistillConfig, FitConfig
from ..contracts import TokenIds
from ..encoders import card, student_card, token_encoder
from ..encoders.static_fit import fit, is_known, token_vectors
from ..encoders.static_format import FILES, TABLE, StaticFacts, fingerprint_of, write_rest, write_table
from ..errors import MismatchError, UsageError
from ..store.files import describe_file, sha256_file
from ..store.manifest import StudentRecord
from ..store.parts import dead_chunk_rows, read_token_ids
from ..store.students import student_folder
from ..store.vectors import KnownVectors, distinct, read_hashes, read_sample_hashes, sampled, with_sample
from .embed import blocks, joined, read_texts, take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contracts import Encoder, Progress, Reporter, TokenEncoder, Tokenizer, Vectors
    from ..store.layout import Layout
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


def distill(
    writer: Writer, share: float, load: Callable[[], Encoder], reporter: Reporter, report: RunReport
) -> StudentRecord:
    """Fit a student to ``share`` of the distinct chunks, and make it the store's.

    Vectors of the model that the store holds are used; ``load`` is called only for those that it lacks.

    Raises:
        UsageError: there are too few chunks.
        MismatchError: chunks were cut for another model.
    """
    config = DistillConfig()
    model = writer.manifest.settings.model
    teacher = card(model)
    tokenizer, tokenizer_json = teacher.tokenizer(), teacher.tokenizer_json
    if tokenizer_json is None or teacher.max_tokens is None:
        raise UsageError(f'No encoder can be distilled from "{model}", which is fast already.')

    def load_teacher() -> TokenEncoder:
        encoder = token_encoder(load())
        assert encoder is not None  # it has a tokenizer
        return encoder

    made_with = writer.manifest.settings.chunk_fingerprint(tokenizer.fingerprint)
    if any(part.chunks is None or part.chunks.made_with != made_with for part in writer.manifest.parts):
        raise MismatchError("Some documents are not cut for this model yet.", 'Run "embedctl index" first.')
    places = distinct_chunks(writer)
    if len(places.hashes) < config.least_chunks:
        raise UsageError(
            f"The store has {len(places.hashes):,} distinct chunks, too few to distil from: it takes "
            f"{config.least_chunks:,}.",
            "Let the model embed all of them: that takes little longer.",
        )
    with report.timing("teach"):
        prune(writer, places.hashes, teacher.fingerprint)
        sample = choose(writer, places, share, config, tokenizer)
        with reporter.stage("teach", len(sample.hashes), "chunks") as progress:
            vectors = taught(writer, sample, teacher.fingerprint, load_teacher, config, progress, report)
        if not is_known(teacher.fingerprint):
            reporter.message("info", "Asking the model for every token of its vocabulary, once on this machine.")
        prior = token_vectors(teacher.fingerprint, tokenizer.vocabulary, load_teacher)
    with report.timing("distill"):
        held_out = min(int(len(vectors) * config.held_out), config.most_held_out)
        learnt = len(vectors) - held_out
        table = fit(_texts(sample.tokens, 0, learnt), vectors[:learnt], prior, FitConfig())
        facts = StaticFacts(model, teacher.fingerprint, teacher.max_tokens, teacher.document_prompt)
        record = _write(writer.layout, table, tokenizer_json, tokenizer.fingerprint, facts)
        home = student_folder(writer.layout, record)
        cosine = _cosine(home, sample, vectors, held_out)
        record = replace(record, sample=learnt, held_out=held_out, cosine=cosine)
        writer.commit(replace(writer.manifest, student=record), [*(home / name for name in record.files), home])
    chunks = len(places.hashes)
    report.student = {"sample": learnt, "chunks": chunks, "held_out": held_out, "cosine": round(cosine, 4)}
    return record


def _write(layout: Layout, table: Vectors, tokenizer_json: Path, tokenizer: str, facts: StaticFacts) -> StudentRecord:
    """Write the student's folder, which appears whole; one that has the same name has the same bytes."""
    making = layout.root / "students" / ".new"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    write_table(making / TABLE, table)
    fingerprint = fingerprint_of(sha256_file(making / TABLE), tokenizer, facts.teacher)
    write_rest(making, tokenizer_json, replace(facts, fingerprint=fingerprint))
    folder = layout.student(fingerprint)
    files = {name: describe_file(making / name) for name in FILES}
    if all((folder / name).is_file() and describe_file(folder / name) == file for name, file in files.items()):
        shutil.rmtree(making)
    else:
        shutil.rmtree(folder, ignore_errors=True)  # it was damaged
        making.rename(folder)
    return StudentRecord(fingerprint, facts.model, facts.teacher, table.shape[1], 0, 0, 0.0, files)


def _cosine(folder: Path, sample: DistillSample, vectors: Vectors, held_out: int) -> float:
    """Return the mean cosine of the student to the model on the last ``held_out`` texts of the sample."""
    start = len(vectors) - held_out
    made = student_card(folder).open().encode_tokens(_texts(sample.tokens, start, len(vectors)))
    return float(np.einsum("ij,ij->i", made, vectors[start:]).mean()) if held_out else 0.0


def _texts(tokens: TokenIds, start: int, end: int) -> TokenIds:
    offsets = tokens.offsets[start : end + 1]
    return TokenIds(tokens.ids[offsets[0] : offsets[-1]], offsets - offsets[0])


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
