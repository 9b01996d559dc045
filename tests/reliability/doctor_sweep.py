"""Damages each kind of file of a store in several ways, repairs it, and compares its answers with those from before.

Run as a program, ``python doctor_sweep.py FOLDER [PART OF A NAME]``, it writes a JSON line for each damage, so that a
signal is a finding, too.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

import damage_store
from damage_kinds import KINDS, Target, applies

import embedctl
from embedctl.store.garbage import named_files
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

WAYS = ("bit 0", "bit 1", "page 0", "half", "longer", "missing", "unlike", "folder", "link", "pipe")
ASKED = ("bm25", "flat", "binary", "hnsw", "filter", "student", "show", "chunk")
_NUMBER = re.compile(r"[0-9a-f]{16,32}|\d{6}|\d+(?=\.del)")


def targets(root: Path) -> list[Path]:
    """Return one file of each kind, and the last: a store's parts differ."""
    layout = Layout(root)
    found: dict[str, list[Path]] = {"manifest.json": [layout.manifest]}
    for path in sorted(named_files(layout, read_manifest(layout))):
        found.setdefault(_NUMBER.sub("*", path.relative_to(root).as_posix()), []).append(path)
    return [path for paths in found.values() for path in sorted({paths[0], paths[-1]})]


def comparable(told: dict[str, Any]) -> dict[str, Any]:
    """Return what an undamaged and a repaired store have in common: hits, scores, but not the order of equal ones."""
    answers: dict[str, Any] = {}
    for name, one in told.items():
        if "answer" not in one:
            answers[name] = one
        elif isinstance(one["answer"], list):
            hits = [hit for shown in one["answer"] for hit in shown["hits"]]
            answers[name] = sorted((hit["id"], hit["text"], round(hit["score"], 3)) for hit in hits)
        else:
            answers[name] = one["answer"]
    return answers


def main(folder: Path, only: str) -> None:
    damage_store.load_modules()
    damage_store.lower_limits()
    one = folder / "one"
    one.mkdir()
    damage_store.make(one)
    embedctl.open(one / ".embedctl").index(refresh=False, rebuild=True)
    before = comparable(damage_store.ask(one / ".embedctl", list(ASKED)))
    for path in targets(one / ".embedctl"):
        unlike = one / ".embedctl" / "manifest.json"
        for way in WAYS:
            name = path.relative_to(one).as_posix()
            if only in name and applies(Target(path, "", None, unlike), way):
                told = {"name": name, "way": way, "wrong": wrong(one, folder / "two", name, way, before)}
                sys.stdout.write(json.dumps(told) + "\n")
                sys.stdout.flush()


def wrong(one: Path, two: Path, name: str, way: str, before: dict[str, Any]) -> str:
    """Return what is wrong after a repair; empty: nothing."""
    shutil.rmtree(two, ignore_errors=True)
    shutil.copytree(one, two)
    path, store = two / name, embedctl.open(two / ".embedctl")
    rows = {
        path.as_posix(): file.rows
        for path, file in named_files(Layout(store.path), read_manifest(Layout(store.path))).items()
    }
    KINDS[way](Target(path, "", None, two / ".embedctl" / ".gitignore"))
    try:
        found, report = store.doctor(deep=True), store.doctor(repair=True)
        again = embedctl.open(two / ".embedctl")
        again.index(refresh=False, rebuild=True)  # scores of BM25 count dead rows until they are merged away
        after = comparable(damage_store.ask(two / ".embedctl", list(ASKED)))
        left = again.doctor(deep=True)
    except BaseException:  # noqa: BLE001 - panics, too
        return traceback.format_exc()
    if found.exit_code != 4 or not any((one.file or "") in name for one in found.damage):
        return f"not found: {[(one.kind, one.file) for one in found.findings]}"
    if report.exit_code or left.exit_code:
        return f"not repaired: {[(one.kind, one.file, one.message) for one in (*report.damage, *left.damage)]}"
    if "students" in name:  # another student is fitted, to what the store holds now: other vectors, by no model
        return next((f"{ask}: {after[ask]}" for ask in ("bm25", "show", "chunk") if after[ask] != before[ask]), "")
    most = rows.get(path.as_posix(), 0) if "embeddings" in name else 0
    if report.counts.get("embedded", 0) > most:
        return f"{report.counts['embedded']} embedded, of at most {most}"
    return next((f"{ask}: {after[ask]} instead of {before[ask]}" for ask in ASKED if after[ask] != before[ask]), "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3] or [""])
