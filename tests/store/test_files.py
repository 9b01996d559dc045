"""Parquet files that are not what was written: named, never believed, whatever is wrong with them."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from embedctl.errors import DamagedError
from embedctl.store import verified
from embedctl.store.files import iter_batches, link_or_copy, read_columns, write_table
from embedctl.store.layout import Layout
from embedctl.store.regular import check_regular
from embedctl.store.schemas import samples_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedctl.store.manifest import FileRecord


def table_of(seed: int) -> pa.Table:
    numbers = np.random.default_rng(seed).standard_normal((40, 8), dtype=np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(numbers.reshape(-1)), 8)
    texts = [f"row {row} of {seed}" for row in range(40)]
    return pa.table({"text": pa.array(texts), "language": pa.array(["en", None] * 20), "vector": vectors})


TABLE = table_of(1)


def sample() -> pa.Table:
    """Return a table as it lies in ``samples``."""
    schema = samples_schema(8)
    return pa.Table.from_arrays([pa.array([bytes(32)] * 40, schema.types[0]), TABLE["vector"]], schema=schema)


@pytest.fixture(autouse=True)
def _memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, FileRecord]:
    path = tmp_path / "000001.parquet"
    return path, write_table(path, TABLE, row_group_rows=16)


def forget_all(path: Path) -> None:
    """Let nothing be remembered of any file, as on another machine."""
    verified._known.clear()
    for memory in Path(os.environ["EMBEDCTL_CACHE"]).rglob("*"):
        if memory.is_file():
            memory.unlink()


def overwrite(path: Path, data: bytes) -> None:
    """Change a file as a failing disk does: in place, with its old time."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def zeroed(data: bytes, start: int, length: int) -> bytes:
    return data[:start] + bytes(len(data[start : start + length])) + data[start + length :]


HARM: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": lambda data: data[:300] + bytes([data[300] ^ 4]) + data[301:],
    "a flipped bit of the footer": lambda data: data[:-30] + bytes([data[-30] ^ 4]) + data[-29:],
    "a zeroed page": lambda data: zeroed(data, 0, 4096),
    "a zeroed footer": lambda data: zeroed(data, len(data) - 600, 590),
    "a longer footer": lambda data: data[:-8] + (1 << 30).to_bytes(4, "little") + data[-4:],
    "another footer": lambda data: data[: len(data) // 2] + data[: len(data) - len(data) // 2 - 4] + b"PAR1",
    "nothing but zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("harm", HARM)
def test_damage_is_found_on_the_first_use_on_a_machine(written: tuple[Path, FileRecord], harm: str) -> None:
    path, record = written
    overwrite(path, HARM[harm](path.read_bytes()))
    forget_all(path)
    for read in (lambda: read_columns(path, record, ["text"]), lambda: list(iter_batches(path, record))):
        with pytest.raises(DamagedError, match=r"000001\.parquet is not what was written") as caught:
            read()
        assert "doctor --repair" in caught.value.hint


def test_bytes_that_rot_after_they_were_verified_are_never_believed(written: tuple[Path, FileRecord]) -> None:
    path, record = written
    good = path.read_bytes()
    read_columns(path, record, ["text"])
    chance = random.Random(4)
    found = 0
    for at in chance.sample(range(len(good)), 700):
        overwrite(path, good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1 :])
        with suppress(DamagedError):
            assert read_columns(path, record, TABLE.column_names).equals(TABLE), at
            found += 1
    assert found < 350, "most of the damage was not noticed"
    for harm in HARM.values():
        overwrite(path, harm(good))
        with suppress(DamagedError):
            assert read_columns(path, record, TABLE.column_names).equals(TABLE)
    overwrite(path, good)
    assert read_columns(path, record, TABLE.column_names).equals(TABLE)


def test_another_parts_file_of_the_same_length_is_not_taken_for_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / ".embedctl")
    files = [(at, write_table(layout.embeddings("ab" * 8, at), table_of(at), vectors=True)) for at in range(1, 12)]
    (one, first), (other, second) = next(
        (a, b) for a, b in combinations(files, 2) if a[1].bytes == b[1].bytes and a[1].sha256 != b[1].sha256
    )
    assert second.rows == first.rows
    layout.embeddings("ab" * 8, other).replace(layout.embeddings("ab" * 8, one))
    with pytest.raises(DamagedError, match=rf"{one:06d}\.parquet is not what was written"):
        read_columns(layout.embeddings("ab" * 8, one), first, ["text"])


