"""The choice among the structures of a dense arm: what answers a query, why, and at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...config import limits
from ...errors import DamagedError, MismatchError
from ...system.memory import available_memory

if TYPE_CHECKING:
    from ...config import DensePlan
    from ...contracts import Allowed, DenseRetriever
    from .structures import Structures


class Plan(NamedTuple):
    """The structure that answers."""

    name: DensePlan
    """``flat``, ``binary`` or ``hnsw``."""
    reason: str
    """One clause."""
    ef: int | None = None
    """Candidates kept while a graph is walked, where not the store's own number is asked for."""


def choose(own: Structures, plan: Plan, allowed: Allowed | None, expected: int) -> Plan:
    """Return the plan to follow, and open its structure; damaged ones are skipped.

    Args:
        own: the structures of the arm.
        plan: what is asked for; the name ``auto`` leaves the choice open.
        allowed: chunks that may answer.
        expected: queries of this session, those that were answered already included.

    Raises:
        DamagedError: the vectors are damaged.
    """
    while True:
        chosen = _chosen(own, plan.name, allowed, expected)._replace(ef=plan.ef)
        try:
            retriever(own, chosen)
        except (DamagedError, MismatchError) as error:
            if chosen.name == "flat":
                raise
            own.lose(chosen.name, error)
        else:
            return chosen


def retriever(own: Structures, plan: Plan) -> DenseRetriever:
    """Return the structure of a plan, opened."""
    if plan.name == "hnsw":
        return own.hnsw if plan.ef is None else own.hnsw.with_ef(plan.ef)
    return own.binary if plan.name == "binary" else own.flat


def scan(own: Structures, allowed: Allowed | None) -> DenseRetriever:
    """Return the scan that completes an answer which the graph did not reach."""
    gathered = allowed is not None and allowed.count <= limits.INDEX.gathered_rows
    return own.binary if own.has_bits and not gathered else own.flat


def cost(own: Structures, plan: Plan, k: int, allowed: Allowed | None) -> dict[str, int | None]:
    """Return the cost of a query for ``k`` rows.

    ``scanned``: rows whose vectors or bits are looked at one after the other; ``bytes`` of vectors and bits that are
    read, in round numbers, without those of the graph; ``rescored``: candidates that are compared exactly; ``ef``:
    candidates kept while the graph is walked.
    """
    total, vector = own.segments.total, 2 * own.dim
    if plan.name == "hnsw":
        tail = own.hnsw.tail
        return {"scanned": tail, "bytes": tail * vector, "rescored": k, "ef": max(plan.ef or own.ef, k)}
    if plan.name == "binary":
        rescored = min(own.binary.candidates(k), total)
        read = total * own.dim // 8 + rescored * vector
        return {"scanned": total, "bytes": read, "rescored": rescored, "ef": None}
    scanned = own.flat.scanned(allowed)
    return {"scanned": scanned, "bytes": scanned * vector, "rescored": min(k, scanned), "ef": None}


def _chosen(own: Structures, wanted: DensePlan, allowed: Allowed | None, expected: int) -> Plan:
    rows, most = len(own.segments), limits.INDEX
    few = f"at most {most.flat_rows:,} are scanned exactly"
    walks = own.graph_bytes and expected > most.graph_after
    if wanted in ("hnsw", "binary") and own.lost(wanted):
        return Plan("binary" if own.has_bits else "flat", f"{wanted} was asked for, but it is damaged or gone")
    if wanted == "hnsw" and not own.graph_bytes:
        return Plan("flat", f"hnsw was asked for, but this index of {rows:,} chunks has no graph")
    if wanted == "binary" and not own.has_bits:
        return Plan("flat", f"binary was asked for, but this index of {rows:,} chunks has no bits; {few}")
    if wanted != "auto":
        return Plan(wanted, "asked for")
    if allowed is not None and (not own.has_bits or allowed.count <= most.gathered_rows):
        return Plan("flat", f"{allowed.count:,} chunks pass the filter")
    if allowed is not None:
        return Plan("binary", f"{allowed.count:,} chunks pass the filter, more than {most.gathered_rows:,}")
    if own.loaded:
        return Plan("hnsw", "the graph is loaded")
    free = available_memory() if walks else None
    short = None if free is None or free >= own.graph_bytes else free / 1e9
    if walks and short is None:
        return Plan("hnsw", f"{rows:,} chunks, {expected:,} queries")
    if not own.has_bits:
        return Plan("flat", f"{rows:,} chunks; " + ("bits are damaged or gone" if own.lost("binary") else few))
    if short is not None:
        return Plan("binary", f"the graph needs {own.graph_bytes / 1e9:.1f} GB, {short:.1f} GB are there")
    if not own.graph_bytes:
        lacks = "a damaged graph" if own.lost("hnsw") else "no graph"
        return Plan("binary", f"{rows:,} chunks, more than {most.flat_rows:,}, and {lacks}")
    return Plan("binary", f"{rows:,} chunks; the graph is loaded for more than {most.graph_after} queries")
