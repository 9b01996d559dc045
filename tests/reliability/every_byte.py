"""Everything that the files of a folder hold, compressed or not: to show that something is in none of them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import tantivy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa


def spellings(text: str) -> list[bytes]:
    """Return the bytes that a text has in files: UTF-8, both orders of UTF-16, and lowercase as an index has it."""
    return [text.encode(), text.lower().encode(), text.encode("utf-16-le"), text.encode("utf-16-be")]


def holding(folder: Path, needles: Iterable[bytes]) -> list[str]:
    """Return the names of what holds one of the needles: files, columns, stored documents; empty: nothing does."""
    wanted = list(needles)
    assert all(wanted), "an empty needle is everywhere"
    return sorted({name for name, data in contents(folder) if any(needle in data for needle in wanted)})


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file as it is, and unpacked: columns of Parquet files, documents in Tantivy, payloads of rows."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        yield f"{name} (its name)", name.encode("utf-8", "surrogateescape")
        if not path.is_file() or path.is_symlink():
            continue
        yield name, path.read_bytes()
        if path.suffix == ".parquet":
            table = pq.ParquetFile(path).read()
            for column in table.column_names:
                yield f"{name}:{column}", b"".join(map(_buffers, table.column(column).chunks))
                if column != "vector":
                    yield f"{name}:{column} (values)", repr(table.column(column).to_pylist()).encode()
        elif path.name == "payloads.z":
            yield f"{name} (inflated)", _inflated(path.read_bytes())
        elif path.name == "meta.json":
            yield f"{path.parent.relative_to(folder)} (stored)", _stored(path.parent)


def _buffers(array: pa.Array) -> bytes:
    return b"".join(memoryview(buffer).tobytes() for buffer in array.buffers() if buffer is not None)


def _inflated(data: bytes) -> bytes:
    """Return the blocks of payloads, which lie one behind the other."""
    texts = []
    while data:
        block = zlib.decompressobj()
        texts.append(block.decompress(data))
        data = block.unused_data
    return b"\n".join(texts)


def _stored(folder: Path) -> bytes:
    """Return the stored fields of every document of a Tantivy index."""
    index = tantivy.Index.open(str(folder))
    searcher = index.searcher()
    if not searcher.num_docs:
        return b""
    found = searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs)
    return repr([searcher.doc(address).to_dict() for _, address in found.hits]).encode()
