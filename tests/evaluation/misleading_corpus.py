"""A judged collection in which only one exact word of each query leads to its answer, and its meaning leads away."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import NamedTuple

_TOPICS = (
    ("Any kitten asleep? cat", "The cat naps on the {} every noon."),
    ("Railway departures? train", "The train to the coast starts from the {}."),
    ("Baking a loaf? bread", "Bread with rye comes out of the {}."),
    ("Flowers thirsty? garden", "In summer the garden is watered beside the {}."),
)
"""A query, and a text that means the same and shares one word with it."""
_PLACES = ("sofa", "carpet", "window", "chair", "attic", "kitchen", "porch", "stairs", "shelf", "basket", "cellar")


class Collection(NamedTuple):
    """Files of one judged collection."""

    corpus: Path
    queries: Path
    qrels: Path
    nonsense: Path
    """Judgements of the same queries, by throwing dice."""

    @classmethod
    def within(cls, folder: Path) -> Collection:
        """Return the files that :func:`make_misleading` writes there."""
        return cls(*(folder / name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv", "nonsense.tsv")))


def make_misleading(folder: Path, queries: int = 24, seed: int = 3) -> Collection:
    """Write a collection in the form of BEIR."""
    chance = random.Random(seed)
    texts = [sentence.format(place) for _, sentence in _TOPICS for place in _PLACES]
    asked = []
    for number in range(queries):
        code = f"k{chance.randrange(10_000, 99_999)}"
        asked.append((f"{_TOPICS[number % len(_TOPICS)][0]} {code}", len(texts)))
        texts.append(f"Ledger {number}: {code}, paid in full, {chance.randrange(100)} coins.")
    found = Collection.within(folder)
    _write(found.corpus, [{"_id": f"d{at}", "title": "", "text": text} for at, text in enumerate(texts)])
    _write(found.queries, [{"_id": f"q{at}", "text": text} for at, (text, _) in enumerate(asked)])
    dice = [(at, place) for at in range(queries) for place in chance.sample(range(len(texts)), 8)]
    for path, judged in ((found.qrels, [(at, place) for at, (_, place) in enumerate(asked)]), (found.nonsense, dice)):
        lines = [f"q{at}\td{place}\t1" for at, place in judged]
        path.write_text("\n".join(["query-id\tcorpus-id\tscore", *lines, ""]), encoding="utf-8")
    return found


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
