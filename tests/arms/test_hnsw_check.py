"""A crafted graph with a right checksum: what the check lets through, hnswlib survives; what it does not is named."""

from __future__ import annotations

import multiprocessing
import shutil
import struct
from contextlib import suppress
from pathlib import Path

import hnswlib
import numpy as np
import pytest
from dense_rows import clustered

from embedctl.arms.dense.hnsw_check import check_graph
from embedctl.arms.dense.hnsw_file import HEADER, load_graph, read_facts, save_graph
from embedctl.errors import DamagedError

DIM, ROWS, M = 24, 600, 4
ROW = 2 * M * 4 + 4 + 4 * DIM + 8
UPPER = HEADER.size + ROWS * ROW
"""Where the links above the lowest level begin."""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph of several levels; its labels are in no order."""
    made = hnswlib.Index("ip", DIM)
    made.init_index(ROWS, M=M, ef_construction=40, random_seed=1)
    labels = np.random.default_rng(0).permutation(10 * ROWS)[:ROWS].astype(np.uint64)
    made.add_items(clustered(ROWS, 1), labels, num_threads=1)
    save_graph(made, tmp_path / "hnsw.bin", labels)
    return tmp_path / "hnsw.bin"


def write(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def first_upper(data: bytes) -> int:
    """Return where the first row that has links above the lowest level says how many bytes they are."""
    at = UPPER
    while not struct.unpack_from("<I", data, at)[0]:
        at += 4
    return at


def test_what_hnswlib_writes_passes(tmp_path: Path, graph: Path) -> None:
    check_graph(graph, DIM)
    for rows in (0, 1, 2):
        made = hnswlib.Index("ip", DIM)
        made.init_index(max(rows, 1), M=16, ef_construction=100)
        if rows:
            made.add_items(clustered(rows, 1), np.arange(rows))
        save_graph(made, tmp_path / "small", np.arange(rows, dtype=np.uint64))
        check_graph(tmp_path / "small", DIM)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("links of a row", struct.pack("<I", ROWS), "leads to no row"),
        ("number of links", struct.pack("<H", 2 * M + 1), "more links than"),
        ("marks of a row", b"\x01", "marked as deleted"),
        ("a vector", struct.pack("<f", float("nan")), "not finite"),
        ("a label", struct.pack("<Q", 10**12), "labels are not those"),
        ("entry point", struct.pack("<I", ROWS), "entry point"),
        ("entry point", struct.pack("<I", 0), "entry point"),
        ("highest level", struct.pack("<i", 30), "entry point"),
        ("highest level", struct.pack("<i", -5), "number of its rows"),
        ("label offset", struct.pack("<Q", 10**9), "header"),
        ("mult", struct.pack("<d", 1e9), "levels are drawn"),
        ("upper length", struct.pack("<I", 7), "length"),
        ("upper length", struct.pack("<I", 4 * (1 + M) * 10**6), "length"),
        ("upper count", struct.pack("<I", M + 1), "more links than"),
        ("upper link", struct.pack("<I", ROWS), "leads to no row"),
    ],
)
def test_what_would_lead_elsewhere_is_named(graph: Path, place: str, value: bytes, told: str) -> None:
    data = graph.read_bytes()
    row, upper = HEADER.size + 5 * ROW, first_upper(data)
    places = {
        "links of a row": row + 4,
        "number of links": row,
        "marks of a row": row + 2,
        "a vector": row + 4 + 8 * M,
        "a label": row + ROW - 8,
        "label offset": 32,
        "highest level": 48,
        "entry point": 52,
        "mult": 80,
        "upper length": upper,
        "upper count": upper + 4,
        "upper link": upper + 8,
    }
    write(graph, places[place], value)
    with pytest.raises(DamagedError, match=told):
        check_graph(graph, DIM)


def test_a_link_to_a_row_that_is_not_so_high_is_refused(graph: Path) -> None:
    data = graph.read_bytes()
    upper = first_upper(data)
    low = next(row for row in range(ROWS) if row != (upper - UPPER) // 4)  # most rows are on the lowest level only
    write(graph, upper + 4, struct.pack("<II", 1, low))
    with pytest.raises(DamagedError, match="level that a row does not have"):
        check_graph(graph, DIM)


def _use(folder: str, count: int) -> None:
    """Load, walk and extend graphs."""
    for number in range(count):
        path = Path(folder) / str(number) / "hnsw.bin"
        facts = read_facts(path)
        made = load_graph(path, facts, facts.count + 50)
        made.set_ef(50)
        with suppress(RuntimeError):  # fewer could be reached
            made.knn_query(clustered(20, 3), k=20, num_threads=1)
        made.add_items(clustered(50, 4), np.arange(10**6, 10**6 + 50), num_threads=1)


def test_what_passes_does_hnswlib_no_harm(tmp_path: Path, graph: Path) -> None:
    """Random words of header, links and lengths are changed: refused, or loaded, walked and extended by a child."""
    random, data = np.random.default_rng(7), graph.read_bytes()
    links = [HEADER.size + row * ROW + 4 * word for row in range(ROWS) for word in range(1 + 2 * M)]
    places = [*range(0, HEADER.size, 4), *links, *range(UPPER, len(data) - 4, 4)]
    passed = 0
    for _ in range(120):
        folder = tmp_path / str(passed)
        shutil.copytree(graph.parent, folder, ignore=lambda *_: [str(n) for n in range(200)], dirs_exist_ok=True)
        for at in random.choice(places, random.integers(1, 4)).tolist():
            word = int(random.choice([0, 1, 2, M, ROWS - 1, ROWS, 2**16, 2**31, random.integers(0, ROWS)]))
            write(folder / "hnsw.bin", at, struct.pack("<I", word))
        with suppress(DamagedError):
            check_graph(folder / "hnsw.bin", DIM)
            passed += 1
    child = multiprocessing.get_context("fork").Process(target=_use, args=(str(tmp_path), passed))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert passed > 10
