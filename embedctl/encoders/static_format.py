"""A static encoder on disk: a folder that Model2Vec and the Sentence Transformers' loader of its files read, too.

::

    model.safetensors    one tensor "embeddings", float32 (vocabulary, dim), row = token id
    tokenizer.json       the teacher's, as it was
    config.json          "normalize": true for other libraries, and "embedctl": what this one needs
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..config import digest
from ..errors import DamagedError

if TYPE_CHECKING:
    from pathlib import Path

    from ..contracts import Vectors

TABLE, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"
FILES = (TABLE, TOKENIZER, CONFIG)
_TENSOR = "embeddings"
_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 1 << 20
_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class StaticFacts:
    """What a static encoder says of itself."""

    model: str
    """Name of the teacher."""
    teacher: str
    """Fingerprint of the teacher, in whose space the vectors lie."""
    max_tokens: int
    document_prompt: str
    """Both of the teacher, and part of its tokenizer's fingerprint."""
    fingerprint: str = ""


def fingerprint_of(table_sha256: str, tokenizer_fingerprint: str, teacher: str) -> str:
    """Return 16 hex digits over table, tokenizer, teacher and how texts are pooled."""
    made_of = {"table": table_sha256, "tokenizer": tokenizer_fingerprint, "teacher": teacher}
    return digest({**made_of, "pooling": "mean", "normalized": True})


def write_table(path: Path, table: Vectors) -> None:
    """Write the table as safetensors: the length of a JSON header, the header, little-endian rows."""
    header = {_TENSOR: {"dtype": "F32", "shape": list(table.shape), "data_offsets": [0, table.nbytes]}}
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-(_LENGTH_BYTES + len(text)) % _ALIGNMENT)  # rows begin where processors like to read
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(_LENGTH_BYTES, "little"))
        stream.write(text)
        stream.write(np.ascontiguousarray(table, dtype="<f4").data)


def write_rest(folder: Path, tokenizer_json: Path, facts: StaticFacts) -> None:
    """Write tokenizer and configuration beside the table."""
    shutil.copyfile(tokenizer_json, folder / TOKENIZER)
    of_model2vec = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True}
    config = {**of_model2vec, "embedctl": asdict(facts)}
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def read_facts(folder: Path) -> StaticFacts:
    """Return what the encoder in ``folder`` says of itself.

    Raises:
        DamagedError: it is not there, or not readable.
    """
    try:
        return StaticFacts(**json.loads((folder / CONFIG).read_text(encoding="utf-8"))["embedctl"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder / CONFIG, error) from error


def map_table(folder: Path) -> Vectors:
    """Return the table, float32 ``(vocabulary, dim)``, mapped into memory: only the rows that are used are read.

    Raises:
        DamagedError: it is not there, or not what its header says.
    """
    path = folder / TABLE
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            tensor = json.loads(stream.read(min(length, _MOST_HEADER_BYTES)))[_TENSOR]
            size = stream.seek(0, os.SEEK_END) - _LENGTH_BYTES - length
        rows, dim = tensor["shape"]
        told = (tensor["dtype"], tensor["data_offsets"])
        if min(rows, dim) < 1 or told != ("F32", [0, size]) or size != 4 * rows * dim:
            raise ValueError("its header does not describe one table of float32")
        table: Vectors = np.memmap(path, "<f4", "r", _LENGTH_BYTES + length, (rows, dim))
    except (OSError, ValueError, KeyError, TypeError, MemoryError, OverflowError, RecursionError) as error:
        raise _damaged(path, error) from error
    return table


def _damaged(path: Path, error: Exception) -> DamagedError:
    return DamagedError(
        f"{path} cannot be read: {error}.", 'Make it again with "embedctl distill", or restore the store from a copy.'
    )
