"""How every store in this folder was made: the same documents, indexed, changed and indexed again.

``python tests/formats/format_recipe.py VERSION`` packs one made by the embedctl that is imported; see ``README.md``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent

DOCUMENTS = {
    "tides.md": """---
title: Tides
author: Ada
year: 2019
---
# Tides

The moon pulls the water of the oceans towards it. Twice a day the sea rises and falls.

## Spring tides

When sun and moon stand in one line, the tide is highest.
""",
    "bread.md": """# Bread

Flour, water, salt and yeast. Knead the dough until it is smooth, and let it rise in a warm place.

## Baking

Bake at 230 degrees for ten minutes, then at 200 until the crust is brown.
""",
    "bridge.txt": """The old bridge

A stone arch carries the road across the river. Its keystone was cut in 1742.
""",
    "birds.jsonl": """{"id": "swift", "title": "Swift", "text": "Swifts sleep in the air.", "weight": 40}
{"id": "owl", "title": "Owl", "text": "Owls hunt at night; their feathers make no noise.", "weight": 300}
""",
}
CHANGED = {"bread.md": "# Rye bread\n\nRye flour, water, salt and sourdough. It rises slowly, and keeps for a week.\n"}


def write_documents(folder: Path) -> None:
    """Write the documents as they are at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (DOCUMENTS | CHANGED).items():
        (folder / name).write_text(text, encoding="utf-8")


def make(base: Path, index: Callable[[], object]) -> None:
    """Make ``.embedctl`` in ``base``: one source, two parts, a dead row, indexes in their second generation.

    ``index`` indexes the folder ``docs`` in ``base``.
    """
    docs = base / "docs"
    docs.mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (docs / name).write_text(text, encoding="utf-8")
    index()
    write_documents(docs)
    index()
    index()  # changes nothing, and removes the first generation


def run_index(base: Path) -> None:
    """Index ``docs`` with the command."""
    program = "from embedctl.cli.run import main; main()"
    command = [sys.executable, "-W", "ignore", "-c", program, "index", "docs", "--threads", "1"]
    subprocess.run(command, cwd=base, check=True, capture_output=True, env=os.environ | {"EMBEDCTL_STORE": ""})


def pack(store: Path, archive: Path) -> None:
    """Pack a store without what is of one machine: times, owners, run reports, the lock."""
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for path in sorted(store.rglob("*")):
            name = path.relative_to(store.parent)
            if path.is_dir() or name.parts[1] in {"runs", "lock", "lock.json", "verified"}:
                continue
            entry = tarfile.TarInfo(name.as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o600
            tar.addfile(entry, io.BytesIO(path.read_bytes()))


def unpack(archive: Path, base: Path) -> None:
    """Unpack a store into ``base``."""
    with tarfile.open(archive) as tar:
        for entry in tar:
            packed = tar.extractfile(entry)
            assert packed is not None, f"{entry.name} is no file"
            path = base / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read())


def main() -> None:
    """Make and pack one."""
    version = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "project"
        make(base, lambda: run_index(base))
        found = json.loads((base / ".embedctl" / "manifest.json").read_text(encoding="utf-8"))["format_version"]
        assert found == version, f"this embedctl writes format {found}"
        archive = FOLDER / f"format-{version}.tar.xz"
        pack(base / ".embedctl", archive)
        sys.stdout.write(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}\n")


if __name__ == "__main__":
    main()
