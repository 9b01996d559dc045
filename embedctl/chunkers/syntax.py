"""Units of a source file from its syntax tree: definitions, members, statements, each with its comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..outline import LINE_FILL, Level, Scopes
from .grammars import WRAPPERS, label_of, parser_for

if TYPE_CHECKING:
    import numpy as np
    from tree_sitter import Node

SMALL_BYTES = 384
"""Nodes up to this size are cut by lines, if at all."""
DEEPEST = 8
MOST_ERRORS = 0.25
DEFINITION_FILL = 0.4
OUTER_FILL = 0.25
"""At the top level; lower, for the rest of a long class should not share a chunk with the next one."""
WIDEST_MARGIN = 1_000
"""Bytes of blanks in front of a node that begins its line; a file of one line has no other such node but the first."""
DEEPEST_WALK = 100
"""Nesting on one line, such as a sum of a thousand terms, has no limit of its own."""
_LEADING = frozenset(
    {"comment", "line_comment", "block_comment", "attribute_item", "decorator", "attribute_list", "preproc_comment"}
)


@dataclass(slots=True)
class _Units:
    """Byte spans of one depth."""

    definitions: list[tuple[int, int]] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    """Ends of definitions, where something else follows."""
    statements: list[tuple[int, int]] = field(default_factory=list)
    labels: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Syntax:
    """Structure from a syntax tree, in code points of the whole text."""

    levels: tuple[Level, ...]
    scopes: Scopes


def parse(data: bytes, base: int, language: str) -> Syntax | None:
    """Return the structure of a file in UTF-8; offsets are code points counted from ``base``.

    ``None`` without a grammar or where most of it does not parse. Call it where it may crash: see ``syntax_process``.
    """
    parser = parser_for(language)
    if parser is None:
        return None
    root = parser.parse(data).root_node
    if _broken(root, len(data)):
        return None
    units = [_Units() for _ in range(DEEPEST)]
    scopes = [_Units() for _ in range(DEEPEST)]
    walk = _Walk(data, language, units, scopes)
    walk.children(root, 0, 0)
    to_characters = _Characters(data, base, ascii_only=data.isascii())
    return Syntax(_levels(units, to_characters), _scopes(scopes, to_characters))


def _broken(root: Node, size: int) -> bool:
    if root.type == "ERROR":
        return True
    if not root.has_error:
        return False
    wrong = sum(child.end_byte - child.start_byte for child in root.children if child.is_error)
    return wrong > MOST_ERRORS * size


class _Walk:
    def __init__(self, data: bytes, language: str, units: list[_Units], scopes: list[_Units]) -> None:
        self._data = data
        self._language = language
        self._units = units
        self._scopes = scopes
        self._nesting = 0

    def children(self, node: Node, depth: int, named_depth: int) -> None:
        """Note the children of ``node`` that begin a line, and go down into those that are large."""
        leading: list[Node] = []
        for child in node.children:
            own_line = self._begins_line(child)
            if leading and not self._touches(leading[-1], child):
                self._units[depth].statements.append((self._line_start(leading[0]), leading[-1].end_byte))
                leading = []
            if child.type in _LEADING and own_line:
                leading.append(child)
            elif child.is_named and child.type not in _LEADING:
                start = self._line_start(leading[0] if leading else child) if own_line else child.start_byte
                self._child(node, child, start, (depth, named_depth))
                leading = []

    def _child(self, parent: Node, child: Node, start: int, depths: tuple[int, int]) -> None:
        """Note one child, which with its comments begins at ``start``, and go down into it."""
        depth, named_depth = depths
        # What a decorator or an export wraps was named with it.
        label = "" if parent.type in WRAPPERS else label_of(child, self._language)
        own_line = child.start_point.row > parent.start_point.row and self._begins_line(child)
        if own_line or parent.parent is None:
            self._note(depth, start, child.end_byte, definition=bool(label))
            depth += 1
        if label and named_depth < DEEPEST:
            self._scopes[named_depth].labels.append((start, child.end_byte, label))
            named_depth += 1
        if child.end_byte - child.start_byte > SMALL_BYTES and depth < DEEPEST and self._nesting < DEEPEST_WALK:
            self._nesting += 1
            self.children(child, depth, named_depth)
            self._nesting -= 1

    def _note(self, depth: int, start: int, end: int, *, definition: bool) -> None:
        units = self._units[depth]
        if definition:
            units.definitions.append((start, end))
            units.breaks.append(end)
        else:
            units.statements.append((start, end))

    def _touches(self, first: Node, second: Node) -> bool:
        """Return whether no blank line lies between two neighbours."""
        return (
            self._data.count(b"\n", first.end_byte, second.start_byte)
            + (self._data[max(first.start_byte, first.end_byte - 1) : first.end_byte] == b"\n")
            <= 1
        )

    def _line_start(self, node: Node) -> int:
        return node.start_byte - node.start_point.column

    def _begins_line(self, node: Node) -> bool:
        margin = node.start_point.column
        return margin <= WIDEST_MARGIN and not self._data[node.start_byte - margin : node.start_byte].strip()


class _Characters:
    """Byte offsets to code points."""

    def __init__(self, data: bytes, base: int, *, ascii_only: bool) -> None:
        self._base = base
        self._index: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None
        if not ascii_only:
            import numpy as np  # for the few files that need it: it takes longer than they do

            # Every byte but the continuations of UTF-8 begins a code point.
            leading = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80
            self._index = np.concatenate(([0], np.cumsum(leading, dtype=np.int64)))

    def __call__(self, offsets: list[int]) -> list[int]:
        """Return code point offsets in the whole text, in the order of ``offsets``."""
        if self._index is None:
            return [offset + self._base for offset in offsets]
        found: list[int] = (self._index[offsets] + self._base).tolist() if offsets else []
        return found


def _levels(units: list[_Units], to_characters: _Characters) -> tuple[Level, ...]:
    levels = []
    for depth, unit in enumerate(units):
        ends = dict.fromkeys(unit.breaks, 0) | dict(sorted(unit.definitions))
        ends = {start: max(start, end) for start, end in ends.items()}
        levels.append(_level(ends, DEFINITION_FILL if depth else OUTER_FILL, to_characters))
        levels.append(_level(dict(sorted(unit.statements)), LINE_FILL, to_characters))
    return tuple(level for level in levels if level.starts)


def _level(ends: dict[int, int], fill: float, to_characters: _Characters) -> Level:
    starts = sorted(ends)
    return Level(to_characters(starts), fill, to_characters([ends[start] for start in starts]))


def _scopes(scopes: list[_Units], to_characters: _Characters) -> Scopes:
    found = [sorted(scope.labels) for scope in scopes if scope.labels]
    return Scopes(
        tuple(to_characters([start for start, _, _ in labels]) for labels in found),
        tuple(to_characters([end for _, end, _ in labels]) for labels in found),
        tuple([label for _, _, label in labels] for labels in found),
    )
