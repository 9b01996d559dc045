"""The health of a store's embeddings on one screen: for each topic a verdict, its figures, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plural import counted, percent
from ..screen import one_line
from ..styled import StyledText, beside
from ..units import time_text

if TYPE_CHECKING:
    from ...inspection.inspection import ChunkName, Figure, Inspection, NearPair, Topic, Verdict
    from ..screen import Screen

_LABEL = 11
_VERDICT = 6
_INDENT = _VERDICT + _LABEL
_LEAST_WIDTH = 40
_LEAST_DECIMAL = 0.001
_LEAST_SHARE = 0.01
"""Of the texts: languages below are told together."""
_STYLES = {"good": "green", "look": "bold", "bad": "bold red"}
_BETWEEN = " · "


def render_inspection(inspection: Inspection, screen: Screen, verbose: bool = False) -> str:
    """Return the screen; ``verbose``: each figure with its definition and source, and examples of what is good, too."""
    width = max(screen.width - _INDENT, _LEAST_WIDTH)
    lines = [_row(label, text) for label, text in _head(inspection)]
    for topic in inspection.topics:
        lines.append(StyledText(""))
        told = _defined(topic, width) if verbose else _figures(inspection, topic, width)
        matters = verbose or topic.verdict in ("look", "bad")
        advice = StyledText(one_line(topic.advice), "" if matters else "dim").wrapped(width)
        examples = _examples(inspection, topic, width) if matters else []
        lines += beside(_topic(topic), [*told, *advice, *examples])
    return screen.render([*lines, StyledText(""), _verdict(inspection)])


def number(figure: Figure) -> str:
    """Return a figure's value as people read it."""
    value = figure.value
    if figure.unit == "share":
        return percent(value)
    if figure.unit != "number":
        return f"{round(value):,}"
    if 0 < abs(value) < _LEAST_DECIMAL:
        return f"{value:.0e}"
    return f"{value:.{3 if abs(value) < 1 else 2 if abs(value) < 10 else 1}f}"


def _head(inspection: Inspection) -> list[tuple[str, str]]:
    student = "; by a student of it (--fast)" if inspection.student else ""
    everything = inspection.embedded == inspection.vectors_sampled
    each = "all vectors" if everything else f"a sample of {inspection.vectors_sampled:,} vectors"
    return [
        ("store", f"{inspection.store}, snapshot {inspection.snapshot}"),
        ("vectors", f"{inspection.embedded:,} of {inspection.dim} dimensions, {inspection.model}{student}"),
        ("looked at", f"{each}, compared with each other; {counted(inspection.texts_sampled, 'text')}"),
    ]


def _row(label: str, text: str) -> StyledText:
    return StyledText().append(f"{label:<{_INDENT}}", "bold").append(one_line(text))


def _topic(topic: Topic) -> StyledText:
    verdict = topic.verdict or "-"
    return StyledText(f"{verdict:<{_VERDICT}}", _STYLES.get(verdict, "dim")).append(f"{topic.name:<{_LABEL}}", "bold")


def _figures(inspection: Inspection, topic: Topic, width: int) -> list[StyledText]:
    if topic.name == "languages":
        return StyledText(_languages(inspection)).wrapped(width)
    if topic.name == "lengths":
        groups = [
            (head, [one for one in topic.figures if one.unit == unit])
            for head, unit in (("tokens: ", "tokens"), ("characters: ", "characters"), ("", "share"))
        ]
    else:
        groups = [("", list(topic.figures))]
    lines: list[StyledText] = []
    for head, group in groups:
        line = StyledText(head)
        for figure in group:
            told = StyledText(f"{figure.label} ").append(number(figure), _style(figure.verdict))
            if line.cell_len + len(_BETWEEN) + told.cell_len > width:
                lines.append(line)
                line = StyledText()
            line.append(_BETWEEN if line.plain not in ("", head) else "").append_text(told)
        lines.append(line)
    return [line for line in lines if line.plain] or [StyledText("nothing to measure")]


def _style(verdict: Verdict | None) -> str:
    return _STYLES[verdict] if verdict in ("look", "bad") else ""


def _languages(inspection: Inspection) -> str:
    shown = [share for share in inspection.languages if share.share >= _LEAST_SHARE]
    rest = sum(share.share for share in inspection.languages) - sum(share.share for share in shown)
    told = [f"{share.language} {percent(share.share)}" for share in shown]
    return _BETWEEN.join([*told, f"others {percent(rest)}"] if len(shown) < len(inspection.languages) else told)


def _defined(topic: Topic, width: int) -> list[StyledText]:
    """Return each figure with its definition and source."""
    label = max((len(figure.label) for figure in topic.figures), default=0)
    value = max((len(number(figure)) for figure in topic.figures), default=0)
    lines: list[StyledText] = []
    for figure in topic.figures:
        head = StyledText(f"{figure.label:<{label}} ").append(f"{number(figure):>{value}}  ", _style(figure.verdict))
        meaning = StyledText(f"{figure.definition} ").append(f"[{figure.source}]", "dim")
        lines += beside(head, meaning.wrapped(max(width - head.cell_len, _LEAST_WIDTH)))
    return lines


def _examples(inspection: Inspection, topic: Topic, width: int) -> list[StyledText]:
    lines: list[StyledText] = []
    if topic.name == "hubness":
        for hub in inspection.hubs:
            lines += _named(f"on {counted(hub.lists, 'list')}", hub.chunk)
    elif topic.name == "duplicates":
        for pair in inspection.pairs:
            lines += [*_named(_alike(pair), pair.chunk), *_named("", pair.other)]
    elif topic.name == "tokenizer" and inspection.split_words:
        told = ", ".join(
            f"{word.word} ({'unknown' if word.unknown else f'{word.pieces} pieces'}, {counted(word.count, 'time')})"
            for word in inspection.split_words
        )
        lines.append(StyledText(one_line(f"most frequent: {told}")))
    return [line.shortened(width) for line in lines]


def _alike(pair: NearPair) -> str:
    return f"{pair.copies:,} copies" if pair.exact else f"cosine {pair.cosine:.3f}"


def _named(fact: str, chunk: ChunkName) -> list[StyledText]:
    said = chunk.text if chunk.text.startswith(chunk.title) else f"{chunk.title}: {chunk.text}"
    return [StyledText(f"{fact:<14} ").append(one_line(chunk.id), "magenta").append(f"  {one_line(said)}", "dim")]


def _verdict(inspection: Inspection) -> StyledText:
    took = f" ({time_text(inspection.seconds)})"
    by_verdict = {
        verdict: [topic.name for topic in inspection.topics if topic.verdict == verdict] for verdict in ("bad", "look")
    }
    told = [f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names]
    if told:
        return StyledText(f"{'; '.join(told)}{took}.", _STYLES[str(inspection.verdict)])
    return StyledText(f"Nothing to do{took}.", "green")
