"""The files of an HNSW graph: what they must be, checking them, loading and saving.

Three files: the graph as hnswlib writes it, ``.json`` with the facts that it is compared with before hnswlib sees it,
and ``.u64`` with the labels of its rows, ascending. No row is marked as deleted in the file: a row dies for a session
when it is loaded.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import hnswlib
import numpy as np

from ...errors import DamagedError, MismatchError, ResourceError
from ...store.arrays import save_array

if TYPE_CHECKING:
    from pathlib import Path

    from ...contracts import Labels

SPACE = "ip"
"""Inner product: on unit vectors, one minus hnswlib's distance is the cosine."""

# hnswlib 0.8: offsetLevel0, max_elements, count, row size, label offset, data offset, top level, entry point,
# maxM, maxM0, M, mult, ef_construction.
HEADER = struct.Struct("<QQQQQQiIQQQdQ")
"""What a graph begins with."""
_LEAST_M, _MOST_M = 2, 10_000


@dataclass(frozen=True, slots=True)
class HnswFacts:
    """What a saved graph must be; kept in JSON beside it."""

    space: str
    dim: int
    m: int
    ef_construction: int
    max_elements: int
    count: int
    """Rows in the graph, whether they are still alive or not."""
    size: int
    """Bytes of the file."""
    hnswlib: str
    """Version that wrote it."""


def facts_path(path: Path) -> Path:
    """Return where the facts about the graph in ``path`` lie."""
    return path.with_name(path.name + ".json")


def labels_path(path: Path) -> Path:
    """Return where the labels of the graph in ``path`` lie: sorted little-endian uint64."""
    return path.with_suffix(".u64")


def read_labels(path: Path, facts: HnswFacts) -> Labels:
    """Return the labels of the graph's rows, ascending uint64 ``(count,)``.

    Raises:
        DamagedError: they are missing, or not one for each row.
    """
    if not labels_path(path).is_file():
        raise DamagedError(f"{labels_path(path)} is missing.")
    try:
        labels = np.fromfile(labels_path(path), dtype="<u8").astype(np.uint64, copy=False)
    except OSError as error:
        raise DamagedError(f"{labels_path(path)} cannot be read: {error.strerror}.") from error
    if len(labels) != facts.count:
        raise DamagedError(f"{labels_path(path)} has {len(labels)} labels; the graph has {facts.count} rows.")
    return labels


def read_facts(path: Path) -> HnswFacts:
    """Return the facts about the graph in ``path``.

    Raises:
        DamagedError: they are missing or not readable.
    """
    if not facts_path(path).is_file():
        raise DamagedError(f"{facts_path(path)} is missing.")
    try:
        facts = HnswFacts(**json.loads(facts_path(path).read_bytes()))
        numbers = (facts.dim, facts.m, facts.ef_construction, facts.max_elements, facts.count, facts.size)
        if not all(type(number) is int and number >= 0 for number in numbers) or facts.space != SPACE:
            raise ValueError("a field has a value that it cannot have")
        if not _LEAST_M <= facts.m <= _MOST_M:
            raise ValueError(f"m is {facts.m}")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"{facts_path(path)} does not describe an HNSW graph: {error}.") from error
    return facts


def checked_facts(path: Path, dim: int) -> HnswFacts:
    """Return the facts about the graph in ``path``, having compared them with its size and header.

    Raises:
        DamagedError: a file is missing, truncated or not what the facts say.
        MismatchError: the graph has other than ``dim`` dimensions.
    """
    facts = read_facts(path)
    if facts.dim != dim:
        raise MismatchError(f"The HNSW graph {path} has {facts.dim} dimensions, the store has {dim}.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEADER.size)
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}.") from error
    if size != facts.size or len(head) < HEADER.size:
        raise DamagedError(f"{path} has {size} bytes instead of {facts.size}.")
    _, max_elements, count, row_size, _, _, _, _, _, _, m, _, ef_construction = HEADER.unpack(head)
    expected_row = 2 * facts.m * 4 + 4 + 4 * dim + 8
    found = (max_elements, count, row_size, m, ef_construction)
    if found != (facts.max_elements, facts.count, expected_row, facts.m, facts.ef_construction):
        raise DamagedError(f"{path} does not begin with the header of the graph that was written.")
    return facts


def load_graph(path: Path, facts: HnswFacts, max_elements: int) -> hnswlib.Index:
    """Load a graph that ``checked_facts`` passed, with room for ``max_elements`` rows.

    Raises:
        DamagedError: hnswlib refuses it.
    """
    graph = hnswlib.Index(facts.space, facts.dim)
    try:
        graph.load_index(os.fsencode(path), max_elements=max(max_elements, 1))
    except RuntimeError as error:
        raise DamagedError(f"The HNSW graph {path} cannot be loaded: {error}.") from error
    return graph


def save_graph(graph: hnswlib.Index, path: Path, labels: Labels) -> HnswFacts:
    """Write a graph, the labels of its rows in any order, and its facts; syncing the files is the caller's business.

    Raises:
        ResourceError: the file is shorter than the graph, which hnswlib does not notice.
    """
    path.unlink(missing_ok=True)
    graph.save_index(os.fsencode(path))
    size = path.stat().st_size if path.exists() else 0
    if size != graph.index_file_size():
        raise ResourceError(
            f"{path} was not written in full; is the disk full?",
            "Make room and run the same command again; what was committed stays.",
        )
    facts = HnswFacts(
        space=graph.space,
        dim=graph.dim,
        m=graph.M,
        ef_construction=graph.ef_construction,
        max_elements=graph.max_elements,
        count=graph.element_count,
        size=size,
        hnswlib=version("hnswlib"),
    )
    save_array(labels_path(path), np.sort(labels).astype("<u8"))
    facts_path(path).write_text(json.dumps(asdict(facts), indent=2) + "\n", encoding="utf-8")
    checked_facts(path, facts.dim)
    return facts
