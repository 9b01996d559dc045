"""What another user of the machine left behind is not used unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import embedctl
from embedctl.errors import UsageError
from embedctl.store.layout import find_store, new_store
from embedctl.system.cache_folder import cache_folder
from embedctl.system.ownership import foreign_owner, require_private

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
STRANGER = 54_321


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file another user's; without the right to, become another user as far as this program can tell."""
    monkeypatch.delenv("SUDO_UID", raising=False)
    if os.geteuid() == 0:
        os.chown(path, STRANGER, STRANGER)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)


@pytest.fixture
def store(tmp_path: Path, small_model: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Boats\n\nThey go out in the morning.\n")
    made = embedctl.create(tmp_path / ".embedctl")
    made.index([tmp_path / "docs"], settings=embedctl.SettingsRequest(model=str(small_model)))
    return made.path


@pytest.mark.parametrize("place", ["docs", "."])
def test_a_strangers_store_is_refused_when_it_was_only_found(
    store: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(store.parent / place)
    assert find_store() is not None
    give_away(store, monkeypatch)
    for find in (find_store, new_store, embedctl.open, embedctl.create):
        with pytest.raises(UsageError, match=f"belongs to the user .*If you trust it, name it: --store {store}"):
            find()


def test_a_strangers_store_is_used_when_it_is_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.parent)
    give_away(store, monkeypatch)
    assert len(embedctl.open(store).query("boats", embedctl.QueryConfig(mode="bm25")).hits) == 1
    monkeypatch.setenv("EMBEDCTL_STORE", str(store))
    assert find_store() is not None


def test_the_system_and_who_called_sudo_are_no_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert foreign_owner(Path("/")) is None
    assert foreign_owner(tmp_path) is None
    give_away(tmp_path, monkeypatch)
    assert foreign_owner(tmp_path)
    if os.geteuid() == 0:
        monkeypatch.setenv("SUDO_UID", str(STRANGER))
        assert foreign_owner(tmp_path) is None


def test_a_cache_of_a_stranger_or_of_everybody_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_private.cache_clear()
    for mode, group in ((0o777, False), (0o1777, False), (0o770, True), (0o775, True)):
        folder = tmp_path / f"cache-{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        monkeypatch.setenv("EMBEDCTL_CACHE", str(folder))
        if group:
            assert cache_folder() == folder
            assert not folder.stat().st_mode & 0o020, "some systems make folders so; it is closed"
        else:
            with pytest.raises(UsageError, match="Everybody can write to the cache"):
                cache_folder()
            assert folder.stat().st_mode & 0o7777 == mode, "it may be the temporary folder: it stays as it is"
    folder = tmp_path / "theirs"
    folder.mkdir()
    monkeypatch.setenv("EMBEDCTL_CACHE", str(folder))
    give_away(folder, monkeypatch)
    with pytest.raises(UsageError, match=r"belongs to the user .* EMBEDCTL_CACHE"):
        cache_folder()


def test_a_cache_is_made_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from embedctl.encoders.machine_cache import publish, write_json

    require_private.cache_clear()
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    write_json(cache_folder() / "fingerprints" / "a.json", {})
    publish(cache_folder() / "made" / "entry", lambda folder: {"files": len(list(folder.iterdir()))})
    folders = [tmp_path / "cache", *(path for path in (tmp_path / "cache").iterdir() if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_cache_that_is_no_folder_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_private.cache_clear()
    file = tmp_path / "file"
    file.write_text("")
    file.chmod(0o666)
    monkeypatch.setenv("EMBEDCTL_CACHE", str(file))
    assert cache_folder() == file
    assert file.stat().st_mode & 0o777 == 0o666