@pytest.mark.parametrize("longer", [True, False], ids=["longer", "shorter"])
def test_another_length_is_told(written: tuple[Path, FileRecord], longer: bool) -> None:
    path, record = written
    path.write_bytes(path.read_bytes() + b"x" if longer else path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=rf"bytes; the manifest says {record.bytes:,}"):
        read_columns(path, record, ["text"])


def test_what_was_written_here_is_not_read_again_to_be_verified(
    written: tuple[Path, FileRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, record = written
    monkeypatch.setattr(verified, "_sha256", lambda *_: pytest.fail("the file was hashed again"))
    assert read_columns(path, record, TABLE.column_names).equals(TABLE)


LINKS = ["the file", "its folder", "a folder above"]


@pytest.mark.parametrize("what", LINKS)
def test_a_link_inside_a_store_is_not_followed(tmp_path: Path, what: str) -> None:
    path = Layout(tmp_path / ".embedctl").embeddings("ab" * 8, 1)
    record = write_table(path, TABLE)
    linked = {"the file": path, "its folder": path.parent, "a folder above": path.parent.parent}[what]
    outside = tmp_path / "outside"
    linked.rename(outside)
    linked.symlink_to(outside)
    from embedctl.store import regular

    regular._checked_once.cache_clear()  # a process looks at each folder once
    with pytest.raises(DamagedError, match="is a symbolic link"):
        read_columns(path, record, ["text"])
    with pytest.raises(DamagedError, match="is a symbolic link"):
        check_regular(path)
    with pytest.raises(DamagedError, match="is a symbolic link"):
        link_or_copy(path, tmp_path / "copy")


def test_the_stores_own_folder_may_be_a_link(tmp_path: Path) -> None:
    table = sample()
    record = write_table(Layout(tmp_path / "disk" / ".embedctl").sample(1), table)
    (tmp_path / ".embedctl").symlink_to(tmp_path / "disk" / ".embedctl")
    assert read_columns(Layout(tmp_path / ".embedctl").sample(1), record, table.column_names).equals(table)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = Layout(tmp_path / ".embedctl").chunks(1)
    record = write_table(path, TABLE)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DamagedError, match="000001"):
        read_columns(path, record, ["text"])


def test_a_temporary_name_that_is_a_link_leads_nowhere(tmp_path: Path) -> None:
    path = Layout(tmp_path / ".embedctl").chunks(1)
    path.parent.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("mine")
    path.with_name("000001.parquet.tmp").symlink_to(outside)
    write_table(path, TABLE)
    assert outside.read_text() == "mine"


def test_a_shortage_is_not_called_damage(written: tuple[Path, FileRecord], monkeypatch: pytest.MonkeyPatch) -> None:
    path, record = written

    def short(*_: object, **__: object) -> None:
        raise MemoryError

    import pyarrow.parquet as pq

    monkeypatch.setattr(pq.ParquetFile, "read", short)
    with pytest.raises(MemoryError):
        read_columns(path, record, ["text"])
    overwrite(path, HARM["a flipped bit"](path.read_bytes()))
    with pytest.raises(DamagedError, match="not what was written"):
        read_columns(path, record, ["text"])


WRONG: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "missing": (lambda table: table.drop_columns("sha256"), "no column sha256"),
    "another type": (lambda table: table.set_column(0, "sha256", pa.array(range(40))), "sha256 of type int64"),
    "nulls": (
        lambda table: table.set_column(0, "sha256", pa.array([None] * 40, pa.binary(32))),
        "sha256 of type fixed_size_binary",
    ),
    "another item": (
        lambda table: table.set_column(1, "vector", pa.array([[1.0] * 8] * 40, pa.list_(pa.float64(), 8))),
        "vector of type fixed_size_list",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_columns_of_a_stranger_have_the_types_that_they_should(tmp_path: Path, wrong: str) -> None:
    path = Layout(tmp_path / ".embedctl").sample(1)
    change, told = WRONG[wrong]
    record = write_table(path, change(sample()))
    with pytest.raises(DamagedError, match=rf"000001\.parquet has (a column )?{told}"):
        read_columns(path, record, ["sha256"])
