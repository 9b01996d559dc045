"""A checkout to run: its command line, with a cache and stores of its own in the work folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..processes import ProcessError, watch

if TYPE_CHECKING:
    from pathlib import Path

    from ..processes import Watched
    from .datasets import Dataset

STORE = ".embedctl"
_RECORD = "built.json"
_WHERE = "import embedctl; print(embedctl.__file__)"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One state of the code, run by this interpreter through ``PYTHONPATH``."""

    role: str
    """``before`` or ``after``."""
    folder: Path
    """Absolute path of the checkout."""
    work: Path
    """Absolute path of the work folder."""

    @property
    def home(self) -> Path:
        """Folder of this checkout's cache and stores: the same for the same checkout, whatever its role."""
        key = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        return self.work / f"{self.folder.name}-{key}"

    def run(self, *arguments: object, stdout: Path | None = None) -> Watched:
        """Run ``embedctl`` with these arguments.

        Raises:
            ProcessError: it failed.
        """
        command = [sys.executable, "-m", "embedctl", *map(str, arguments)]
        # The current folder comes first in the path of "-m"; the work folder has no package in it.
        return watch(command, str(stdout or os.devnull), self.environment(), self.work)

    def environment(self) -> dict[str, str]:
        """Return this process's environment, with this checkout's code and cache."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EMBEDCTL_")}
        return kept | {"PYTHONPATH": str(self.folder), "EMBEDCTL_CACHE": str(self.home / "cache")}

    def check(self) -> None:
        """Make sure that the code which runs is this checkout's.

        Raises:
            ProcessError: another ``embedctl`` is imported, or none.
        """
        command = [sys.executable, "-c", _WHERE]
        found = subprocess.run(
            command, check=False, capture_output=True, text=True, env=self.environment(), cwd=self.work
        )
        if found.stdout.strip() != str(self.folder / "embedctl" / "__init__.py"):
            raise ProcessError(
                f"{self.folder} would run {found.stdout.strip() or found.stderr.strip()[-300:]}; "
                "name the folder that holds the package embedctl/."
            )

    def commit(self) -> str:
        """Return the short commit, with ``+`` if files of the package have changed since; empty without git."""
        git = ["git", "-C", str(self.folder)]
        try:
            head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True)
            changed = subprocess.run(
                [*git, "status", "--porcelain", "embedctl"], check=True, capture_output=True, text=True
            )
        except (OSError, subprocess.CalledProcessError):
            return ""
        return head.stdout.strip() + ("+" if changed.stdout.strip() else "")

    def store(self, dataset: Dataset) -> Path:
        """Return this checkout's store of a dataset; it is built first if there is none."""
        folder = self._store_folder(dataset)
        if not folder.exists():
            making = fresh(folder.with_name(folder.name + ".making"))
            ran = self.run("index", dataset.texts, "--store", making / STORE, "-q")
            record = {"code": code_of(self.folder), "commit": self.commit(), "seconds": round(ran.seconds, 2)}
            (making / _RECORD).write_text(json.dumps(record), encoding="utf-8")
            making.rename(folder)
        return folder / STORE

    def is_built(self, dataset: Dataset) -> bool:
        """Tell whether the store is there already."""
        return self._store_folder(dataset).exists()

    def is_current(self, dataset: Dataset) -> bool:
        """Tell whether the store was built by the code as it is now."""
        record = json.loads((self._store_folder(dataset) / _RECORD).read_text(encoding="utf-8"))
        return bool(record["code"] == code_of(self.folder))

    def discard(self, dataset: Dataset) -> None:
        """Remove the store."""
        shutil.rmtree(self._store_folder(dataset))

    def twin(self, dataset: Dataset) -> Path:
        """Return a copy of the store that may be changed, beside it, so that relative paths stay right."""
        folder = self._store_folder(dataset)
        copy = folder.with_name(folder.name + ".twin")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder / STORE, copy / STORE)
        return copy / STORE

    def _store_folder(self, dataset: Dataset) -> Path:
        return self.home / dataset.key


def fresh(folder: Path) -> Path:
    """Return the folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@cache
def code_of(folder: Path) -> str:
    """Return a hash of the package's modules."""
    digest = hashlib.sha256()
    for path in sorted((folder / "embedctl").rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()
