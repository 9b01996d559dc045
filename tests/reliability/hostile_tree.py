"""Entries of folders that a walk must not stumble over, and how many inputs each of them is."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {
    "plain": "{}",
    "newline": "new\nline {}",
    "escape": "esc\x1b[31m {}",
    "bidi": "\u202egpj {}",
    "tab": "\t{}",
    "long": "{}" + "x" * 240,
    "bytes": "{}\udcff",
}


class Made(NamedTuple):
    """What an entry must come to."""

    indexed: int = 0
    skipped: int = 0
    failed: int = 0


def _write(path: str, data: str | bytes) -> None:
    Path(path).write_bytes(data if isinstance(data, bytes) else data.encode())


def _text(path: str) -> Made:
    _write(f"{path}.txt", f"Words of {Path(path).name!r}.")
    return Made(indexed=1)


def _hard_link(path: str) -> Made:
    _write(f"{path}.md", f"# Words of {Path(path).name!r}.")
    Path(f"{path}-too.md").hardlink_to(f"{path}.md")
    return Made(indexed=2)


def _rows(path: str) -> Made:
    _write(
        f"{path}.jsonl", '{"id": "a", "text": "good"}\n{"id": \n{"id": "c", "text": ""}\n{"id": "d", "text": "fine"}'
    )
    return Made(indexed=2, skipped=1, failed=1)


def _cells(path: str) -> Made:
    _write(f"{path}.csv", 'id,text\na,good\nb,"never closed\nc,fine\nd,well\n')
    return Made(indexed=3, failed=1)


def _no_text(path: str) -> Made:
    _write(f"{path}.jsonl", '{"number": 1}\n')
    return Made(skipped=1)


def _false_parquet(path: str) -> Made:
    _write(f"{path}.parquet", b"PAR1" + bytes(100) + b"PAR1")
    return Made(failed=1)


def _empty(path: str) -> Made:
    _write(f"{path}.txt", b"")
    return Made(skipped=1)


def _picture(path: str) -> Made:
    _write(f"{path}.md", b"\x89PNG\r\n\x1a\n" + bytes(64))
    return Made(skipped=1)


def _pipe(path: str) -> Made:
    for ending in ("", ".txt", ".jsonl", ".parquet"):
        os.mkfifo(path + ending)
    return Made(skipped=4)


def _socket(path: str) -> Made:
    inside, name = os.path.split(path)
    here = Path.cwd()
    os.chdir(inside)  # addresses may have a hundred characters
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"{name[:20]}.txt")
    finally:
        os.chdir(here)
    return Made(skipped=1)


def _links(path: str) -> Made:
    Path(f"{path}-loop").symlink_to("..")
    Path(f"{path}.txt").symlink_to("/etc/hostname")
    Path(f"{path}.jsonl").symlink_to("nowhere")
    return Made(skipped=3)


def _sparse(path: str) -> Made:
    for ending in (".txt", ".jsonl", ".csv", ".parquet"):
        with Path(path + ending).open("wb") as file:
            file.truncate(1 << 40)
    return Made(skipped=1, failed=3)


def _folder_like_a_file(path: str) -> Made:
    Path(f"{path}.jsonl").mkdir()
    _write(f"{path}.jsonl/in.txt", f"Inside {Path(path).name!r}.")
    return Made(indexed=1)


def _pipe_for_rules(path: str) -> Made:
    Path(path).mkdir()
    os.mkfifo(f"{path}/.gitignore")
    _write(f"{path}/in.txt", f"Beside a pipe in {Path(path).name!r}.")
    return Made(indexed=1)


ENTRIES: dict[str, Callable[[str], Made]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _text, _hard_link, _rows, _cells, _no_text, _false_parquet, _empty, _picture, _pipe, _socket, _links, _sparse,
        _folder_like_a_file, _pipe_for_rules,
    )
}  # fmt: skip


def plant(folder: str, wanted: list[tuple[str, str]]) -> Made:
    """Make entries, each of a kind and under a kind of name; return what they must come to, all together."""
    indexed = skipped = failed = 0
    for number, (kind, name) in enumerate(wanted):
        made = ENTRIES[kind](str(Path(folder, NAMES[name].format(number))))
        if name != "bytes":
            indexed, skipped, failed = indexed + made.indexed, skipped + made.skipped, failed + made.failed
        elif kind in {"folder_like_a_file", "pipe_for_rules"}:
            failed += 1  # what lies below is not looked at
        else:  # by entry, for nothing is opened
            failed += {"hard_link": 2, "pipe": 4, "links": 3, "sparse": 4}.get(kind, 1)
    return Made(indexed, skipped, failed)
