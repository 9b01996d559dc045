"""What is remembered of models on this machine, and that nothing stale or damaged is believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_models import save_small_model

from embedctl.encoders import machine_cache
from embedctl.encoders.machine_cache import remembered
from embedctl.encoders.model_folder import resolve

LONG_AGO = 1_600_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDCTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def publish(folder: Path, text: str = "text") -> None:
    def fill(made: Path) -> dict[str, str]:
        (made / "a.txt").write_text(text, encoding="utf-8")
        (made / "deep").mkdir()
        (made / "deep" / "b.txt").write_text(text, encoding="utf-8")
        return {"says": text}

    machine_cache.publish(folder, fill)


def test_an_entry_is_found_with_its_facts(cache: Path) -> None:
    assert machine_cache.find(cache / "x") is None
    publish(cache / "x")
    assert machine_cache.find(cache / "x") == {"says": "text"}
    assert (cache / "x" / "deep" / "b.txt").read_text(encoding="utf-8") == "text"


def test_a_file_of_another_time_is_hashed_again_and_then_believed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(cache / "x")
    hashed: list[Path] = []
    real = machine_cache.sha256_file
    monkeypatch.setattr(machine_cache, "sha256_file", lambda path: hashed.append(path) or real(path))
    assert machine_cache.find(cache / "x")
    assert hashed == []
    os.utime(cache / "x" / "a.txt", (LONG_AGO, LONG_AGO))
    for _ in range(2):
        assert machine_cache.find(cache / "x")
        assert hashed == [cache / "x" / "a.txt"]


def test_an_entry_with_a_changed_file_is_replaced(cache: Path) -> None:
    publish(cache / "x")
    (cache / "x" / "a.txt").write_text("tEXT", encoding="utf-8")
    assert machine_cache.find(cache / "x") is None
    publish(cache / "x", "new text")
    assert machine_cache.find(cache / "x") == {"says": "new text"}
    assert [path.name for path in cache.iterdir()] == ["x"]


def test_of_two_that_make_the_same_entry_the_first_is_kept(cache: Path) -> None:
    def slow(made: Path) -> dict[str, str]:
        publish(cache / "x", "first")
        return {"says": "second"}

    machine_cache.publish(cache / "x", slow)
    assert machine_cache.find(cache / "x") == {"says": "first"}


def test_what_a_killed_process_left_is_removed_later(cache: Path) -> None:
    young, old = cache / ".new-1-1", cache / ".new-2-2"
    for folder in (young, old):
        folder.mkdir(parents=True)
    os.utime(old, (LONG_AGO, LONG_AGO))
    publish(cache / "x")
    assert sorted(path.name for path in cache.iterdir()) == [".new-1-1", "x"]


def settle(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_a_fingerprint_is_computed_once_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedctl.encoders.machine_cache.SETTLED_NS", -(10**15))  # times of inodes cannot be set
    folder = tmp_path / "m"
    (folder / "sub").mkdir(parents=True)
    for name in ("a", "sub/b"):
        (folder / name).write_text(name, encoding="utf-8")
    computed: list[str] = []

    def compute() -> str:
        computed.append(str(len(computed)))
        return computed[-1]

    assert [remembered(folder, ["p"], compute) for _ in range(2)] == ["0", "0"]
    assert remembered(folder, ["q"], compute) == "1"
    (folder / "sub" / "b").write_text("c", encoding="utf-8")
    assert [remembered(folder, ["p"], compute) for _ in range(2)] == ["2", "2"]
    (folder / "new").write_text("", encoding="utf-8")
    assert [remembered(folder, ["p"], compute) for _ in range(2)] == ["3", "3"]
    (folder / "new").unlink()
    assert remembered(folder, ["p"], compute) == "4"


def test_files_that_are_still_being_written_are_not_trusted(tmp_path: Path, cache: Path) -> None:
    """A second change within one tick of the file system's clock would not be seen."""
    folder = save_small_model(tmp_path / "m")
    before = resolve(str(folder)).fingerprint
    assert not (cache / "fingerprints").exists()
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    assert resolve(str(folder)).fingerprint != before


def test_a_file_that_was_not_written_makes_an_entry_unusable(tmp_path: Path) -> None:
    """A library that is given the folder would believe it; and nothing waits for the other end of a pipe."""

    def fill(folder: Path) -> dict[str, object]:
        (folder / "model.bin").write_bytes(b"weights")
        return {}

    for name in ("stranger.blob", machine_cache.CONTENTS):
        machine_cache.publish(tmp_path / name, fill)
        assert machine_cache.find(tmp_path / name) is not None
        (tmp_path / name / name).unlink(missing_ok=True)
        os.mkfifo(tmp_path / name / name)
        assert machine_cache.find(tmp_path / name) is None
