"""Files from before Office 2007, turned into something readable by a program that is installed.

The worker that met such a file cannot start programs. So its caller runs one, outside the sandbox and within limits of
its own (:mod:`..system.program`), on a copy of the file; what comes out is parsed by a worker like any other file.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError, UnsupportedError
from ..system.open_regular import open_regular
from ..system.program import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .reading import Allowance, ReadTask

MEDIA_TYPES = {"doc": "application/msword", "ppt": "application/vnd.ms-powerpoint"}
UNCONVERTED = "ole2/0"
"""Stands for the parser of a file that waits for a converter: no version, so that every refresh tries it again."""


class NeedsConverterError(UnsupportedError):
    """The file is to be converted by a program first; ``kind`` is ``doc`` or ``ppt``."""

    def __init__(self, kind: str) -> None:
        super().__init__(f'".{kind}" files are read only after they are converted')
        self.kind = kind


class Converter(NamedTuple):
    """A program that reads old files."""

    program: str
    arguments: tuple[str, ...]
    """What it is given; ``{file}`` is the file, ``{folder}`` a folder for what comes out."""
    ending: str
    """Of what comes out: a file beside the input, or for ``txt`` what is printed."""


def _office(program: str, ending: str) -> Converter:
    options = ("--headless", "--norestore", "--nolockcheck", "-env:UserInstallation=file://{folder}/profile")
    return Converter(program, (*options, "--convert-to", ending, "--outdir", "{folder}", "{file}"), ending)


CONVERTERS = {
    "doc": (
        _office("soffice", "docx"),
        _office("libreoffice", "docx"),
        Converter("textutil", ("-convert", "docx", "-output", "{folder}/input.docx", "{file}"), "docx"),
        Converter("antiword", ("-m", "UTF-8.txt", "-w", "0", "{file}"), "txt"),
        Converter("catdoc", ("-d", "utf-8", "-w", "{file}"), "txt"),
    ),
    "ppt": (
        _office("soffice", "pptx"),
        _office("libreoffice", "pptx"),
        Converter("catppt", ("-d", "utf-8", "{file}"), "txt"),
    ),
}
"""By the kind of file, the ones that keep most first."""


@contextmanager
def converted(task: ReadTask, kind: str, sha256: bytes | None, wanted: Callable[[], bool]) -> Iterator[ReadTask]:
    """Convert a file of this kind and content; the task to read what came out is good in the body.

    Raises:
        UnsupportedError: no converter is installed; the message names those that would do.
        ParseError: the file changed meanwhile, or the converter failed.
    """
    found = [(each, path) for each in CONVERTERS[kind] if (path := shutil.which(each.program))]
    if not found:
        raise UnsupportedError(missing(kind))
    with TemporaryDirectory(prefix="embedctl-") as name:
        file = Path(name) / f"input.{kind}"
        file.write_bytes(_bytes(task, sha256))
        problem = None
        for converter, program in found:
            try:
                output = _output(converter, program, file, task.allowance, wanted)
            except ParseError as error:  # another one may be able to
                problem = problem or error
                continue
            yield replace(task, path=output.name, absolute=str(output), size=output.stat().st_size, known=None)
            return
        raise problem or ParseError("cannot be converted")


def _output(converter: Converter, program: str, file: Path, most: Allowance, wanted: Callable[[], bool]) -> Path:
    """Run a converter and return the file that came out."""
    arguments = [each.format(file=file, folder=file.parent) for each in converter.arguments]
    printed = run_program(
        [program, *arguments], file.parent, seconds=most.seconds, memory_bytes=most.memory_bytes, wanted=wanted
    )
    output = file.with_suffix(f".{converter.ending}")
    if converter.ending == "txt":
        output.write_bytes(printed)
    if not output.is_file() or output.is_symlink() or not output.stat().st_size:
        raise ParseError(f"{converter.program} made nothing of it")
    return output


def missing(kind: str) -> str:
    """Return the reason for which files of a kind are skipped where no converter is installed."""
    names = [each.program for each in CONVERTERS[kind] if each.program not in ("libreoffice", "textutil")]
    return (
        f'no converter for ".{kind}" files is installed: install LibreOffice ({names[0]}) or {" or ".join(names[1:])}'
    )


def _bytes(task: ReadTask, sha256: bytes | None) -> bytes:
    try:
        with open_regular(task.absolute) as stream:
            data = stream.readall()
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(data).digest() != sha256:
        raise ParseError("changed while it was read")
    return data
