"""Files of before Office 2007, and protected ones: their kinds, their converters, and the reasons without one."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from office_files import compound, old_workbook

import embedctl
from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse, parser_for
from embedctl.parsers.converting import CONVERTERS, NeedsConverterError, converted, missing
from embedctl.parsers.reading import Allowance, ReadTask
from embedctl.system.program import run_program

DOC = compound({"WordDocument": b"\xec\xa5" + bytes(100), "1Table": b""})


@pytest.mark.parametrize(
    ("ending", "kind"), [("docx", "Word document"), ("xlsx", "spreadsheet"), ("pptm", "PowerPoint presentation")]
)
def test_protected_files_are_called_so(ending: str, kind: str) -> None:
    with pytest.raises(ParseError, match=f"^password-protected {kind}$"):
        parse(compound({"EncryptionInfo": b"x", "EncryptedPackage": b"y"}), f"a.{ending}")


def test_protected_old_files_are_called_so() -> None:
    with pytest.raises(ParseError, match="password-protected Word document"):
        parse(compound({"WordDocument": bytes(10) + struct.pack("<H", 0x100)}), "a.doc")
    begin, password = struct.pack("<HH", 0x0809, 0), struct.pack("<HH", 0x2F, 0)
    with pytest.raises(ParseError, match="password-protected spreadsheet"):
        parse(compound({"WORKBOOK": begin + password}), "a.xls")
    with pytest.raises(ParseError, match="password-protected PowerPoint presentation"):
        parse(
            compound({"Current User": bytes(12) + struct.pack("<I", 0xF3D1C4DF), "PowerPoint Document": b"x"}), "a.ppt"
        )


def test_the_content_says_what_an_old_file_is() -> None:
    assert "| Ida |" in parse(old_workbook({"Crew": [["Ida"]]}), "a.doc").text
    for name in ("a.doc", "a.docx", "unnamed"):
        with pytest.raises(NeedsConverterError) as caught:
            parse(DOC, name)
        assert caught.value.kind == "doc"
    with pytest.raises(UnsupportedError, match="binary file"):
        parse(compound({"Other": b"x"}), "a.doc")
    with pytest.raises(ParseError, match="damaged"):
        parse(b"\x00\x01\x02", "a.doc")


@pytest.mark.parametrize(
    ("path", "head", "parser"),
    [
        ("a.doc", b"{\\rtf1 x}", "rtf"),
        ("a.doc", b"<html><body>x</body></html>", "html"),
        ("a.xls", b"<!DOCTYPE html><table>", "html"),
        ("a.xls", b"name\tlength\nKittiwake\t12\n", "text"),
        ("yard.dot", b"digraph yard { a -> b }\n", "text"),
        ("a.txt", DOC[:8192], "ole2"),
    ],
)
def test_endings_of_old_files_on_other_content(path: str, head: bytes, parser: str) -> None:
    assert parser_for(path, head) == parser


def test_directories_that_run_in_circles_are_read_once() -> None:
    data = bytearray(DOC)
    struct.pack_into("<I", data, 512 + 4, 1)  # the sector behind the directory's is itself
    with pytest.raises(NeedsConverterError):
        parse(bytes(data), "a.doc")


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_without_a_converter_the_file_is_skipped_with_what_is_missing(tmp_path: Path, nothing_installed: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "letter.doc").write_bytes(DOC)
    (docs / "note.txt").write_text("A gull on a bollard", encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    for _ in range(2):  # and tried again, for one may have been installed meanwhile
        (problem,) = store.ingest([docs]).problems
        assert (problem["outcome"], problem["reason"]) == ("skipped", missing("doc"))
    assert "soffice" in missing("doc")
    assert "catppt" in missing("ppt")


def test_what_a_converter_prints_is_the_text_of_the_file(tmp_path: Path, nothing_installed: Path) -> None:
    program = nothing_installed / "catdoc"
    program.write_text('#!/bin/sh\necho "Letter of $(/usr/bin/wc -c < "$4") bytes, $PWD"\n', encoding="utf-8")
    program.chmod(0o755)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "letter.doc").write_bytes(DOC)
    store = embedctl.create(tmp_path / ".embedctl")
    assert store.ingest([docs]).problems == []
    (documents,) = (tmp_path / ".embedctl" / "documents").glob("*.parquet")
    table = pq.read_table(documents)
    text, folder = table["text"][0].as_py().strip().split(", ")
    assert text == f"Letter of {len(DOC)} bytes"
    assert table["media_type"].to_pylist() == ["application/msword"]
    assert not Path(folder).exists()


ALLOWANCE = Allowance(20.0, 10**9, 10**6, 1000, 10**6)


def test_a_file_that_changed_meanwhile_is_not_converted(tmp_path: Path, nothing_installed: Path) -> None:
    (nothing_installed / CONVERTERS["doc"][-1].program).symlink_to("/bin/true")
    path = tmp_path / "a.doc"
    path.write_bytes(DOC)
    task = ReadTask("a.doc", str(path), len(DOC), ALLOWANCE)
    with pytest.raises(ParseError, match="changed while it was read"), converted(task, "doc", b"other", lambda: True):
        pass


def test_programs_are_limited_in_time_memory_and_place(tmp_path: Path) -> None:
    shell = "/bin/sh"
    limits = {"seconds": 20.0, "memory_bytes": 10**9, "wanted": lambda: True}
    printed = run_program([shell, "-c", 'echo "$HOME"; pwd; ulimit -c'], tmp_path, **limits)
    assert printed.decode().split() == [str(tmp_path), str(tmp_path), "0"]
    with pytest.raises(ParseError, match=r"sh cannot read it \(exit status 3\)"):
        run_program([shell, "-c", "exit 3"], tmp_path, **limits)
    with pytest.raises(ParseError, match=r"sh took longer than 0\.1 s"):
        run_program([shell, "-c", "while :; do :; done"], tmp_path, **{**limits, "seconds": 0.1})
    with pytest.raises(ParseError, match="took longer"):
        run_program([shell, "-c", "while :; do :; done"], tmp_path, **{**limits, "wanted": lambda: False})
    assert "EMBEDCTL_STORE" not in run_program([shell, "-c", "env"], tmp_path, **limits).decode()
    assert os.environ.get("HOME") != str(tmp_path)
