"""Known-item queries, made from sampled documents."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ...index.open import require_index
from .passages import ReducedDocument, hold_out, sentences, words
from .sampled_documents import folded, is_among, number_of, read_documents, survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ...config.measuring import SyntheticConfig, SyntheticKind
    from ...store.layout import Layout
    from ...store.manifest import Manifest
    from .sampled_documents import DocumentSurvey, SampledDocument

Item = TypeVar("Item")

QUERIES, JUDGEMENTS = "queries.jsonl", "qrels.tsv"
"""Names of the files that queries and judgements are saved in, as in BEIR: a start for real ones."""
_LEAST_NAME = 2
"""Words of a title or heading: "Introduction" names no document."""
_TRIED = 4
"""Chunks of a document in which a sentence is looked for."""
_SHORTEST_TERM, _LONGEST_TERM = 3, 30
"""Characters."""


@dataclass(frozen=True, slots=True)
class SyntheticQuery:
    """A query, the document that it was made of, and the passages held out of that document for it."""

    id: str
    text: str
    kind: SyntheticKind
    document: str
    """Id of the one document that is right."""
    source: str
    passage: str
    """Copied text: the query itself, or for ``terms`` the sentence that they are from."""
    held_out: ReducedDocument


@dataclass(frozen=True, slots=True)
class SyntheticSet:
    """The queries of a corpus."""

    queries: tuple[SyntheticQuery, ...]
    documents: int
    """Live documents of the corpus."""
    looked_at: int
    """Number of them."""
    usable: int
    """Of these, how many gave a query of any kind."""


def make_queries(layout: Layout, manifest: Manifest, config: SyntheticConfig) -> SyntheticSet:
    """Make queries from documents that are sampled evenly over sources and folders; the same for the same corpus.

    There may be none, as in a corpus of short texts without titles.

    Raises:
        NoStoreError: there is no index.
    """
    parts = require_index(layout, manifest).parts
    known = survey(layout, parts, config.seed)
    documents = read_documents(layout, parts, known, config.queries * config.documents_per_query)
    maker = _Maker(documents, known, config)
    by_kind: dict[SyntheticKind, list[SyntheticQuery]] = {kind: [] for kind in config.kinds}
    usable = looked_at = 0
    for document in documents:
        looked_at += 1
        made = [query for kind in config.kinds if (query := maker.made(kind, document)) is not None]
        usable += bool(made)
        for query in made:
            by_kind[query.kind].append(query)
        if all(len(of_kind) >= config.queries for of_kind in by_kind.values()):
            break
    return SyntheticSet(_shared_out(by_kind, config.queries), len(known.keys), looked_at, usable)


class _Maker:
    """Makes queries of documents; what is chosen in a document depends on the seed and the document alone."""

    def __init__(self, documents: Sequence[SampledDocument], known: DocumentSurvey, config: SyntheticConfig) -> None:
        self._known = known
        self._config = config
        self._frequencies: Counter[str] = Counter()
        for document in documents:
            for chunk in document.chunks:
                self._frequencies.update(set(words(chunk.text.casefold())))

    def made(self, kind: SyntheticKind, document: SampledDocument) -> SyntheticQuery | None:
        """Return the query of a kind; ``None`` where the document yields none."""
        rng = np.random.default_rng(number_of(self._config.seed, kind, document.source, document.doc_id))
        for text, passage in self._texts(kind, document, rng):
            held_out = hold_out(document, passage, self._config.chunks_per_document)
            if held_out.changed and held_out.reduced and held_out.left >= self._config.least_left:
                name = f"{kind}-{number_of(document.source, document.doc_id):016x}"
                return SyntheticQuery(name, text, kind, document.doc_id, document.source, passage, held_out)
        return None

    def _texts(
        self, kind: SyntheticKind, document: SampledDocument, rng: np.random.Generator
    ) -> Iterator[tuple[str, str]]:
        """Yield queries and the passages that they are made of, in the order in which to try them."""
        names = {heading for chunk in document.chunks for heading in chunk.heading[-1:]} - {document.title}
        if kind == "title":
            yield from self._unambiguous([document.title], self._known.titles)
        elif kind == "heading":
            yield from self._unambiguous(_shuffled(sorted(names), rng), self._known.headings)
        else:
            told = [" ".join(name.split()).casefold() for name in (document.title, *names)]
            for passage in self._passages(document, rng):
                line = " ".join(passage.split())
                if not any(line.casefold() in name or name in line.casefold() for name in told if name):
                    text = line if kind == "sentence" else self._terms(passage, rng)
                    if text:
                        yield text, passage

    def _unambiguous(self, names: Sequence[str], ambiguous: NDArray[np.int64]) -> Iterator[tuple[str, str]]:
        for name in names:
            if len(words(name)) >= _LEAST_NAME and not is_among(folded(name), ambiguous):
                yield " ".join(name.split()), name

    def _passages(self, document: SampledDocument, rng: np.random.Generator) -> Iterator[str]:
        """Yield sentences of a few chunks; of those that stand in other documents, too, none."""
        chunks = _shuffled([chunk for chunk in document.chunks if not chunk.copied], rng)
        for chunk in chunks[:_TRIED]:
            yield from _shuffled(sentences(chunk.text, document.prose, self._config), rng)

    def _terms(self, passage: str, rng: np.random.Generator) -> str:
        """Return the words of a sentence that say most, in any order; of words that no other chunk has, none."""
        usual = (word for word in words(passage.casefold()) if _SHORTEST_TERM <= len(word) <= _LONGEST_TERM)
        known = {word for word in usual if self._frequencies[word] > 1 and not word.isdigit()}
        count = int(rng.integers(self._config.least_terms, self._config.most_terms, endpoint=True))
        best = sorted(known, key=lambda word: (self._frequencies[word], word))[:count]
        return " ".join(_shuffled(best, rng)) if len(best) >= self._config.least_terms else ""


def _shuffled(items: Iterable[Item], rng: np.random.Generator) -> list[Item]:
    found = list(items)
    return [found[at] for at in rng.permutation(len(found))]


def _shared_out(by_kind: dict[SyntheticKind, list[SyntheticQuery]], most: int) -> tuple[SyntheticQuery, ...]:
    """Return as many queries of each kind as of the others; what one kind lacks, others give."""
    left, chosen = most, {}
    for position, (kind, made) in enumerate(sorted(by_kind.items(), key=lambda item: len(item[1]))):
        chosen[kind] = made[: left // (len(by_kind) - position)]
        left -= len(chosen[kind])
    return tuple(query for kind in by_kind for query in chosen[kind])


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
