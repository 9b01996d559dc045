"""An arm: chunks in which the query stands letter for letter, those where it stands most often first."""

import json

import numpy as np

from embedctl.arms.kind import ArmKind, Built, text_rows
from embedctl.contracts import ArmQuery, Ranking


class SubstringKind(ArmKind):
    def build(self, work):
        rows = [(row.label, row.body) for part in work.parts for row in text_rows(work.layout, part)]
        work.folder.mkdir()
        (work.folder / "texts.json").write_text(json.dumps(rows))
        return Built(len(rows))

    def open(self, piece, opening):
        piece.verify(piece.record.files)
        return Substrings(json.loads((piece.folder / "texts.json").read_text()))


class Substrings:
    def __init__(self, rows):
        self.rows = len(rows)
        self.labels = np.array([label for label, _ in rows], dtype=np.uint64)
        self.texts = [text for _, text in rows]

    def ask(self, queries, request):
        return [Asked(self.labels, self.counts(query), query.allowed) for query in queries]

    def counts(self, query):
        wanted = " ".join(query.words)
        return np.array([text.count(wanted) if wanted else 0 for text in self.texts], dtype=np.float32)


class Asked(ArmQuery):
    def __init__(self, labels, counts, allowed):
        self.labels, self.counts, self.allowed = labels, counts, allowed

    def best(self, k):
        found = np.flatnonzero(self.counts)
        if self.allowed is not None:
            found = found[self.allowed.mask(self.labels[found])]
        found = found[np.lexsort((self.labels[found], -self.counts[found]))][:k]
        return Ranking(self.labels[found], self.counts[found])

    def scores(self, labels):
        counts = dict(zip(self.labels.tolist(), self.counts.tolist(), strict=True))
        return np.array([counts.get(label) or np.nan for label in labels.tolist()], dtype=np.float32)


SUBSTRING = SubstringKind()
