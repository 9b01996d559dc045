"""Files that programs write are left out with a reason, and taken where they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedctl.config import WalkRules
from embedctl.records import FileEntry, SkippedEntry
from embedctl.sources.walk import walk


def plant(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def met(root: Path, include: tuple[str, ...] = (), only: list[str] | None = None) -> dict[str, str | bool]:
    """Return the reason of each file that is skipped, and of others whether they are wanted."""
    entries = walk(root, WalkRules(include=include), only)
    return {each.path: each.reason if isinstance(each, SkippedEntry) else each.wanted for each in entries}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("yarn.lock", "lock file"),
        ("Cargo.lock", "lock file"),
        ("go.sum", "lock file"),
        ("poetry.lock", "lock file"),
        ("theme.min.css", "minified"),
        ("lib-min.js", "minified"),
    ],
)
def test_by_name(tmp_path: Path, name: str, reason: str) -> None:
    plant(tmp_path, {f"web/{name}": "x", "web/padlock.md": "x", "web/admin.js": "x"})
    assert met(tmp_path) == {
        f"web/{name}": f"{reason} (--include takes it)",
        "web/padlock.md": False,
        "web/admin.js": False,
    }


def test_include_and_the_name_itself_bring_them_back(tmp_path: Path) -> None:
    plant(tmp_path, {"yarn.lock": "x", "a.md": "x"})
    assert met(tmp_path, include=("*.lock", "*.md")) == {"a.md": True, "yarn.lock": True}
    assert met(tmp_path / "yarn.lock") == {"yarn.lock": True}
    assert met(tmp_path, only=["yarn.lock", "a.md"])["yarn.lock"] == "lock file (--include takes it)"


def test_gitattributes_of_each_folder_the_nearest_first(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitattributes": "# comment\n*.pb.py linguist-generated\ngen/** text linguist-generated=true\n*.md text\n",
            "api/a.pb.py": "x",
            "gen/deep/b.py": "x",
            "gen/keep/.gitattributes": "c.py -linguist-generated\nd.py linguist-generated=false\n",
            "gen/keep/c.py": "x",
            "gen/keep/d.py": "x",
            "note.md": "x",
        },
    )
    generated = "generated, says .gitattributes (--include takes it)"
    assert met(tmp_path) == {
        "api/a.pb.py": generated,
        "gen/deep/b.py": generated,
        "gen/keep/c.py": False,
        "gen/keep/d.py": False,
        "note.md": False,
    }


def test_gitattributes_above_the_source_up_to_the_repository(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitattributes": "*.md linguist-generated\n",
            "repo/.git/HEAD": "x",
            "repo/.gitattributes": "/docs/api/*.py linguist-generated\n",
            "repo/docs/api/a.py": "x",
            "repo/docs/b.md": "x",
        },
    )
    entries = list(walk(tmp_path / "repo/docs", WalkRules()))
    assert [(each.path, isinstance(each, FileEntry)) for each in entries] == [("api/a.py", False), ("b.md", True)]
