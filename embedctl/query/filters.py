"""Which documents and chunks may answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from pathspec.patterns.gitignore.basic import GitIgnoreBasicPattern
from pathspec.util import normalize_file

from ..errors import UsageError
from ..spelling import composed
from .where import LONGEST_PATTERN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contracts import Labels

PathMatcher: TypeAlias = Callable[[str], bool]
TypeMatcher: TypeAlias = Callable[[str, str, str | None], bool]

_GITIGNORE = "Patterns are written as in .gitignore."


def path_matcher(globs: Sequence[str]) -> PathMatcher:
    """Return a function that tells whether a POSIX path matches gitignore-style ``globs``.

    The last glob that matches decides; ``!glob`` takes paths out again. Where the first one is such an exception,
    everything is in to begin with. No globs match everything.

    Raises:
        UsageError: one of them is blank or malformed.
    """
    if not globs:
        return lambda _: True
    for glob in globs:
        _check_length(glob)
        if not glob.strip() or glob.startswith("#"):
            raise UsageError(f'"{glob}" is not a path pattern.', _GITIGNORE)
    lines = ["**", *globs] if globs[0].startswith("!") else globs
    expressions = [_expression(composed(line)) for line in lines]
    expressions.reverse()

    def matches(path: str) -> bool:
        # Not GitIgnoreSpec: there a pattern for files outranks a later one for the folder they are in.
        name = composed(normalize_file(path))
        return next((include for expression, include in expressions if expression.search(name)), False)

    return matches


def _check_length(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise UsageError(
            f'A pattern has at most {LONGEST_PATTERN:,} characters; "{pattern[:40]}…" has {len(pattern):,}.',
            "Shorten it.",
        )


def _expression(line: str) -> tuple[re.Pattern[str], bool]:
    """Return a gitignore-style pattern as a regular expression, and whether it takes paths in or out."""
    try:
        expression, include = GitIgnoreBasicPattern.pattern_to_regex(line)
        if expression is None or include is None:
            raise UsageError(f'"{line}" is not a path pattern.', _GITIGNORE)
        return re.compile(_without_backtracking(expression), re.DOTALL), include
    except (ValueError, OverflowError, re.error) as error:
        raise UsageError(f"A path pattern cannot be read: {error}.", _GITIGNORE) from error


_STAR, _ANY_FOLDERS, _FOLDERS_BEFORE = "[^/]*", "(?:/.+)?/", "^(?:.+/)?"
"""What pathspec makes of ``*``, of ``/**/`` and of a leading ``**/``; none of them can come from what a person typed,
since they have a slash in their middle."""
_CLASS = re.compile(r"\\.|\[\^/\]|(\[\^?\]?[^\]]*\])", re.DOTALL)
"""A class that somebody typed, in group 1: like a star it stands for no slash, which pathspec forgets."""


def _without_backtracking(expression: str) -> str:
    """Return an equal expression that takes time proportional to the length of a path, however many stars it has.

    Where a star follows a star in one name, or ``**`` follows ``**``, what lies between is found at its first place,
    and that is as good as any: what comes after can be found behind it wherever it can be found at all.
    """
    pieces = [_first_places(piece) for piece in expression.split(_ANY_FOLDERS)]
    if pieces[0].startswith(_FOLDERS_BEFORE):
        pieces[0] = "^(?:.+?/)??" + pieces[0].removeprefix(_FOLDERS_BEFORE)
    pieces[1:] = [f"(?:/.+?)??/{piece}" for piece in pieces[1:]]
    whole = "".join([*(f"(?>{piece}(?=/))" for piece in pieces[:-1]), pieces[-1]])
    return _CLASS.sub(lambda found: found[0] if found[1] is None else _class(found[1]), whole)


def _class(typed: str) -> str:
    inside = re.sub(r"[\[&|~]", r"\\\g<0>", typed[1:-1]).replace("--", "-\\-")  # means nothing special in .gitignore
    return f"(?!/)[{inside}]"


def _first_places(expression: str) -> str:
    first, *rest = expression.split(_STAR)
    for at, fixed in enumerate(rest, start=1):
        between = at < len(rest) and "/" not in fixed.replace("[^/]", "")
        if not between:
            first += _STAR + fixed
        elif fixed:
            first += f"(?>[^/]*?{fixed})"
    return first


def type_matcher(types: Sequence[str]) -> TypeMatcher:
    """Return a function that tells whether a document is of one of ``types``.

    The function takes media type, path and language. A type with a slash is a media type or a glob over them
    (``text/*``); any other is a file ending, with or without its dot (``md``, ``.tar.gz``), or a language
    (``python``, ``de``). Case does not matter. No types match everything.

    Raises:
        UsageError: one of them is too long.
    """
    if not types:
        return lambda _media_type, _path, _language: True
    for name in types:
        _check_length(name)
    names = [name.strip().lower() for name in types]
    media_types = [name for name in names if "/" in name]
    endings = tuple("." + name.removeprefix(".") for name in names if "/" not in name)
    languages = {name for name in names if "/" not in name}

    def matches(media_type: str, path: str, language: str | None) -> bool:
        essence = media_type.partition(";")[0].strip().lower()
        return (
            (language is not None and language.lower() in languages)
            or path.lower().endswith(endings)
            or any(fnmatchcase(essence, wanted) for wanted in media_types)
        )

    return matches


class LabelSet:
    """A set of chunk labels kept as ranges: a document's chunks are neighbours in their part."""

    def __init__(self, first: Labels, last: Labels | None = None) -> None:
        """Make the set of all labels ``first[i] <= label <= last[i]``; without ``last``, of those in ``first``.

        Args:
            first: uint64 ``(n,)``, in any order, repeated or not.
            last: uint64 ``(n,)``, each at least its ``first``; ranges may touch and overlap.
        """
        order = np.argsort(first, kind="stable")
        reach = np.maximum.accumulate(np.asarray(first if last is None else last, dtype=np.uint64)[order])
        first = np.asarray(first, dtype=np.uint64)[order]
        starts = np.ones(len(first), dtype=np.bool_)
        starts[1:] = first[1:] > reach[:-1] + np.uint64(1)
        self._first: Labels = first[starts]
        self._last: Labels = reach[np.append(np.flatnonzero(starts)[1:], len(first)) - 1] if len(first) else reach
        self.count = int((self._last - self._first).sum()) + len(self._first)

    @cached_property
    def labels(self) -> Labels:
        """Every label, ascending: uint64 ``(count,)``."""
        lengths = (self._last - self._first).astype(np.int64) + 1
        before = np.cumsum(lengths) - lengths
        # Modulo 2**64, where a range that begins below its place in the list comes out right too.
        shifts: Labels = np.repeat(self._first - before.astype(np.uint64), lengths)
        return np.arange(self.count, dtype=np.uint64) + shifts

    def mask(self, labels: Labels) -> NDArray[np.bool_]:
        """Return which of ``labels`` are in the set, bool of the same shape."""
        if not len(self._first):
            return np.zeros(np.shape(labels), dtype=np.bool_)
        labels = np.asarray(labels, dtype=np.uint64)
        place = np.searchsorted(self._first, labels, side="right") - 1
        inside: NDArray[np.bool_] = (place >= 0) & (labels <= self._last[place])
        return inside
