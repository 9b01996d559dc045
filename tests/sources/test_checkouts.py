"""Worktrees and submodules that hold what is in the source once already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedctl.config import WalkRules
from embedctl.records import FileEntry, SkippedEntry
from embedctl.sources.walk import walk

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "ab" * 20


def plant(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def taken(root: Path, rules: WalkRules | None = None) -> list[str]:
    return [entry.path for entry in walk(root, rules or WalkRules()) if isinstance(entry, FileEntry)]


def skipped(root: Path) -> dict[str, str]:
    found = walk(root, WalkRules())
    return {entry.path: entry.reason for entry in found if isinstance(entry, SkippedEntry)}


def repository(root: Path, data: str = ".git") -> None:
    plant(root, {f"{data}/index": "DIRC", f"{data}/HEAD": "ref: refs/heads/main\n", "a.md": "a"})


def worktree(folder: Path, data: Path, name: str) -> None:
    plant(folder, {".git": f"gitdir: {data}/worktrees/{name}\n", "a.md": "a"})


def test_a_worktree_below_its_repository_is_left_out(tmp_path: Path) -> None:
    repository(tmp_path)
    worktree(tmp_path / "trees" / "fix", tmp_path / ".git", "fix")
    assert taken(tmp_path) == ["a.md"]
    reason = "a worktree of the same git repository as this source (--no-ignore takes it)"
    assert skipped(tmp_path) == {"trees/fix": reason}
    assert taken(tmp_path, WalkRules(ignore=False)) == ["a.md", "trees/fix/a.md"]


def test_a_worktree_beside_its_repository_is_left_out(tmp_path: Path) -> None:
    repository(tmp_path / "main")
    worktree(tmp_path / "branch", tmp_path / "main" / ".git", "branch")
    assert taken(tmp_path) == ["main/a.md"]
    assert 'that in "main"' in skipped(tmp_path)["branch"]


def test_worktrees_of_a_bare_repository_are_taken_once(tmp_path: Path) -> None:
    plant(tmp_path, {"bare.git/HEAD": "ref: refs/heads/main\n"})
    worktree(tmp_path / "one", tmp_path / "bare.git", "one")
    worktree(tmp_path / "two", tmp_path / "bare.git", "two")
    assert [path for path in taken(tmp_path) if path.endswith("a.md")] == ["one/a.md"]


def test_a_worktree_that_is_the_source_or_whose_repository_is_elsewhere_is_taken(tmp_path: Path) -> None:
    repository(tmp_path / "elsewhere")
    worktree(tmp_path / "work" / "fix", tmp_path / "elsewhere" / ".git", "fix")
    assert taken(tmp_path / "work") == ["fix/a.md"]
    assert taken(tmp_path / "work" / "fix") == ["a.md"]


def submodule(root: Path, path: str, url: str, commit: str) -> None:
    data = f".git/modules/{path}"
    config = f'[core]\n\tworktree = x\n[remote "origin"]\n\turl = {url}\n\tfetch = y\n'
    plant(root, {f"{data}/config": config, f"{data}/HEAD": f"{commit}\n"})
    plant(root, {f"{path}/.git": f"gitdir: {root / data}\n", f"{path}/a.md": "a"})


def test_a_submodule_is_taken_once(tmp_path: Path) -> None:
    repository(tmp_path)
    submodule(tmp_path, "lib/one", "https://example.org/one", COMMIT)
    submodule(tmp_path, "vendor/one", "https://example.org/one", COMMIT)
    submodule(tmp_path, "vendor/other", "https://example.org/one", "cd" * 20)
    assert taken(tmp_path) == ["a.md", "lib/one/a.md", "vendor/other/a.md"]
    assert 'as in "lib/one"' in skipped(tmp_path)["vendor/one"]


def test_a_file_git_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {"a/.git": "not git", "a/x.md": "x", "b/.git": "gitdir: /nowhere\n", "b/x.md": "x"})
    assert taken(tmp_path) == ["a/x.md", "b/x.md"]
