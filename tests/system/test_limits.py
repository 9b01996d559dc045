"""Memory and processors, as far as the system and the container grant them."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedctl.system import resources
from embedctl.system.resources import available_memory, processors


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
    monkeypatch.setattr(resources, "PROC", tmp_path / "proc")
    monkeypatch.setattr(resources, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


def test_the_tightest_group_decides(system: Path) -> None:
    assert available_memory() == 8_000 * 1024
    group(system / "groups", "outer", "5000000", 3_000_000, 1_000_000)
    group(system / "groups", "outer/inner", "max", 2_000_000, 0)
    assert available_memory() == 3_000_000
    group(system / "groups", "outer/inner", "2500000", 2_000_000, 0)
    assert available_memory() == 500_000
    group(system / "groups", "outer/inner", "1500000", 2_000_000, 0)
    assert available_memory() == 0


def test_the_first_version_of_the_interface(system: Path) -> None:
    (system / "proc" / "self" / "cgroup").write_text("4:cpu,memory:/box\n1:cpu:/\n")
    folder = system / "groups" / "memory" / "box"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("4000000\n")
    (folder / "memory.usage_in_bytes").write_text("3000000\n")
    (folder / "memory.stat").write_text("total_inactive_file 250000\n")
    assert available_memory() == 1_250_000


def test_processors_are_those_that_every_group_grants(system: Path) -> None:
    outer, inner = system / "groups" / "outer", system / "groups" / "outer" / "inner"
    assert processors() == 8
    inner.mkdir(parents=True)
    (inner / "cpu.max").write_text("max 100000\n", encoding="ascii")
    assert processors() == 8
    (outer / "cpu.max").write_text("350000 100000\n", encoding="ascii")
    assert processors() == 4
    (inner / "cpu.max").write_text("150000 100000\n", encoding="ascii")
    assert processors() == 2


@pytest.mark.parametrize(("quota", "granted"), [("50000", 1), ("250000", 3), ("-1", 8)])
def test_processors_by_the_first_version_of_the_interface(system: Path, quota: str, granted: int) -> None:
    (system / "proc" / "self" / "cgroup").write_text("4:cpu,cpuacct:/box\n1:memory:/\n")
    folder = system / "groups" / "cpu" / "box"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")
    (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n", encoding="ascii")
    assert processors() == granted
