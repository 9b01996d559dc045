"""Units of a source file from its syntax tree: definitions, members, statements, each with its comments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..outline import LINE_FILL
from .grammars import WRAPPERS, label_of, parser_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def answer(request: bytes) -> bytes:
    """Return, in the child, the levels and scopes of a file as JSON; ``null`` where most of it does not parse.

    The request is a language, a space, the offset of the file in its text, a newline, and the file in UTF-8. Offsets in
    the answer are code points of the text.
    """
    head, _, data = request.partition(b"\n")
    language, base = head.decode().split()
    root = parser_for(language).parse(data).root_node
    if _broken(root, len(data)):
        return b"null"
    walk = _Walk(data, language)
    walk.children(root, 0, 0)
    to_characters = _to_characters(data, int(base))
    levels: list[tuple[list[int], float, list[int]]] = []
    for depth, (definitions, statements) in enumerate(zip(walk.definitions, walk.statements, strict=True)):
        for ends, fill in ((definitions, DEFINITION_FILL if depth else OUTER_FILL), (statements, LINE_FILL)):
            if ends:
                starts = sorted(ends)
                levels.append((to_characters(starts), fill, to_characters([ends[start] for start in starts])))
    named = [tuple(zip(*sorted(found), strict=True)) for found in walk.labels if found]
    scopes = [(to_characters(starts), to_characters(ends), labels) for starts, ends, labels in named]
    return json.dumps((levels, scopes)).encode()


def _broken(root: Node, size: int) -> bool:
    if root.type == "ERROR":
        return True
    if not root.has_error:
        return False
    wrong = sum(child.end_byte - child.start_byte for child in root.children if child.is_error)
    return wrong > MOST_ERRORS * size


class _Walk:
    """Collects byte spans: start and end of definitions and statements by depth, labelled scopes by named depth."""

    def __init__(self, data: bytes, language: str) -> None:
        self._data = data
        self._language = language
        self._nesting = 0
        self.definitions: list[dict[int, int]] = [{} for _ in range(DEEPEST)]
        """Ends of definitions too, where something else follows: empty spans."""
        self.statements: list[dict[int, int]] = [{} for _ in range(DEEPEST)]
        self.labels: list[list[tuple[int, int, str]]] = [[] for _ in range(DEEPEST)]

    def children(self, node: Node, depth: int, named_depth: int) -> None:
        """Note the children of ``node`` that begin a line, and go down into those that are large."""
        leading: list[Node] = []
        for child in node.children:
            own_line = self._begins_line(child)
            if leading and not self._touches(leading[-1], child):
                _note(self.statements[depth], self._line_start(leading[0]), leading[-1].end_byte)
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
            _note((self.definitions if label else self.statements)[depth], start, child.end_byte)
            if label:
                _note(self.definitions[depth], child.end_byte, child.end_byte)
            depth += 1
        if label and named_depth < DEEPEST:
            self.labels[named_depth].append((start, child.end_byte, label))
            named_depth += 1
        if child.end_byte - child.start_byte > SMALL_BYTES and depth < DEEPEST and self._nesting < DEEPEST_WALK:
            self._nesting += 1
            self.children(child, depth, named_depth)
            self._nesting -= 1

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


def _note(ends: dict[int, int], start: int, end: int) -> None:
    """Note a span; of those with one start, the longest counts."""
    ends[start] = max(end, ends.get(start, end))


def _to_characters(data: bytes, base: int) -> Callable[[Sequence[int]], list[int]]:
    """Return the function from byte offsets to code points of the whole text, in the same order."""
    if data.isascii():
        return lambda offsets: [offset + base for offset in offsets]
    import numpy as np  # for the few files that need it: it takes longer than they do

    # Every byte but the continuations of UTF-8 begins a code point.
    leading = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80
    index = np.concatenate(([0], np.cumsum(leading, dtype=np.int64))) + base
    return lambda offsets: index[list(offsets)].tolist()
