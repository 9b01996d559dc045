"""``--explain`` in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...search.answer import Answer


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
    if plan.dense_plan:
        rows.append(("dense", plan.dense_plan))
    if answer.mode == "hybrid":
        weights = ", ".join(f"{arm} {weight:g}" for arm, weight in plan.weights.items())
        rows.append(("fusion", f"reciprocal ranks, k = {plan.rrf_k}; weights: {weights}"))
    rows.append(("time", ", ".join(f"{step} {spent:.1f} ms" for step, spent in answer.timings.items())))
    return "\n".join(f"{name + ':':<12}{value}" for name, value in rows)
