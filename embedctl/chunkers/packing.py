"""Choosing boundaries: from the start of a section, the strongest one that the budget reaches, the last among equals.

Two rules keep neighbours sensible. A remainder that would leave a tail of less than an eighth of the budget is cut
near its middle instead. And in a long stretch without sections some boundaries, chosen by the text in front of
them, outrank the others: after an edit, packing falls back into step there, however regular the text is.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ..outline import SECTION_FILL
from .prose import first_boundary, last_boundary
from .tokens import CHARACTERS_PER_TOKEN, skip_blanks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..outline import HeadingPath, Outline
    from ..records import Document
    from .budget import Budget
    from .context import Contexts
    from .tokens import TokenMap

TAIL_SHARE = 8
WHOLE_FILL = 1 / 16
LONG_STRETCH = 32
"""Budgets' worth of text from which on anchors are wanted."""
ANCHOR_EVERY = 16
"""Mean distance of anchors, in budgets."""
CHARACTERS_IN_TOKEN = 4


class Piece(NamedTuple):
    """A chunk before it is counted."""

    start: int
    own: int
    """Start of the text that the previous chunk does not have; ``start`` without overlap."""
    end: int
    heading: HeadingPath
    ids: NDArray[np.int32] | None
    """Tokens of the text alone, where they are known exactly."""


class Packer:
    """Cuts one document along its outline."""

    def __init__(
        self, document: Document, outline: Outline, tokens: TokenMap, budget: Budget, contexts: Contexts
    ) -> None:
        self._document = document
        self._text = document.text
        self._outline = outline
        self._tokens = tokens
        self._budget = budget
        self._contexts = contexts
        self._section_starts = [section.start for section in outline.sections]

    def pack(self) -> Iterator[Piece]:
        """Yield pieces that cover every non-blank character of the body."""
        position = skip_blanks(self._text, self._document.body_start)
        if whole := self._whole(position):
            yield whole
            return
        while position < len(self._text):
            end = self._section_end(position)
            yield from self._pack_section(position, end)
            position = skip_blanks(self._text, end)

    def _whole(self, start: int) -> Piece | None:
        """Return all of a text without sections as one piece, if it fits: what packing would come to, sooner."""
        if self._outline.sections or start == len(self._text):
            return None
        end = self._trimmed(start, len(self._text))
        budget = self._budget.text(self._context(start, end))
        if end - start > budget * CHARACTERS_PER_TOKEN:
            return None
        self._tokens.reach(start, self._budget.body)
        ids = self._tokens.exactly(start, end)
        return self._piece(start, start, end, ids) if ids is not None and len(ids) <= budget else None

    def _section_end(self, start: int) -> int:
        """Return where the section from ``start`` ends, small sections joined to what follows them."""
        sections = self._outline.sections
        enough = max(1, int(self._budget.body * SECTION_FILL))
        self._tokens.reach(start, self._budget.body)
        index = bisect_right(self._section_starts, start)
        # Text in front of the first section, such as badges above the title, joins a section of any depth.
        depth = sections[index - 1].depth if index else 0
        bare = index > 0 and sections[index - 1].bare
        for section in sections[index:]:
            if not (self._outline.join_sections or bare) or section.depth < depth:
                return section.start
            if not bare and self._tokens.cost(start, self._trimmed(start, section.start)) >= enough:
                return section.start
            bare = bare and section.bare
        return len(self._text)

    def _pack_section(self, start: int, end: int) -> Iterator[Piece]:
        tokens = self._tokens
        anchored = end - start > LONG_STRETCH * self._budget.body * CHARACTERS_IN_TOKEN
        position, floor = start, start
        while floor < end:
            most = self._budget.text(self._context(position, end))
            tokens.reach(position, most)
            limit = tokens.limit(position, most)
            if limit >= end:
                cut = end
            else:
                limit = max(self._shortened(position, end, limit, most), floor + 1)
                cut = self._cut(position, limit, floor, anchored=anchored, budget=most)
            stop = self._trimmed(position, cut)
            yield self._piece(position, floor, stop, tokens.exactly(position, stop))
            floor = skip_blanks(self._text, cut)
            position = self._overlapped(position, stop, floor, most) if floor < end else floor

    def _context(self, start: int, end: int) -> int:
        """Return the most tokens that the context of a chunk from ``start`` to anywhere up to ``end`` can have.

        How far the chunk will reach decides its heading.
        """
        headings = {self._outline.heading(start, start + 1), self._outline.heading(start, end)}
        return max(self._contexts.of(self._document.title, heading).tokens for heading in headings)

    def _piece(self, start: int, own: int, end: int, ids: NDArray[np.int32] | None) -> Piece:
        return Piece(start, own, end, self._outline.heading(start, end), ids)

    def _shortened(self, start: int, end: int, limit: int, budget: int) -> int:
        """Return ``limit``, nearer where all of it would leave only a small tail."""
        tail = budget // TAIL_SHARE
        if end - start > (budget + tail) * CHARACTERS_PER_TOKEN:
            return limit
        rest = self._tokens.cost(start, self._trimmed(start, end))
        if rest > budget + tail:
            return limit
        return min(limit, self._tokens.limit(start, max(1, min(budget, rest // 2 + tail))))

    def _cut(self, start: int, limit: int, floor: int, *, anchored: bool, budget: int) -> int:
        """Return the strongest boundary in ``(floor, limit]``."""
        window = limit - start
        for level in self._outline.levels:
            index = bisect_right(level.starts, limit) - 1
            if index < 0 or level.starts[index] <= floor:
                continue
            boundary = level.starts[index]
            if anchored and (anchor := self._anchor(level.starts, index, start, floor)):
                return anchor
            fill = (boundary - start) / window
            if fill >= level.fill:
                return boundary
            if level.ends is None or fill < WHOLE_FILL or level.ends[index] <= limit:
                continue
            if self._tokens.limit(boundary, budget) >= level.ends[index]:
                return boundary
        return last_boundary(self._text, start, limit, floor, prose=self._outline.prose)

    def _anchor(self, starts: Sequence[int], index: int, start: int, floor: int) -> int:
        """Return the last boundary up to ``index`` that the text in front of it makes an anchor, or 0."""
        scale = ANCHOR_EVERY * self._budget.body * CHARACTERS_IN_TOKEN
        first = max(floor, start + int(self._budget.body * CHARACTERS_IN_TOKEN * SECTION_FILL))
        while index > 0 and starts[index] > first:
            before = self._text[starts[index - 1] : starts[index]]
            if zlib.crc32(before.encode("utf-8", "surrogatepass")) % scale < len(before):
                return starts[index]
            index -= 1
        return 0

    def _overlapped(self, start: int, stop: int, floor: int, budget: int) -> int:
        """Return where the chunk that follows ``[start, stop)`` begins, ``overlap`` tokens before its own text."""
        overlap = min(self._budget.overlap, budget // 2)
        if overlap == 0:
            return floor
        earliest = max(self._tokens.earliest(stop, overlap), start + 1)
        return skip_blanks(self._text, first_boundary(self._text, earliest, stop)) if earliest < stop else floor

    def _trimmed(self, start: int, end: int) -> int:
        while end > start and self._text[end - 1].isspace():
            end -= 1
        return end
