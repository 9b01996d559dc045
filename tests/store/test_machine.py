"""What the machine has to give."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedctl.system import memory as machine


def group(root: Path, name: str, limit: str, used: int, droppable: int) -> None:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {droppable}\n")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  8000 kB\n")
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/outer/inner\n")
    monkeypatch.setattr(machine, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path / "groups")
    return tmp_path


def test_the_tightest_group_decides(system: Path) -> None:
    assert machine.available_memory() == 8_000 * 1024
    group(system / "groups", "outer", "5000000", 3_000_000, 1_000_000)
    group(system / "groups", "outer/inner", "max", 2_000_000, 0)
    assert machine.available_memory() == 3_000_000
    group(system / "groups", "outer/inner", "2500000", 2_000_000, 0)
    assert machine.available_memory() == 500_000
    group(system / "groups", "outer/inner", "1500000", 2_000_000, 0)
    assert machine.available_memory() == 0


def test_the_first_version_of_the_interface(system: Path) -> None:
    (system / "proc" / "self" / "cgroup").write_text("4:cpu,memory:/box\n1:cpu:/\n")
    folder = system / "groups" / "memory" / "box"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("4000000\n")
    (folder / "memory.usage_in_bytes").write_text("3000000\n")
    (folder / "memory.stat").write_text("total_inactive_file 250000\n")
    assert machine.available_memory() == 1_250_000
