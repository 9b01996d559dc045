"""One process that publishes and others that read, each a command of its own: ``python hammer.py ROLE FOLDER ...``.

Every document of the folder ``stamp`` says in which epoch it was written, and all of them are written anew for each.
The writer asks every question after each publish, alone with its store, and notes the answers; readers note what they
were answered, and which generations were published just before and just after.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import embedctl
from embedctl.config import FilterConfig, IndexLimits, QueryConfig, RankingRequest, SettingsRequest, limits
from embedctl.query.answer import hit_json
from embedctl.records import Hit

SMALL = IndexLimits(flat_rows=30, graph_after=20, graph_tail_rows=8, gathered_rows=20)
"""So that a store of a hundred rows has bits and a graph, and a session loads the graph."""
STAMPS = 6
POOL = 24
BATCH, LATE = 40, 15
PATIENT = QueryConfig(n=80, ranking=RankingRequest(candidates=2_560))
"""So many candidates that ten queries are encoded and scanned at once: the first are answered, and the graph is not
loaded yet, when those from ``LATE`` on are read."""
WORDS = ["the", "key", "keys", "lock", "vault", "and", "rotated", "every", "ninety", "days", "lost", "found", "seal"]
_EPOCH = re.compile(r"epoch(\d+)x")


def _asks(text: str, mode: str = "hybrid", dense: str = "auto", **restricted: Any) -> tuple[str, QueryConfig]:
    return text, QueryConfig(mode=mode, n=80, dense=dense, filter=FilterConfig(**restricted))  # type: ignore[arg-type]


CASES = {
    "bm25": _asks("stamped seal", "bm25"),
    "bm25 excluded": _asks('"the vault" lost -rotated', "bm25"),
    "bm25 path": _asks("stamped vault", "bm25", paths=("stamp/",)),
    "dense": _asks("lost keys of the vault", "dense"),
    "dense graph": _asks("search every document", "dense", "hnsw"),
    "hybrid": _asks("stamped: lost and found keys"),
    "hybrid where": _asks("stamped query", where="kind = 'stamp' and epoch > 0"),
    "hybrid narrow": _asks("ninety days", types=("md",), sources=("docs",), paths=("pool/", "!pool/1*")),
}


def stamp_text(number: int, epoch: int) -> str:
    """Return what a document says that changes in every epoch."""
    return f"---\nkind: stamp\nepoch: {epoch}\n---\n\nThe stamped seal of vault {number}, made in epoch{epoch}x.\n"


def change(docs: Path, epoch: int) -> None:
    """Write every stamp anew; add, change and delete some of the others."""
    (docs / "stamp").mkdir(parents=True, exist_ok=True)
    (docs / "pool").mkdir(exist_ok=True)
    for number in range(STAMPS):
        (docs / "stamp" / f"{number}.md").write_text(stamp_text(number, epoch), encoding="utf-8")
    chance = random.Random(epoch)
    there = sorted((docs / "pool").iterdir())
    for path in chance.sample(there, min(len(there), 3)):
        path.unlink()
    for at in range(max(0, POOL - len(there)) + 4):
        words = " ".join(chance.choice(WORDS) for _ in range(30))
        (docs / "pool" / f"{chance.randrange(2 * POOL)}.md").write_text(f"# Note {at}\n\n{words}.\n", encoding="utf-8")


def digest(hits: Iterable[dict[str, Any]]) -> str:
    """Return what two answers have in common only if they are the same hits, scores and ranks."""
    return hashlib.sha256(json.dumps(list(hits), sort_keys=True).encode()).hexdigest()[:16]


def digest_of(hits: Iterable[Hit]) -> str:
    """Return the digest of hits as the library gives them."""
    return digest(json.loads(json.dumps([hit_json(hit) for hit in hits])))


def epochs_in(texts: Iterable[str]) -> list[int]:
    """Return the epochs that stamped documents name, each once."""
    return sorted({int(found[1]) for text in texts if (found := _EPOCH.search(text))})


def published(folder: Path) -> tuple[int, int]:
    """Return generation and snapshot of the current manifest, read without the library."""
    manifest = json.loads((folder / ".embedctl" / "manifest.json").read_bytes())
    return manifest["index"]["generation"], manifest["snapshot"]


def questions() -> list[str]:
    """Return the texts of one batch; all of them are different lengths, so that batches are packed."""
    return [f"stamped {' '.join(WORDS[at % 7 : at % 11])}" for at in range(BATCH)]


def write(folder: Path, model: str, epochs: int, seconds: float) -> None:
    """Publish at least so often and so long; each run collects what the one before it replaced."""
    store = embedctl.create(folder / ".embedctl")
    settings = SettingsRequest(model=model, threads=1)
    start, epoch = time.monotonic(), 0
    with (folder / "published.jsonl").open("w", encoding="utf-8") as log:
        while epoch < epochs or time.monotonic() - start < seconds:
            epoch += 1
            change(folder / "docs", epoch)
            store.index([folder / "docs"] if epoch == 1 else (), settings=settings)
            state = store.status()
            generation, snapshot = published(folder)
            answers = {name: digest_of(store.query(text, config).hits) for name, (text, config) in CASES.items()}
            batch = [digest_of(answer.hits) for answer in store.query_many(questions(), PATIENT)]
            told = {"epoch": epoch, "generation": generation, "snapshot": snapshot, "answers": answers}
            told |= {"batch": batch, "documents": state["documents"], "rows": state["index"]["rows"]}
            log.write(json.dumps(told) + "\n")
            log.flush()
            (folder / "ready").touch()
    (folder / "done").touch()


def read(folder: Path, role: str, number: int) -> None:
    """Ask until the writer is done, and note every answer."""
    roles = {"session": _session, "fresh": _fresh, "batch": _batch, "cold": _cold}
    with (folder / f"read-{role}-{number}.jsonl").open("w", encoding="utf-8") as log:
        for told in roles[role](folder, random.Random(number)):
            log.write(json.dumps(told) + "\n")


def _going_on(folder: Path) -> bool:
    return not (folder / "done").exists()


def _noted(folder: Path, kind: str, ask: Callable[[], Any]) -> dict[str, Any]:
    before = published(folder)
    answer = ask()
    after = published(folder)
    return {"kind": kind, "from": before, "to": after, "answer": answer}


def _session(folder: Path, chance: random.Random) -> Iterator[dict[str, Any]]:
    """One store object for all questions."""
    store = embedctl.open(folder / ".embedctl")
    while _going_on(folder):
        name = chance.choice(list(CASES))
        yield _noted(folder, name, lambda: _asked(store, name))  # noqa: B023 - called at once


def _asked(store: embedctl.Store, name: str) -> dict[str, Any]:
    text, config = CASES[name]
    hits = store.query(text, config).hits
    return {"digest": digest_of(hits), "epochs": epochs_in(hit.text for hit in hits)}


def _fresh(folder: Path, chance: random.Random) -> Iterator[dict[str, Any]]:
    """A new store object for each question, and what reads parts and the ledger."""
    while _going_on(folder):
        store = embedctl.open(folder / ".embedctl")
        name = chance.choice([*CASES, "show", "show", "status", "status"])
        if name == "show":
            number = chance.randrange(STAMPS)
            yield _noted(folder, name, lambda: [number, store.show(f"docs:stamp/{number}.md").fields["text"]])  # noqa: B023
        elif name == "status":
            yield _noted(folder, name, lambda: store.status(files="all"))  # noqa: B023
        else:
            yield _noted(folder, name, lambda: _asked(store, name))  # noqa: B023


def _batch(folder: Path, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Batches that wait in their middle until the generation that answers them has been collected."""
    store = embedctl.open(folder / ".embedctl")
    while _going_on(folder):
        before = published(folder)

        def patient() -> Iterator[str]:
            for at, text in enumerate(questions()):
                while at == LATE and _going_on(folder) and published(folder)[0] < before[0] + 3:  # noqa: B023
                    time.sleep(0.005)
                yield text

        found, epochs, after = [], set(), before
        for answer in store.query_many(patient(), PATIENT):
            after = after if found else published(folder)
            found.append(digest_of(answer.hits))
            epochs.update(epochs_in(hit.text for hit in answer.hits))
        gone = not (folder / ".embedctl" / "index" / f"{after[0]:06d}").exists()
        told = {"digests": found, "epochs": sorted(epochs), "collected": gone}
        yield {"kind": "batch", "from": before, "to": after, "answer": told}


