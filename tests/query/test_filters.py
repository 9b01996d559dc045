from __future__ import annotations

import numpy as np
import pathspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embedctl.errors import UsageError
from embedctl.query.filters import LabelSet, path_matcher, type_matcher

PATHS = ["README.md", "guides/a.md", "guides/deep/b.md", "guides/c.py", "src/main.py", "/abs/guides/x.md", "../up/y.md"]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ((), PATHS),
        (("guides/**",), ["guides/a.md", "guides/deep/b.md", "guides/c.py"]),
        (("guides",), ["guides/a.md", "guides/deep/b.md", "guides/c.py", "/abs/guides/x.md"]),
        (("/guides/*.md",), ["guides/a.md"]),
        (("*.md",), [path for path in PATHS if path.endswith(".md")]),
        (("*.md", "!guides/deep/"), [path for path in PATHS if path.endswith(".md") and "deep" not in path]),
        (("!*.py",), [path for path in PATHS if not path.endswith(".py")]),
        (("*.py", "README*"), ["README.md", "guides/c.py", "src/main.py"]),
        (("nowhere/**",), []),
    ],
)
def test_paths(globs: tuple[str, ...], expected: list[str]) -> None:
    matches = path_matcher(globs)
    assert [path for path in PATHS if matches(path)] == expected


@pytest.mark.parametrize("glob", ["", "  ", "# comment", "!"])
def test_what_is_no_pattern_is_refused(glob: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        path_matcher(["*.md", glob])


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ((), ["md", "py", "pdf", "gz"]),
        (("text/*",), ["md", "py"]),
        (("Text/Markdown",), ["md"]),
        (("md",), ["md"]),
        ((".MD",), ["md"]),
        (("python",), ["py"]),
        (("tar.gz",), ["gz"]),
        (("application/*", "py"), ["py", "pdf", "gz"]),
        (("m",), []),
        (("plain",), []),
    ],
)
def test_types(types: tuple[str, ...], expected: list[str]) -> None:
    documents = {
        "md": ("text/markdown; charset=utf-8", "guides/A.md", "en"),
        "py": ("text/x-python", "main.py", "Python"),
        "pdf": ("application/pdf", "paper.PDF", None),
        "gz": ("application/gzip", "x.tar.gz", None),
    }
    matches = type_matcher(types)
    assert [name for name, document in documents.items() if matches(*document)] == expected


SMALL = st.integers(0, 60)
RANGES = st.lists(st.tuples(SMALL, st.integers(0, 8)), max_size=15)


@given(RANGES, st.lists(SMALL, max_size=30), st.sampled_from([0, 5 << 32]))
def test_a_label_set_is_a_set(ranges: list[tuple[int, int]], asked: list[int], base: int) -> None:
    expected = {base + label for start, length in ranges for label in range(start, start + length + 1)}
    first = np.array([base + start for start, _ in ranges], dtype=np.uint64)
    last = np.array([base + start + length for start, length in ranges], dtype=np.uint64)
    labels = np.array([base + label for label in asked], dtype=np.uint64)
    for made in (LabelSet(first, last), LabelSet(np.array([*expected, *expected], dtype=np.uint64))):
        assert made.count == len(expected)
        assert made.labels.dtype == np.uint64
        assert made.labels.tolist() == sorted(expected)
        assert made.mask(labels).tolist() == [label in expected for label in labels.tolist()]


def test_documents_of_several_parts() -> None:
    parts = np.array([3, 1, 90_000], dtype=np.uint64) << np.uint64(32)
    made = LabelSet(parts + np.uint64(2), parts + np.uint64(4))
    assert made.count == 9
    assert made.labels.tolist() == [(part << 32) | row for part in (1, 3, 90_000) for row in (2, 3, 4)]


GLOB_PIECES = ["a", "b", "*", "**", "/", "?", "[ab]", "**/", "/**/", "a*"]
NAMES = st.text("ab", min_size=1, max_size=4)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(GLOB_PIECES), min_size=1, max_size=8).map("".join),
    st.lists(NAMES, min_size=1, max_size=5).map("/".join),
)
def test_patterns_mean_what_they_mean_to_pathspec(glob: str, path: str) -> None:
    """Although they are matched without its backtracking."""
    try:
        expected = pathspec.PathSpec.from_lines("gitignore", [glob]).match_file(path)
    except ValueError:
        with pytest.raises(UsageError):
            path_matcher([glob])
        return
    assert path_matcher([glob])(path) == expected


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("a*" * 40 + "b", "a" * 250),
        ("*a" * 2_000, "a" * 250),
        ("**/a/" * 800 + "b", "a/" * 2_000 + "c"),
        ("/".join(["**/a*a*a*b"] * 50), "/".join(["a" * 250] * 16)),
        ("[" * 4_000, "["),
    ],
)
def test_no_pattern_takes_long(glob: str, path: str) -> None:
    """Each of these would outlast the test suite if it were matched by backtracking."""
    assert not path_matcher([glob])(path)


def test_a_class_stands_for_no_slash() -> None:
    assert path_matcher(["x[!a]y"])("x-y")
    assert not path_matcher(["x[!a]y"])("x/y")
    for glob, path in (("[[a]", "["), ("[a&&b]", "&"), ("[~~]", "~"), ("[]a]", "]"), ("[a-]", "-"), ("[\\\\]", "\\")):
        assert path_matcher([glob])(path), glob


@pytest.mark.parametrize("glob", ["[z-a]", "\\", "!", "a" * 5_000, " "])
def test_what_is_no_pattern(glob: str) -> None:
    with pytest.raises(UsageError):
        path_matcher([glob])


@settings(deadline=None)
@given(st.lists(st.text(), max_size=3), st.text())
@example(["text/["], "x")
@example(["/" + "[" * 400], "x")
def test_any_type_can_be_asked_for(types: list[str], path: str) -> None:
    assert type_matcher(types)("text/plain", path, None) in (True, False)
