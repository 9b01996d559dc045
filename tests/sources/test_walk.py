from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedctl.config import WalkRules
from embedctl.errors import UsageError
from embedctl.records import FileEntry, Outcome, SkippedEntry
from embedctl.sources.walk import walk

GIT = shutil.which("git")
QUIET_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}


def plant(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def paths(root: Path, rules: WalkRules | None = None, only: list[str] | None = None) -> list[str]:
    entries = list(walk(root, rules or WalkRules(), only))
    assert not [entry for entry in entries if isinstance(entry, SkippedEntry)]
    return [entry.path for entry in entries]


def skipped(
    root: Path, rules: WalkRules | None = None, only: list[str] | None = None
) -> dict[str, tuple[str, Outcome]]:
    entries = walk(root, rules or WalkRules(), only)
    return {entry.path: (entry.reason, entry.outcome) for entry in entries if isinstance(entry, SkippedEntry)}


def git_lists(root: Path) -> list[str]:
    assert GIT is not None
    if not (root / ".git").exists():
        subprocess.run([GIT, "init", "-q", root], check=True, env=QUIET_GIT)
    listing = [GIT, "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(listing, check=True, env=QUIET_GIT, capture_output=True).stdout
    return sorted(os.fsdecode(path) for path in output.split(b"\0") if path)


def test_entries_carry_what_a_refresh_compares(tmp_path: Path) -> None:
    plant(tmp_path, {"docs/a.md": "hello"})
    os.utime(tmp_path / "docs/a.md", ns=(0, 1_700_000_000_123_456_789))
    changed_us = (tmp_path / "docs/a.md").stat().st_ctime_ns // 1000
    assert list(walk(tmp_path, WalkRules())) == [
        FileEntry("docs/a.md", str(tmp_path / "docs/a.md"), 5, 1_700_000_000_123_456, changed_us)
    ]


def test_order_is_bytewise_by_component(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys(["b.md", "a/z.md", "a.md", "a-b/x.md", "Z.md", "é.md", "a/b/c.md"], ""))
    expected = ["Z.md", "a/b/c.md", "a/z.md", "a-b/x.md", "a.md", "b.md", "é.md"]
    assert paths(tmp_path) == expected
    assert paths(tmp_path, only=[*reversed(expected), "a/z.md", "./a/../b.md"]) == expected


def test_nested_ignore_files_take_back_a_folder_but_not_every_file_in_it(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitignore": "build\n*.log\n",
            "pkg/.gitignore": "!build\n",
            "pkg/build/keep.md": "",
            "pkg/build/trace.log": "",
            "build/lost.md": "",
        },
    )
    assert paths(tmp_path) == ["pkg/build/keep.md"]


def test_embedctlignore_outweighs_gitignore_beside_it(tmp_path: Path) -> None:
    files = {".gitignore": "*.csv\n", ".embedctlignore": "!keep.csv\nsecret.md\n"}
    plant(tmp_path, {**files, "keep.csv": "", "lost.csv": "", "secret.md": "", "a.md": ""})
    assert paths(tmp_path) == ["a.md", "keep.csv"]
    assert paths(tmp_path, WalkRules(ignore=False)) == ["a.md", "keep.csv", "lost.csv", "secret.md"]


def test_ignore_files_above_the_root_count_up_to_the_repository_and_no_further(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitignore": "*.md\n",
            "repo/.git/info/exclude": "private.txt\n/docs/anchored.txt\n",
            "repo/.gitignore": "docs/guides/draft.txt\n*.tmp\n",
            "repo/docs/.embedctlignore": "guides/old.txt\n",
            "repo/docs/guides/new.md": "",
            "repo/docs/guides/draft.txt": "",
            "repo/docs/guides/old.txt": "",
            "repo/docs/guides/x.tmp": "",
            "repo/docs/guides/private.txt": "",
            "repo/docs/anchored.txt": "",
        },
    )
    assert paths(tmp_path / "repo/docs/guides") == ["new.md"]
    assert paths(tmp_path / "repo/docs") == ["guides/new.md"]
    assert paths(tmp_path / "repo/docs/guides", WalkRules(ignore=False)) == [
        "draft.txt",
        "new.md",
        "old.txt",
        "private.txt",
        "x.tmp",
    ]


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("ignore", [False, True])
def test_what_no_rule_brings_in(tmp_path: Path, hidden: bool, ignore: bool) -> None:
    never = [".git/config", ".hg/x", ".svn/x", ".embedctl/manifest.json", "sub/.git"]
    machine_made = ["node_modules/x.js", "__pycache__/x.pyc", "env/pyvenv.cfg", "env/lib/x.py"]
    plant(tmp_path, dict.fromkeys([*never, *machine_made, ".notes/a.md", ".profile", "a.md"], ""))
    expected = {"a.md"}
    expected |= {".notes/a.md", ".profile"} if hidden else set()
    expected |= set() if ignore else set(machine_made)
    assert set(paths(tmp_path, WalkRules(hidden=hidden, ignore=ignore))) == expected


