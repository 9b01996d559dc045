"""``--explain`` in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..units import size_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...search.answer import Answer

_COSTS = {"ef": "kept while the graph is walked", "scanned": "scanned", "rescored": "compared exactly"}


def render_explanation(answer: Answer) -> str:
    """Return how the answer was found, a line for each step."""
    plan = answer.explanation
    asked = [
        *(f'"{word}"' for word in plan.words),
        *(f'phrase "{phrase}"' for phrase in plan.phrases),
        *(f'not "{word}"' for word in plan.exclusions),
    ]
    passed = "none" if plan.allowed is None else f"{plan.allowed:,} of {plan.rows:,} chunks pass"
    proposed = ", ".join(f"{arm} {count}" for arm, count in plan.proposed.items())
    rows = [
        ("query", ", ".join(asked) or "nothing to look for"),
        ("filter", passed),
        ("candidates", f"{plan.candidates} asked of each arm; proposed: {proposed}"),
    ]
    if plan.encoder:
        rows.append(("encoder", plan.encoder))
    if plan.dense_plan:
        rows.append(("dense", plan.dense_plan + _cost(plan.dense_cost or {})))
    if answer.mode == "hybrid":
        weights = ", ".join(f"{arm} {weight:g}" for arm, weight in plan.weights.items())
        constant = f", k = {plan.rrf_k}" if plan.fusion == "rrf" else ""
        rows.append(("fusion", f"{plan.fusion}{constant}; weights: {weights}"))
    rows.append(("time", ", ".join(f"{step} {spent:.1f} ms" for step, spent in answer.timings.items())))
    return "\n".join(f"{name + ':':<12}{value}" for name, value in rows)


def _cost(cost: Mapping[str, int | None]) -> str:
    """Return what the dense arm took, as a clause."""
    told = [f"{cost[name]:,} {what}" for name, what in _COSTS.items() if cost.get(name)]
    told += [f"{size_text(read)} read"] if (read := cost.get("bytes")) else []
    return f"; {', '.join(told)}" if told else ""
