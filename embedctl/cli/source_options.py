"""Flags that say which files to cover and how to read them."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from ..config import Ocr, ParserLimits, RecordFields, SourceRequest, WalkRules
from ..config.setting import setting
from ..errors import UsageError
from ..sources.paths import read_path_list
from .grouped import Argument
from .units import parse_size

_RULES, _PARSER = WalkRules(), ParserLimits()


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Rules for the paths of a command; the store remembers them for the next refresh."""

    paths: Annotated[
        list[Path], Argument("PATH", "Folders and files to cover from now on. Without: refresh what is covered.")
    ] = field(default_factory=list)
    include: tuple[str, ...] = setting((), "Take only matching files; may be repeated.", "GLOB")
    exclude: tuple[str, ...] = setting((), "Leave out matching files and folders; may be repeated.", "GLOB")
    hidden: bool = setting(False, "Take files and folders that begin with a dot.")
    no_ignore: bool = setting(False, "Disregard .gitignore and .embedctlignore.")
    max_file_size: str | None = setting(
        None, "Skip larger files (500KB, 1GB).", "SIZE", usual=f"{_RULES.max_file_bytes // 10**6}MB"
    )
    parse_timeout: int | None = setting(
        None, "Time limit for parsing one file.", "SECONDS", min=1, usual=f"{_PARSER.seconds:g}"
    )
    parse_memory: str | None = setting(
        None, "Memory limit for parsing one file.", "SIZE", usual=f"{_PARSER.memory_bytes // 10**9}GB"
    )
    ocr: Ocr | None = setting(
        None, "Read text in pictures of PDFs: where embedctl[ocr] is installed, always, or never.", usual=_RULES.ocr
    )
    files_from: str | None = setting(None, "Cover the files listed in FILE, or on stdin, one on each line.", "FILE|-")
    null: bool = setting(False, "The list of --files-from is separated by NUL bytes.", "-0 --null")
    id_field: str | None = setting(None, "Column with the id in record files.", "NAME")
    title_field: str | None = setting(None, "Column with the title in record files.", "NAME")
    text_field: tuple[str, ...] = setting((), "Column with the text in record files; several are joined.", "NAME")
    search_field: tuple[str, ...] = setting((), "Column to search beside the text; may be repeated.", "NAME")
    allow_empty: bool = setting(False, "Drop the documents of sources that are gone, or empty all of a sudden.")
    name: str | None = setting(None, "Name of the source, the first part of its ids.", "NAME", usual="its path's")

    def request(self) -> SourceRequest:
        """Return what was asked for; rules and fields stay ``None`` where no flag touches them.

        Raises:
            UsageError: there are flags, and no path that they could be about.
        """
        asked = SourceRequest(self._rules(), self._fields(), self.name, self.allow_empty)
        if (
            not self.paths
            and self.files_from is None
            and (self.null or asked != SourceRequest(allow_empty=self.allow_empty))
        ):
            raise UsageError(
                "Flags for sources were given, and no source.", "Add the PATH that they are about, or --files-from."
            )
        return asked

    def files(self) -> list[str] | None:
        """Return the paths listed in ``--files-from``.

        Raises:
            UsageError: there is no such file, or it is separated by NUL bytes and ``--null`` was not given.
        """
        if self.files_from is None:
            return None
        try:
            if self.files_from == "-":
                return read_path_list(sys.stdin.buffer, self.null)
            with Path(self.files_from).open("rb") as stream:
                return read_path_list(stream, self.null)
        except OSError as error:
            raise UsageError(
                f'The list "{self.files_from}" cannot be read: {error.strerror}.', "Name a file with one path a line."
            ) from error

    def _rules(self) -> WalkRules | None:
        rules = WalkRules(
            include=self.include,
            exclude=self.exclude,
            hidden=self.hidden,
            ignore=not self.no_ignore,
            max_file_bytes=parse_size(self.max_file_size) if self.max_file_size else _RULES.max_file_bytes,
            parse_seconds=self.parse_timeout,
            parse_bytes=self._parse_bytes(),
            ocr=self.ocr or _RULES.ocr,
        )
        return rules if rules != _RULES or self.max_file_size or self.ocr else None

    def _parse_bytes(self) -> int | None:
        if self.parse_memory is None:
            return None
        size = parse_size(self.parse_memory)
        if size == 0:
            raise UsageError("Nothing can be parsed in no memory.", "Give --parse-memory a size, like 500MB or 4GB.")
        return size

    def _fields(self) -> RecordFields | None:
        fields = RecordFields(self.id_field, self.title_field, self.text_field, self.search_field)
        return fields if fields != RecordFields() else None