def test_include_and_exclude(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys(["docs/a.md", "docs/b.txt", "docs/old/c.md", "src/d.md", "e.md", "f.txt"], ""))
    assert paths(tmp_path, WalkRules(include=("*.md",))) == ["docs/a.md", "docs/old/c.md", "e.md", "src/d.md"]
    assert paths(tmp_path, WalkRules(include=("docs/**",))) == ["docs/a.md", "docs/b.txt", "docs/old/c.md"]
    assert paths(tmp_path, WalkRules(include=("docs",), exclude=("old/",))) == ["docs/a.md", "docs/b.txt"]
    assert paths(tmp_path, WalkRules(include=("./docs/*.md",))) == ["docs/a.md"]
    assert paths(tmp_path, WalkRules(exclude=("*.md", "!e.md"))) == ["docs/b.txt", "e.md", "f.txt"]


def test_exclude_means_that_the_folder_is_not_even_looked_into(tmp_path: Path) -> None:
    plant(tmp_path, {"a.md": "", "data/x.md": ""})
    (tmp_path / "data/link").symlink_to("x.md")
    assert skipped(tmp_path) == {"data/link": ("symbolic link, not followed", Outcome.SKIPPED)}
    assert paths(tmp_path, WalkRules(exclude=("data/",))) == ["a.md"]


@pytest.mark.parametrize("pattern", ["", "#", "/", "!", "[a-"])
def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="--exclude"):
        list(walk(tmp_path, WalkRules(exclude=(pattern,))))


def test_listed_files_outweigh_ignore_rules_but_not_the_flags(tmp_path: Path) -> None:
    files = [".hidden.md", "ignored.log", "vendor/a.md", "b.md", ".embedctl/manifest.json", "sub/c.md", "sub/d.log"]
    plant(tmp_path, {**dict.fromkeys(files, ""), ".gitignore": "*.log\n"})
    only = [".hidden.md", "ignored.log", "vendor/a.md", "b.md", "sub"]
    assert paths(tmp_path, only=only) == [".hidden.md", "b.md", "ignored.log", "sub/c.md", "vendor/a.md"]
    assert paths(tmp_path, WalkRules(exclude=("vendor/",), include=("*.md",)), only) == [
        ".hidden.md",
        "b.md",
        "sub/c.md",
    ]
    assert skipped(tmp_path, only=[".embedctl/manifest.json", "gone.md", "b.md/x"]) == {
        ".embedctl/manifest.json": ('inside ".embedctl", which is never read', Outcome.SKIPPED),
        "gone.md": ("does not exist", Outcome.FAILED),
        "b.md/x": ("does not exist", Outcome.FAILED),
    }


def test_a_listed_folder_obeys_the_ignore_files_above_it(tmp_path: Path) -> None:
    plant(tmp_path, {"a/.gitignore": "deep/secret.md\n", "a/deep/secret.md": "", "a/deep/open.md": ""})
    assert paths(tmp_path, only=["a/deep"]) == ["a/deep/open.md"]
    assert paths(tmp_path, only=["a/deep", "a/deep/secret.md"]) == ["a/deep/open.md", "a/deep/secret.md"]
    assert paths(tmp_path, only=["."]) == ["a/deep/open.md"]


def test_a_hidden_or_linked_root_is_walked(tmp_path: Path) -> None:
    plant(tmp_path, {".notes/a.md": ""})
    (tmp_path / "link").symlink_to(".notes")
    assert paths(tmp_path / ".notes") == ["a.md"]
    assert paths(tmp_path / "link") == ["a.md"]
    assert paths(tmp_path / ".notes/a.md") == ["a.md"]


def test_what_cannot_be_taken_is_told_with_its_reason(tmp_path: Path) -> None:
    plant(tmp_path, {"docs/a.md": "", "big.txt": "x" * 2001, "rows.csv": "x" * 2001, "fits.txt": "x" * 2000})
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dangling.md").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    rules = WalkRules(max_file_bytes=2000)
    expected = {
        "loop": ("symbolic link, not followed", Outcome.SKIPPED),
        "dangling.md": ("symbolic link, not followed", Outcome.SKIPPED),
        "pipe": ("not a regular file", Outcome.SKIPPED),
        "big.txt": ("larger than the limit of 2 KB (--max-file-size)", Outcome.SKIPPED),
    }
    assert skipped(tmp_path, rules) == expected
    assert skipped(tmp_path, rules, only=list(expected)) == expected
    taken = [entry.path for entry in walk(tmp_path, rules) if isinstance(entry, FileEntry)]
    assert taken == ["docs/a.md", "fits.txt", "rows.csv"]


