"""Removal of a query's passage from its document: from texts, title, headings and the line of context."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...chunkers.context import SEPARATOR
from .passages import is_spaceless, length

if TYPE_CHECKING:
    from .sampled_documents import SampledChunk, SampledDocument


@dataclass(frozen=True, slots=True)
class ReducedDocument:
    """A document without what a query was copied from."""

    changed: tuple[int, ...]
    """Labels of the chunks that had it, ascending: none of them may answer."""
    reduced: tuple[SampledChunk, ...]
    """Chunks that may answer in their place, in order; none for a chunk of which nothing is left."""
    title: str
    path: str
    left: int
    """Words that the document still has."""


def hold_out(document: SampledDocument, passage: str, most: int) -> ReducedDocument:
    """Take ``passage`` out of all chunks of a document, wherever it stands, whatever its case and line breaks.

    A path that has all of its words is left out as well: names of files are often made of titles. Of more than ``most``
    reduced chunks the first ones are kept; the others may not answer either.
    """
    pattern = _pattern(passage)
    title = pattern.sub(" ", document.title).strip()
    named = _words(passage)
    path = "" if named and named <= _words(document.path) else document.path
    changed: list[int] = []
    reduced: list[SampledChunk] = []
    left = 0
    for chunk in document.chunks:
        text = pattern.sub(" ", chunk.text)
        headings = tuple(kept for heading in chunk.heading if (kept := pattern.sub(" ", heading).strip()))
        left += length(text)
        if (text, title, headings) == (chunk.text, document.title, chunk.heading):
            continue
        changed.append(chunk.label)
        if text.strip() and len(reduced) < most:
            context = _without(chunk.context, pattern)
            reduced.append(replace(chunk, text=text, heading=headings, context=context))
    return ReducedDocument(tuple(changed), tuple(reduced), title, path, left)


def _pattern(passage: str) -> re.Pattern[str]:
    """Return what matches the passage where it stands as words; scripts without spaces have none."""
    words = " ".join(passage.split())
    before, after = (r"\b" if edge.isalnum() and not is_spaceless(edge) else "" for edge in (words[0], words[-1]))
    return re.compile(before + r"\s+".join(map(re.escape, passage.split())) + after, re.IGNORECASE)


def _without(context: str, pattern: re.Pattern[str]) -> str:
    levels = [pattern.sub(" ", level).strip() for level in context.rstrip("\n").split(SEPARATOR)]
    line = SEPARATOR.join(level for level in levels if level)
    return f"{line}\n" if line else ""


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))
