"""Tasks for the workers: files of a walk, with the limits of their sources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..config import ParserLimits
from ..parsers.ocr import SECONDS as OCR_SECONDS
from ..parsers.ocr import is_allowed
from ..parsers.reading import ReadTask, allowance
from ..records import FileEntry
from .decide import Action, content_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..parsers.reading import Allowance
    from ..records import Source
    from .decide import Met


def read_tasks(entries: Iterable[Met]) -> Iterator[tuple[Met, ReadTask | None]]:
    """Yield entries of a walk with the task of each file that is to be read whole."""
    for met in entries:
        if met.action is not Action.READ_FILE or not isinstance(met.entry, FileEntry):
            yield met, None
            continue
        entry = met.entry
        most, ocr = allowance_of(met.source, entry.size), is_allowed(met.source.rules.ocr)
        if ocr and entry.path.lower().endswith(".pdf") and not met.source.rules.parse_seconds:
            most = most._replace(seconds=most.seconds + OCR_SECONDS)
        known = content_known(met.known)
        yield met, ReadTask(entry.path, entry.absolute, entry.size, most, known, wanted=entry.wanted, ocr=ocr)


def allowance_of(source: Source, size: int) -> Allowance:
    """Return the limits of a file of ``size`` bytes in a source, which may have its own."""
    rules, limits = source.rules, ParserLimits()
    if rules.parse_seconds or rules.parse_bytes:
        seconds, memory = rules.parse_seconds or limits.seconds, rules.parse_bytes or limits.memory_bytes
        limits = replace(limits, seconds=seconds, memory_bytes=memory)
    return allowance(limits, size)
