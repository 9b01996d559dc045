from __future__ import annotations

import io
import os
from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.config import RecordFields, SourceRequest, WalkRules
from embedctl.errors import UsageError
from embedctl.records import Source
from embedctl.sources.describe import requested_sources, same_place, source_root
from embedctl.sources.paths import read_path_list

RULES, FIELDS = WalkRules(), RecordFields()


def source(path: Path, base: Path, taken: tuple[str, ...] = (), name: str | None = None) -> Source:
    known = [Source(other, f"/elsewhere/{other}", RULES, FIELDS) for other in taken]
    return requested_sources([path], None, SourceRequest(name=name), known, base)[0]


def listed(paths: list[str], cwd: Path, base: Path) -> Source:
    with chdir(cwd):
        return requested_sources([], paths, SourceRequest(), [], base)[0]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to index beside a folder outside of it; the working directory is ``project/src``."""
    for folder in ("project/docs/guides", "project/src", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "project/docs/a.md").write_text("")
    (tmp_path / "project/corpus.jsonl.gz").write_bytes(b"")
    (tmp_path / "outside/b.md").write_text("")
    monkeypatch.chdir(tmp_path / "project/src")
    return tmp_path / "project"


def test_roots_below_the_base_are_relative_so_that_a_project_can_move(project: Path) -> None:
    assert source(project / "docs", project) == Source("docs", "docs", RULES, FIELDS)
    assert source(Path("../docs/guides"), project) == Source("guides", "docs/guides", RULES, FIELDS)
    assert source(Path(".."), project) == Source("project", ".", RULES, FIELDS)
    moved = project.rename(project.with_name("moved"))
    assert source_root(source(moved / "docs", moved), moved) == moved / "docs"


def test_roots_outside_are_as_they_were_typed_and_still_one_place(project: Path) -> None:
    relative, absolute = source(Path("../../outside"), project), source(project.parent / "outside", project)
    assert (relative.root, absolute.root) == ("../outside", (project.parent / "outside").as_posix())
    assert source_root(relative, project) == source_root(absolute, project)
    assert same_place(relative, absolute, project)
    assert not same_place(relative, source(project / "docs", project), project)


def test_a_file_is_its_folder_and_itself(project: Path) -> None:
    file = source(project / "docs/a.md", project)
    assert file == Source("a", "docs", RULES, FIELDS, only=("a.md",))
    assert source(Path("../corpus.jsonl.gz"), project) == Source("corpus", ".", RULES, FIELDS, ("corpus.jsonl.gz",))
    assert not same_place(file, source(project / "docs", project), project)


def test_symbolic_links_in_a_path_keep_their_names_and_a_linked_file_is_its_target(project: Path) -> None:
    (project / "linked").symlink_to(project.parent / "outside")
    (project / "link.md").symlink_to("docs/a.md")
    assert source(Path("../linked"), project).root == "linked"
    assert source(Path("../link.md"), project) == Source("a", "docs", RULES, FIELDS, only=("a.md",))


def test_a_base_reached_through_a_link_is_the_same_base(project: Path, tmp_path: Path) -> None:
    (tmp_path / "shortcut").symlink_to(project)
    through_link = source(tmp_path / "shortcut/docs", project)
    assert through_link.root == "docs"
    assert source(project / "docs", tmp_path / "shortcut").root == "docs"
    outside = source(Path("../../outside"), tmp_path / "shortcut")
    assert source_root(outside, tmp_path / "shortcut") == tmp_path / "outside"


def test_names_are_safe_and_unique(project: Path) -> None:
    odd = project / "my notes: #1"
    odd.mkdir()
    assert source(odd, project).name == "my-notes-1"
    assert source(project / "docs", project, taken=("docs", "docs-2")).name == "docs-3"
    assert source(project / "docs", project, name="handbook").name == "handbook"
    assert source(Path("/"), project).name == "files"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a#b", "a/b", "docs"])
def test_a_name_that_cannot_be_had_is_refused(project: Path, name: str) -> None:
    with pytest.raises(UsageError):
        source(project / "docs", project, taken=("docs",), name=name)


def test_a_missing_path_is_a_sentence_with_the_nearest_name(project: Path) -> None:
    with pytest.raises(UsageError) as error:
        source(Path("../dcos"), project)
    assert (error.value.message, error.value.hint) == ('There is no file or folder "../dcos".', 'Did you mean "docs"?')
    with pytest.raises(UsageError, match="There is no file or folder"):
        source(Path("a.md/"), project)


def test_a_list_is_one_source_below_the_base(project: Path) -> None:
    paths = ["../docs/a.md", "main.py", str(project / "docs" / "a.md"), "./main.py", "../gone.md"]
    assert listed(paths, project / "src", project) == Source(
        "files", ".", RULES, FIELDS, only=("docs/a.md", "gone.md", "src/main.py")
    )


def test_a_list_that_leaves_the_base_is_rooted_above_its_files(project: Path) -> None:
    mixed = listed(["../docs/a.md", "../../outside/b.md"], project / "src", project)
    assert (mixed.root, mixed.only) == ("..", ("outside/b.md", "project/docs/a.md"))
    outside = listed([str(project.parent / "outside/b.md")], project, project)
    assert (outside.root, outside.only) == ((project.parent / "outside").as_posix(), ("b.md",))


def test_the_same_list_in_another_order_is_the_same_place(project: Path) -> None:
    first, second = (listed(paths, project, project) for paths in (["a", "b"], ["./b", "a", "a"]))
    assert same_place(first, second, project)
    assert not same_place(first, listed(["a"], project, project), project)


def test_an_empty_list_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="no files"):
        listed([], project, project)


def test_newline_lists_as_people_make_them() -> None:
    made_on_windows = b"\xef\xbb\xbfb.md\r\na b.md\r\n\r\nb.md\r\nlast"
    assert read_path_list(io.BytesIO(made_on_windows), null_separated=False) == ["b.md", "a b.md", "last"]


def test_a_forgotten_0_flag_is_pointed_out() -> None:
    with pytest.raises(UsageError) as error:
        read_path_list(io.BytesIO(b"a.md\0b.md\0"), null_separated=False)
    assert "-0" in error.value.hint


@given(st.lists(st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name), max_size=12))
def test_any_file_name_survives_a_null_separated_list(names: list[bytes]) -> None:
    paths = read_path_list(io.BytesIO(b"".join(name + b"\0" for name in names)), null_separated=True)
    assert [os.fsencode(path) for path in paths] == list(dict.fromkeys(names))
