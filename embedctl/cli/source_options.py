"""Flags that say which files to cover and how to read them."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..config import ParserLimits, RecordFields, SourceRequest, WalkRules
from ..errors import UsageError
from ..sources.paths import read_path_list
from .parameters import Argument, option
from .units import parse_size

_RULES, _PARSER = WalkRules(), ParserLimits()


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Rules for the paths of a command; the store remembers them for the next refresh."""

    paths: Annotated[
        list[Path] | None,
        Argument(metavar="PATH", help="Folders and files to cover from now on. Without: refresh what is covered."),
    ] = None
    include: Annotated[
        list[str] | None, option(metavar="GLOB", help="Take only matching files; may be given several times.")
    ] = None
    exclude: Annotated[
        list[str] | None, option(metavar="GLOB", help="Leave out matching files and folders; may be repeated.")
    ] = None
    hidden: Annotated[bool, option("--hidden", help="Take files and folders that begin with a dot.")] = False
    no_ignore: Annotated[bool, option("--no-ignore", help="Disregard .gitignore and .embedctlignore.")] = False
    max_file_size: Annotated[
        str | None,
        option(metavar="SIZE", help=f"Skip larger files (500KB, 1GB). Without it: {_RULES.max_file_bytes // 10**6}MB."),
    ] = None
    parse_timeout: Annotated[
        int | None,
        option(min=1, metavar="SECONDS", help=f"Most time for parsing one file. Without it: {_PARSER.seconds:g}."),
    ] = None
    parse_memory: Annotated[
        str | None,
        option(
            metavar="SIZE", help=f"Most memory for parsing one file. Without it: {_PARSER.memory_bytes // 10**9}GB."
        ),
    ] = None
    files_from: Annotated[
        str | None, option(metavar="FILE|-", help="Cover the files listed in FILE, or on stdin, one on each line.")
    ] = None
    null: Annotated[bool, option("-0", "--null", help="The list of --files-from is separated by NUL bytes.")] = False
    id_field: Annotated[str | None, option(metavar="NAME", help="Column with the id in record files.")] = None
    title_field: Annotated[str | None, option(metavar="NAME", help="Column with the title in record files.")] = None
    text_field: Annotated[str | None, option(metavar="NAME", help="Column with the text in record files.")] = None
    name: Annotated[str | None, option(help="Name of the source, the first part of its ids. Default: its path's.")] = (
        None
    )

    @property
    def places(self) -> list[Path]:
        """The paths that were named."""
        return self.paths or []

    def request(self) -> SourceRequest:
        """Return what was asked for; rules and fields stay ``None`` where no flag touches them.

        Raises:
            UsageError: there are flags, and no path that they could be about.
        """
        asked = SourceRequest(self._rules(), self._fields(), self.name)
        if not self.paths and self.files_from is None and (self.null or asked != SourceRequest()):
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
            include=tuple(self.include or ()),
            exclude=tuple(self.exclude or ()),
            hidden=self.hidden,
            ignore=not self.no_ignore,
            max_file_bytes=parse_size(self.max_file_size) if self.max_file_size else _RULES.max_file_bytes,
            parse_seconds=self.parse_timeout,
            parse_bytes=self._parse_bytes(),
        )
        return rules if rules != _RULES or self.max_file_size else None

    def _parse_bytes(self) -> int | None:
        if self.parse_memory is None:
            return None
        size = parse_size(self.parse_memory)
        if size == 0:
            raise UsageError("Nothing can be parsed in no memory.", "Give --parse-memory a size, like 500MB or 4GB.")
        return size

    def _fields(self) -> RecordFields | None:
        fields = RecordFields(self.id_field, self.title_field, self.text_field)
        return fields if fields != RecordFields() else None
