"""``distill``: a student of the store's model, fitted to a sample of the store's chunks."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..config import DistillConfig, FitConfig
from ..contracts import TokenIds
from ..encoders import card, student_card, token_encoder
from ..encoders.static_fit import fit, is_known, token_vectors
from ..encoders.static_format import FILES, TABLE, StaticFacts, fingerprint_of, write_rest, write_table
from ..errors import MismatchError, UsageError
from ..store.files import describe_file, sha256_file
from ..store.manifest import StudentRecord
from ..store.students import student_folder
from .distill_sample import choose, distinct_chunks, prune, taught

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..contracts import Encoder, Reporter, TokenEncoder, Vectors
    from ..store.layout import Layout
    from ..store.manifest import FileRecord
    from ..store.writer import Writer
    from .distill_sample import DistillSample
    from .report import RunReport


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
    if folder.exists() and all(_is(folder / name, file) for name, file in files.items()):
        shutil.rmtree(making)
    else:
        shutil.rmtree(folder, ignore_errors=True)  # it was damaged
        making.rename(folder)
    return StudentRecord(fingerprint, facts.model, facts.teacher, table.shape[1], 0, 0, 0.0, files)


def _is(path: Path, record: FileRecord) -> bool:
    return path.is_file() and describe_file(path) == record


def _cosine(folder: Path, sample: DistillSample, vectors: Vectors, held_out: int) -> float:
    """Return the mean cosine of the student to the model on the last ``held_out`` texts of the sample."""
    start = len(vectors) - held_out
    made = student_card(folder).open().encode_tokens(_texts(sample.tokens, start, len(vectors)))
    return float(np.einsum("ij,ij->i", made, vectors[start:]).mean()) if held_out else 0.0


def _texts(tokens: TokenIds, start: int, end: int) -> TokenIds:
    offsets = tokens.offsets[start : end + 1]
    return TokenIds(tokens.ids[offsets[0] : offsets[-1]], offsets - offsets[0])
