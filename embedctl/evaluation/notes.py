"""Remarks on queries and judgements to read before the figures: nothing is left out silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..query.query_file import NamedQuery
    from .judgements import Judgements
    from .resolve import Resolved

_LISTED = 3


def notes_of(queries: Sequence[NamedQuery], judgements: Judgements, resolved: Resolved) -> Iterator[str]:
    """Yield finished sentences on missing ids, omitted queries, and the kind of name that ids were taken for."""
    asked = {query.id for query in queries}
    relevant = resolved.judgements.scored()
    unjudged = [query.id for query in queries if query.id not in judgements.grades]
    hopeless = [query.id for query in queries if query.id in judgements.grades and query.id not in relevant]
    unasked = [query for query in judgements.grades if query not in asked]
    if resolved.missing:
        yield (
            f"{len(resolved.missing):,} of {counted(resolved.judged, 'judged id')} "
            f"{'is' if len(resolved.missing) == 1 else 'are'} not in the index ({listed(resolved.missing)}); "
            "relevant ones count as not found."
        )
    if unjudged:
        yield f"Left out, without a judgement: {_queries(unjudged)}."
    if hopeless:
        yield f"Left out, with nothing relevant among the judgements: {_queries(hopeless)}."
    if unasked:
        yield f"Judged, but not among the queries: {_queries(unasked)}."
    if resolved.ambiguous:
        name, told = next(iter(resolved.ambiguous.items()))
        yield (
            f'{counted(len(resolved.ambiguous), "judged id")} may mean several documents ("{name}": {listed(told)}); '
            "whichever of them is found first counts."
        )
    if resolved.merged:
        yield f"{counted(resolved.merged, 'judged id')} named what another one names; the better grade counts."
    if resolved.mixed:
        yield f"{counted(resolved.mixed, 'chunk')} judged among documents: each counts as its document."


def listed(names: Sequence[str]) -> str:
    """Return some of ``names`` in quotes, and how many more there are."""
    told = ", ".join(f'"{name}"' for name in names[:_LISTED])
    return told if len(names) <= _LISTED else f"{told} and {len(names) - _LISTED:,} more"


def _queries(names: Sequence[str]) -> str:
    return f"{counted(len(names), 'query')} ({listed(names)})"
