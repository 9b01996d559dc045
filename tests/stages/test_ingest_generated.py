"""A minified file leaves the store and comes back as its source asks for it, although the file stays what it is."""

from __future__ import annotations

import os
from pathlib import Path

import embedctl
from embedctl.config import SourceRequest, WalkRules

MINIFIED = "function turn(wheel){return wheel+1};" * 200


def outcome(store: embedctl.Store, path: str) -> tuple[str, str | None]:
    (entry,) = (each for each in store.status(files="all")["listed"] if each["path"].endswith(path))
    return entry["outcome"], entry.get("reason")


def test_include_brings_back_a_minified_file_and_its_absence_leaves_it_out(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    script = tmp_path / "web" / "app.js"
    script.write_text(MINIFIED)
    (tmp_path / "web" / "a.md").write_text("words\n")
    os.utime(script, (1_600_000_000, 1_600_000_000))
    store = embedctl.create(tmp_path / ".embedctl")
    left_out = ("skipped", "minified (--include takes it)")

    store.ingest([tmp_path / "web"])
    assert outcome(store, "app.js") == left_out
    store.ingest([tmp_path / "web"], source=SourceRequest(rules=WalkRules(include=("*",))))
    assert outcome(store, "app.js") == ("indexed", None)
    assert store.ingest([tmp_path / "web"]).outcomes["unchanged"] == 2
    store.ingest([tmp_path / "web"], source=SourceRequest(rules=WalkRules()))
    assert outcome(store, "app.js") == left_out