def _cold(folder: Path, chance: random.Random) -> Iterator[dict[str, Any]]:
    """The command line, a process for each question."""
    while _going_on(folder):
        name = chance.choice(["bm25", "bm25 path", "hybrid", "hybrid where"])
        yield _noted(folder, name, lambda: _typed(folder, name))  # noqa: B023


def _typed(folder: Path, name: str) -> dict[str, Any]:
    text, config = CASES[name]
    command = ["query", text, "--json", "-n", str(config.n), "--mode", config.mode, "--where", config.filter.where]
    command += [word for glob in config.filter.paths for word in ("--path", glob)]
    done = subprocess.run([sys.executable, "-m", "embedctl", *command], cwd=folder, capture_output=True, check=False)
    if done.returncode:
        return {"digest": f"exit code {done.returncode}: {done.stderr.decode()}", "epochs": []}
    hits = json.loads(done.stdout)["hits"]
    return {"digest": digest(hits), "epochs": epochs_in(hit["text"] for hit in hits)}


if __name__ == "__main__":
    limits.INDEX = SMALL
    os.environ["HF_HUB_OFFLINE"] = "1"
    role, place, *rest = sys.argv[1:]
    if role == "write":
        write(Path(place), rest[0], int(rest[1]), float(rest[2]))
    else:
        read(Path(place), role, int(rest[0]))
