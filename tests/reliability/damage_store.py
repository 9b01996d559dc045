"""A store with every kind of file in it, and the questions that are put to it: before damage, and after.

Run as a program it answers, one JSON line each: ``python damage_store.py``. A request names a store and which questions
to ask; the model is loaded once. Limits are lowered, so that 500 chunks have segments, sign bits and a graph.
"""

from __future__ import annotations

import json
import random
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import embedctl
from embedctl import encoders
from embedctl.config import (
    DEFAULT_MODEL,
    DistillConfig,
    FilterConfig,
    IndexLimits,
    PartLimits,
    QueryConfig,
    SettingsRequest,
    limits,
)
from embedctl.contracts import Encoder
from embedctl.errors import EmbedctlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedctl.query.answer import Answer

LIMITS = IndexLimits(
    flat_rows=300, graph_tail_rows=60, graph_tail_share=0.0, gathered_rows=20, graph_after=3, rescored_least=250
)
WORDS = [
    "key",
    "vault",
    "rotate",
    "backup",
    "restore",
    "shard",
    "replica",
    "query",
    "vector",
    "token",
    "stem",
    "rank",
    "fuse",
    "recall",
    "graph",
    "page",
    "lock",
]
SINGLE = "rotate the vault key of a replica"
MANY = ["restore a backup shard", "rank and fuse", "parse the page", "graph recall", "a vector query", "lock stem"]


def lower_limits() -> None:
    """Make small stores have what large ones have, in this process."""
    limits.INDEX = LIMITS
    for name in ("stages.part_writer", "stages.compact"):
        sys.modules[f"embedctl.{name}"].__dict__["PartLimits"] = lambda: PartLimits(documents=60)
    for name in ("stages.distill", "stages.pipeline"):
        sys.modules[f"embedctl.{name}"].__dict__["DistillConfig"] = lambda: DistillConfig(least_chunks=100)
    held.append(encoders.card(DEFAULT_MODEL).open())


held: list[Encoder] = []
"""Kept, so that the model is loaded once."""


def load_modules() -> None:
    """Import what is imported at the seam that needs it."""
    import embedctl.stages.compact
    import embedctl.stages.distill
    import embedctl.stages.part_writer
    import embedctl.stages.pipeline  # noqa: F401


def write_documents(folder: Path, first: int, last: int) -> None:
    """Write documents of four sections each, which are chunks; every word of them is drawn from ``WORDS``."""
    folder.mkdir(exist_ok=True)
    for number in range(first, last):
        words = random.Random(number)
        sections = "\n\n".join(
            f"## Section {words.choice(WORDS)}\n\n" + " ".join(words.choices(WORDS, k=25)) + "." for _ in range(4)
        )
        head = f"---\nyear: {2000 + number % 20}\n---\n# Document {number}\n\n"
        (folder / f"{number:03}.md").write_text(head + sections + "\n", encoding="utf-8")


def make(folder: Path) -> None:
    """Make a store in ``folder``: several parts, segments and Tantivy segments, dead rows, bits, a graph, a student,
    and a sample of the model's vectors that it learnt from."""
    docs = folder / "docs"
    write_documents(docs, 0, 84)
    store = embedctl.create(folder / ".embedctl")
    store.index([docs], settings=SettingsRequest(size=48, threads=1, teacher_share=0.6))
    write_documents(docs, 84, 92)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing\n")
    for number in (3, 40, 77):
        (docs / f"{number:03}.md").unlink()
    store.index()


def questions() -> dict[str, Callable[[embedctl.Store], Any]]:
    """Return what is asked, by name; each gives what can be compared."""

    def one(text: str, **settings: Any) -> Callable[[embedctl.Store], Any]:
        return lambda store: [shown(store.query(text, replace(QueryConfig(n=7), **settings)))]

    return {
        "bm25": one(SINGLE, mode="bm25"),
        "flat": one(SINGLE, mode="dense", dense="flat"),
        "binary": one(SINGLE, mode="dense", dense="binary"),
        "hnsw": one(SINGLE, mode="dense", dense="hnsw"),
        "hybrid": one(SINGLE),
        "filter": one(SINGLE, filter=FilterConfig(where="year >= 2010")),
        "student": one(SINGLE, mode="dense", encoder="student"),
        "show": lambda store: comparable(store.show("docs:050.md").fields),
        "chunk": lambda store: comparable(store.show("docs:090.md#2").fields),
        "status": lambda store: {
            name: value for name, value in store.status(files="all").items() if name not in ("last_run", "store")
        },
        "many": lambda store: [shown(answer) for answer in store.query_many(MANY, QueryConfig(n=7))],
    }


def shown(answer: Answer) -> dict[str, Any]:
    """Return what an answer shows, without times and plans."""
    told = answer.to_json()
    return {name: told[name] for name in ("hits", "degraded", "warnings")}


def comparable(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as they are after a way through JSON."""
    return dict(json.loads(json.dumps(fields)))


def ask(root: Path, names: list[str]) -> dict[str, Any]:
    """Return for each question its answer, or the code and sentence of its error; ``bug``: a traceback."""
    told: dict[str, Any] = {}
    asked = questions()
    try:
        store = embedctl.open(root)
    except EmbedctlError as error:
        return {name: {"code": error.exit_code, "message": str(error)} for name in names}
    for name in names:
        try:
            told[name] = {"answer": asked[name](store)}
        except EmbedctlError as error:
            told[name] = {"code": error.exit_code, "message": str(error)}
        except BaseException:  # noqa: BLE001 - Tantivy's panics, too
            told[name] = {"bug": traceback.format_exc()}
    return told


def index(root: Path, rebuild: bool) -> dict[str, Any]:
    """Return how an ``index`` over the store ends, and what it tells."""
    messages: list[str] = []

    class Heard(type(embedctl.create(root)._reporter)):  # type: ignore[misc]
        def message(self, kind: str, text: str) -> None:
            messages.append(text)

    try:
        report = embedctl.open(root, reporter=Heard()).index(rebuild=rebuild)
    except EmbedctlError as error:
        return {"code": error.exit_code, "message": str(error), "messages": messages}
    except BaseException:  # noqa: BLE001
        return {"bug": traceback.format_exc()}
    return {"code": report.exit_code, "messages": messages}


def serve() -> None:
    """Do what lines on stdin ask for."""
    load_modules()
    lower_limits()
    for line in sys.stdin:
        request = json.loads(line)
        root = Path(request["store"])
        match request["do"]:
            case "make":
                make(root.parent)
                answer: Any = {}
            case "index":
                answer = index(root, request["rebuild"])
            case _:
                answer = ask(root, request["names"] or list(questions()))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
