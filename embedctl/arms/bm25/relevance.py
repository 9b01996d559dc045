"""Relevance model 3: the words that the first hits of a query have in common, added to the query.

``P(w|R) = sum over hits of P(w|d) * score(d)``, of which the likeliest terms are kept and made to sum to 1: Lavrenko
and Croft, "Relevance-based language models", SIGIR 2001, with scores of BM25 in place of query likelihoods. The new
query is ``weight * P(w|Q) + (1 - weight) * P(w|R)``: Abdul-Jaleel et al., "UMass at TREC 2004: Novelty and HARD". Which
terms count, and that hits are weighed by BM25, is as in Anserini's ``Rm3Reranker``; unlike there every term of a hit
counts towards ``P(w|d)``, not its ten most frequent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ...config import Rm3Config


def expansion(
    query: Collection[str],
    hits: Sequence[Mapping[str, int]],
    scores: Sequence[float],
    tells: Callable[[str], bool],
    rm3: Rm3Config,
) -> dict[str, float]:
    """Return what relevance model 3 adds to the terms of a query, where each counts 1; most first.

    Args:
        query: its distinct terms.
        hits: how often each term is in each of its first hits.
        scores: theirs.
        tells: whether a term is rare enough to tell one chunk from another.
        rm3: which terms count, and how much.
    """
    known = {term for hit in hits for term in hit}
    telling = {term for term in known if rm3.shortest <= len(term) <= rm3.longest and tells(term)}
    counts = [{term: count for term, count in hit.items() if term in telling} for hit in hits]
    # Common words of the query, which Anserini's analysis leaves out as stop words, do not count where others do.
    length = sum(map(tells, query)) or len(query)
    return beside_query(relevance_model(counts, scores, rm3.terms), length, rm3.query_weight)


def relevance_model(documents: Sequence[Mapping[str, int]], scores: Sequence[float], size: int) -> dict[str, float]:
    """Return the likeliest terms of the relevance model, likeliest first, ties by term; they sum to 1.

    Args:
        documents: how often each term is in each hit; hits without terms say nothing.
        scores: one per hit, not negative; only their ratios matter.
        size: how many terms are kept.
    """
    likelihood: dict[str, float] = {}
    for counts, score in zip(documents, scores, strict=True):
        total = sum(counts.values())
        for term, count in counts.items():
            likelihood[term] = likelihood.get(term, 0.0) + score * count / total
    kept = sorted(likelihood.items(), key=lambda one: (-one[1], one[0]))[:size]
    mass = sum(weight for _, weight in kept)
    return {term: weight / mass for term, weight in kept} if mass > 0 else {}


def beside_query(model: Mapping[str, float], query_terms: int, query_weight: float) -> dict[str, float]:
    """Return what to add to each term of a query whose own terms count 1 each; ranks as the interpolated model does.

    ``weight / query_terms + (1 - weight) * P(w|R)`` divided by ``weight / query_terms``, less the 1 of the query's own.

    ``query_terms`` is at least 1, ``query_weight`` above 0 and at most 1.
    """
    share = query_terms * (1.0 - query_weight) / query_weight
    return {term: share * weight for term, weight in model.items()}
