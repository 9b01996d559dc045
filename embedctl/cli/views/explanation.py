"""``--explain`` in words."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ...plural import counted
from ..units import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...query.answer import Answer

_INDENT, _WIDTH = 12, 100
_SETTLED = {
    "default": "by default",
    "tuned": 'as this store was tuned; see "embedctl tune --show"',
    "asked": "as this query asks",
}
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
    proposed = ", ".join(f"{arm} {count}" for arm, count in plan.proposed.items() if arm in answer.arms)
    rows = [
        ("query", ", ".join(asked) or "nothing to look for"),
        *([] if plan.rewritten is None else [("rewritten", plan.rewritten)]),
        ("filter", passed),
        ("candidates", f"{plan.candidates} asked of each arm; proposed: {proposed}"),
        *((arm, told) for arm, facts in plan.arms.items() if (told := _asked(facts))),
    ]
    if len(answer.arms) > 1:
        weights = ", ".join(f"{arm} {weight:g}" for arm, weight in plan.weights.items())
        constant = f", k = {plan.rrf_k}" if plan.fusion == "rrf" else ""
        rows.append(("fusion", f"{plan.fusion}{constant}; weights: {weights}"))
        if scales := _scales(plan.scales):
            rows.append(("scores", scales))
    rows += [("feedback", told) for told in _feedback(plan.feedback)]
    if plan.rerankers:
        rows.append(("rerankers", ", ".join(plan.rerankers)))
    rows.append(("ranking", _SETTLED[plan.ranking]))
    rows.append(("time", ", ".join(f"{step} {spent:.1f} ms" for step, spent in answer.timings.items())))
    width = max(_INDENT, *(len(name) + 2 for name, _ in rows))
    return "\n".join(f"{name + ':':<{width}}{value}" for name, value in rows)


def _scales(scales: Mapping[str, tuple[float, float] | None]) -> str:
    """Return which scores of each arm count 0 and 1; nothing where the fusion goes by ranks."""
    told = [f"{arm} {scale[0]:.4g} to {scale[1]:.4g}" for arm, scale in scales.items() if scale is not None]
    return f"{', '.join(told)}; fused as 0 to 1" if told else ""


def _feedback(feedback: Mapping[str, dict[str, Any] | None]) -> Iterator[str]:
    """Yield what each kind of feedback that was asked for took from the first hits."""
    if (rm3 := feedback["rm3"]) is not None:
        added = ", ".join(f"{term} {weight:.2g}" for term, weight in rm3["terms"].items())
        line = f"rm3, {counted(rm3['hits'], 'hit')}; added beside 1 for each word: {added or 'nothing'}"
        yield f"\n{' ' * _INDENT}".join(wrap(line, _WIDTH - _INDENT, break_on_hyphens=False))
    if (rocchio := feedback["rocchio"]) is not None:
        yield f"rocchio, {counted(rocchio['hits'], 'hit')}; the query's vector was moved to the mean of theirs"


def _asked(facts: Mapping[str, Any]) -> str:
    """Return the encoder of an arm's query, and its plan with the cost."""
    plan = facts["plan"] + _cost(facts["cost"]) if "plan" in facts else None
    return "; ".join(told for told in (facts["encoder"], plan) if told)


def _cost(cost: Mapping[str, int | None]) -> str:
    """Return the cost of a plan as a clause."""
    told = [f"{cost[name]:,} {what}" for name, what in _COSTS.items() if cost.get(name)]
    told += [f"{size_text(read)} read"] if (read := cost.get("bytes")) else []
    return f"; {', '.join(told)}" if told else ""
