"""Files of known-item queries and their judgements, as a start for real ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .queries import SyntheticSet

QUERIES, JUDGEMENTS = "queries.jsonl", "qrels.tsv"
"""Names of the files, as in BEIR."""


def query_lines(made: SyntheticSet) -> Iterator[str]:
    """Yield a line of JSON for each query, as ``--queries`` takes them; ``passage`` is what it was copied from."""
    for query in made.queries:
        fields = {
            "_id": query.id,
            "text": query.text,
            "synthetic": query.kind,
            "document": f"{query.source}:{query.document}",
            "passage": " ".join(query.passage.split()),
        }
        yield json.dumps(fields, ensure_ascii=False) + "\n"


def judgement_lines(made: SyntheticSet) -> Iterator[str]:
    """Yield the lines of a file of judgements in the form of BEIR, its header first."""
    yield "query-id\tcorpus-id\tscore\n"
    for query in made.queries:
        yield f"{query.id}\t{query.source}:{query.document}\t1\n"
