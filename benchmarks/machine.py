"""The machine that figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SHOWN_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")
"""Instruction sets that decide how fast a model runs or vectors are compared."""
SHOWN_PACKAGES = (
    "embedctl", "openvino", "torch", "sentence-transformers", "tokenizers", "tantivy", "hnswlib", "usearch",
    "numkong", "simsimd", "model2vec", "numpy", "pyarrow",
)  # fmt: skip

OTHER_PACKAGES = ("lancedb", "txtai", "faiss-cpu")


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, memory, system, versions, and when."""

    processor: str
    cores: int
    """Processors this process may use."""
    flags: tuple[str, ...]
    memory_gb: float
    system: str
    python: str
    versions: dict[str, str]
    """Of embedctl, the libraries under it, and the other engines."""
    commit: str
    """Of the checkout, with ``+`` for changes that were not committed."""
    date: str
    """UTC."""


def this_machine(others_python: str = "") -> Machine:
    """Return what is known of the machine that this runs on, and of the other engines that an interpreter has."""
    return Machine(
        processor=_processor(),
        cores=_cores(),
        flags=tuple(flag for flag in SHOWN_FLAGS if flag in _cpuinfo().get("flags", "").split()),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        system=_system(),
        python=platform.python_version(),
        versions=versions(SHOWN_PACKAGES) | (versions_of_others(others_python) if others_python else {}),
        commit=_commit(),
        date=datetime.now(UTC).isoformat(timespec="minutes"),
    )


def versions_of_others(python: str) -> dict[str, str]:
    """Return the versions of the other engines that an interpreter has."""
    found = {}
    for package in OTHER_PACKAGES:
        asked = [python, "-c", f"from importlib.metadata import version; print(version({package!r}))"]
        answer = subprocess.run(asked, check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            found[package] = answer.stdout.strip()
    return found


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # not in use here
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpuinfo() -> dict[str, str]:
    """Return the first processor's lines of ``/proc/cpuinfo``; empty where there is no such file."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    pairs = (line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    return {{"Features": "flags"}.get(name.strip(), name.strip()): value.strip() for name, value in pairs}


def _processor() -> str:
    info = _cpuinfo()
    if name := info.get("model name"):
        details = f"family {info.get('cpu family', '?')}, model {info.get('model', '?')}"
        return f"{name} ({details})"
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, {platform.system()} {platform.release()}"


def _commit() -> str:
    try:
        head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True)
        changed = subprocess.run(["git", "status", "--porcelain"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