@pytest.mark.parametrize(("limit", "words"), [(64_000_000, "64 MB"), (1_500_000_000, "1.5 GB"), (999, "999 bytes")])
def test_the_limit_is_told_as_people_write_it(tmp_path: Path, limit: int, words: str) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(limit + 1)
    reason, _ = skipped(tmp_path, WalkRules(max_file_bytes=limit))["huge.txt"]
    assert reason == f"larger than the limit of {words} (--max-file-size)"


def test_names_that_are_not_utf8_fail_one_by_one(tmp_path: Path) -> None:
    plant(tmp_path, {"a.md": ""})
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")).write_text("")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xff"))
    plant(folder, {"inside.md": ""})
    failed = ("its name is not valid UTF-8", Outcome.FAILED)
    assert skipped(tmp_path) == {r"caf\xe9.md": failed, r"d\xff": failed}
    assert skipped(tmp_path, only=["caf\udce9.md"]) == {r"caf\xe9.md": failed}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_does_not_end_the_walk(tmp_path: Path) -> None:
    plant(tmp_path, {"locked/a.md": "", "z.md": ""})
    (tmp_path / "locked").chmod(0)
    try:
        assert skipped(tmp_path) == {"locked": ("cannot be listed: Permission denied", Outcome.FAILED)}
        assert [entry.path for entry in walk(tmp_path, WalkRules())] == ["locked", "z.md"]
        assert skipped(tmp_path / "locked") == {".": ("cannot be listed: Permission denied", Outcome.FAILED)}
        with pytest.raises(UsageError, match="cannot be read: Permission denied"):
            walk(tmp_path / "locked/a.md", WalkRules())
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_missing_root_is_a_usage_error_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    with pytest.raises(UsageError) as error:
        walk(tmp_path / "docments", WalkRules())
    assert error.value.message == f'There is no file or folder "{tmp_path / "docments"}".'
    assert error.value.hint == 'Did you mean "documents"?'


@pytest.mark.skipif(GIT is None, reason="git is the oracle")
@pytest.mark.parametrize(
    "pattern",
    [
        *("[[:digit:]]x", "[[]", "a[!b]c", "?"),
        *("a/**/b", "**/b", "b/**", "**", "*", "*/", "a/*"),
        *(r"a\*", r"\#a", r"\!a", "a ", r"a\ "),
        *("/a", "a/", "c/b"),
    ],
)
def test_patterns_mean_what_they_mean_to_git(tmp_path: Path, pattern: str) -> None:
    files = ["1x", "ax", "[", "abc", "axc", "a/c", "a/b", "a/x/b", "b/y", "a*", "#a", "!a", "a ", "c/a/b/z", "c/b", "q"]
    plant(tmp_path, {**dict.fromkeys(files, ""), ".gitignore": f"{pattern}\n"})
    assert sorted(paths(tmp_path, WalkRules(hidden=True))) == git_lists(tmp_path)


NAMES = st.sampled_from(["a", "b", "ab", "c.md", "d.log"])
LEAVES = st.sampled_from(["c.md", "d.log", "e.md", "a.log"])
FILES = st.builds(
    lambda folders, leaf: "/".join([*folders, leaf]), st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3), LEAVES
)
PIECES = st.sampled_from(["a", "b", "*", "**", "?", "a*", "*.md", "*.log", "[ab]", "[!a]", "c.md", "d.log"])
PATTERNS = st.builds(
    lambda negated, anchored, pieces, folder: negated + anchored + "/".join(pieces) + folder,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
)
IGNORE_FILES = st.dictionaries(
    st.sampled_from(["", "a/", "b/", "a/b/", "ab/a/"]), st.lists(PATTERNS, min_size=1, max_size=4), max_size=3
)


@pytest.mark.skipif(GIT is None, reason="git is the oracle")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FILES, min_size=1, max_size=12, unique=True), IGNORE_FILES)
def test_the_walk_finds_what_git_would_add(files: list[str], ignore_files: dict[str, list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder), dict.fromkeys(files, ""))
        plant(root, {f"{prefix}.gitignore": "\n".join(lines) + "\n" for prefix, lines in ignore_files.items()})
        expected = git_lists(root)
        assert sorted(paths(root, WalkRules(hidden=True))) == expected
        below = [path.removeprefix("a/") for path in expected if path.startswith("a/")]
        if (root / "a").is_dir() and below:
            assert sorted(paths(root / "a", WalkRules(hidden=True))) == below
