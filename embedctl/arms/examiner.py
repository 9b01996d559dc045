"""The contract by which doctor looks into the pieces of a kind.

Of every piece, doctor compares lengths and checksums of its files, opens it, and compares the number of its rows. A
kind that has more to compare returns an :class:`Examiner` of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..store.layout import Layout
    from ..store.manifest import ArmRecord, EncoderRecord, Part
    from ..store.piece import Piece

RECALL_AT = 10


class Flaw(NamedTuple):
    """One thing that is wrong with a piece."""

    message: str
    """A finished sentence."""
    file: str = ""
    """Below the folder of the piece; empty: the folder itself."""


class Examiner:
    """Examines the pieces of one kind; these are the checks of a kind that brings none."""

    def means(self, name: str) -> str:
        """Return, as a sentence, how queries are answered while the file called ``name`` is damaged."""
        return "Answers come from the parts instead: right, but slower."

    def look(self, piece: Piece, encoder: EncoderRecord | None, sound: Callable[[str], bool]) -> Iterator[Flaw]:
        """Compare lengths, headers and counts, in milliseconds; no library opens the piece.

        Args:
            piece: to look at.
            encoder: of its field.
            sound: whether nothing was found about a file that the manifest names.
        """
        yield from ()

    def check_part(self, opened: Any, layout: Layout, part: Part) -> Iterator[Flaw]:
        """Compare what an opened piece holds of a part with the files of the part, which have their checksums."""
        yield from ()

    def check_derived(self, opened: Any, piece: Piece) -> Iterator[Flaw]:
        """Check what an opened piece derives from its own rows."""
        yield from ()

    def recall(self, opened: Any, seed: int) -> tuple[Mapping[str, float], int] | None:
        """Measure recall@10 of approximate plans against the exact scan; ``None``: there is none, or nothing to search.

        Return it by the name of the plan, of those that could be measured, and the number of queries.
        """
        return None


def length_flaws(record: ArmRecord, expected: Mapping[str, int | None]) -> Iterator[Flaw]:
    """Yield the files that the manifest does not name, or names with another number of bytes; ``None``: any number."""
    for name, size in sorted(expected.items()):
        known = record.files.get(name)
        if known is None:
            yield Flaw("The manifest does not name it, but the index needs it.", name)
        elif size is not None and known.bytes != size:
            yield Flaw(f"It has {known.bytes:,} bytes where its rows take {size:,}.", name)
