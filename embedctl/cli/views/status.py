"""The state of a store on one screen, and its files and its arms as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import EXIT_INTERRUPTED
from ...plural import counted
from ..screen import harmless, one_line
from ..styled import StyledText, table
from ..units import size_text, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...stages.arms import ArmListing
    from ..screen import Screen

State = dict[str, Any]
LABEL = 10
_HINTS = {"chunk": "cut", "embed": "embed", "index": "index"}


def render_status(state: State, screen: Screen) -> str:
    """Return the screen; ``state`` is what ``docs/schema/status.v1.json`` describes."""
    rows = [
        ("store", f"{state['store']}, snapshot {state['snapshot']}, {size_text(state['bytes'])}"),
        *_settings(state),
        *_sources(state["sources"]),
        ("files", _files(state["files"], state["rows"])),
        ("content", _content(state)),
        ("index", _index(state["index"])),
        ("ranking", _ranking(state)),
        ("pending", _pending(state["pending"])),
    ]
    if "stale" in state:
        rows.append(("changes", _stale(state["stale"])))
    if state["last_run"]:
        rows.append(("last run", _run(state["last_run"])))
    labelled = []
    for at, (label, value) in enumerate(rows):
        repeated = at and rows[at - 1][0] == label
        labelled.append(StyledText().append(f"{'' if repeated else label:<{LABEL}}", "bold").append(harmless(value)))
    return screen.render(labelled)


def render_files(listed: list[dict[str, Any]], screen: Screen) -> str:
    """Return a line for each file: outcome, source, path and reason."""
    width = max((len(entry["source"]) for entry in listed), default=0)
    rows = []
    for entry in listed:
        line = StyledText(f"{entry['outcome']:<8} {entry['source']:<{width}} ").append(
            one_line(entry["path"]), "magenta"
        )
        rows.append(line.append(f"  {one_line(entry['reason'])}" if entry["reason"] else ""))
    return screen.render(rows)


def render_arms(arms: Sequence[ArmListing], screen: Screen) -> str:
    """Return a line for each arm: name, kind, whether queries ask it by default, chunks that it has, and its model."""
    rows = [("arm", "kind", "default", "chunks", "model")]
    for arm in arms:
        built = "not built" if arm.rows is None else f"{arm.rows:,}"
        waiting = f" ({counted(arm.waiting, 'document')} to embed)" if arm.waiting else ""
        rows.append((arm.name, arm.kind, "yes" if arm.default else "no", built, f"{arm.model or '-'}{waiting}"))
    return screen.render(table(rows))


def _settings(state: State) -> list[tuple[str, str]]:
    settings, encoder = state["settings"], state["encoder"]
    chunk = settings["chunk"]
    longest = f"{chunk['size']} tokens at most" if chunk["size"] else "as long as the encoder reads"
    model = f"{settings['model']}" + (f", {encoder['dim']} dimensions" if encoder else "")
    context = "with context" if chunk["context"] else "without context"
    if settings["teacher_share"] < 1:
        model += "; vectors by an encoder distilled from it (--fast)"
    return [
        ("model", model),
        *([("student", _student(state["student"]))] if state["student"] else []),
        ("language", settings["language"]),
        ("chunking", f"{chunk['strategy']}, {longest}, overlap {chunk['overlap']}, {context}"),
        ("arms", ", ".join(_arm(arm, settings) for arm in settings["arms"])),
    ]


def _arm(arm: State, settings: State) -> str:
    models = {field["name"]: field["model"] for field in settings["fields"]}
    own = models.get(arm["field"])  # null: the store's
    told = [*([own] if own else []), *(["when asked"] if arm["name"] not in settings["default_arms"] else [])]
    return f"{arm['name']} ({', '.join(told)})" if told else str(arm["name"])


def _student(student: State) -> str:
    of = counted(student["sample"], "chunk")
    told = f", mean cosine {student['cosine']:.3f} to the model on {student['held_out']:,} others"
    return f"distilled from {student['model']} on {of}{told if student['held_out'] else ''}"


def _sources(sources: list[State]) -> list[tuple[str, str]]:
    width = max((len(source["name"]) for source in sources), default=0)
    rows = []
    for source in sources:
        only = source["only"]
        root = source["root"] if only is None else f"{source['root']}: {', '.join(only[:3])}{' ...' * (len(only) > 3)}"
        amount = f"{counted(source['files'], 'file')}, {counted(source['documents'], 'document')}"
        rows.append(("sources", f"{source['name']:<{width}}  {root}  ({amount})"))
    return rows or [("sources", "none")]


def _files(files: dict[str, int], rows: dict[str, int]) -> str:
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in files.items() if count or outcome == "indexed")
    if any(rows.values()):
        left_out = [f"{counted(count, 'row')} {outcome}" for outcome, count in rows.items() if count]
        told += f"; {' and '.join(left_out)}"
    wanted = next((kind for kind in ("failed", "skipped") if files[kind] or rows[kind]), None)
    hint = wanted and (wanted == "failed" or rows[wanted])
    return told + (f' ("embedctl status --files {wanted}" says why)' if hint else "")


def _content(state: State) -> str:
    return ", ".join(counted(state[name], name.removesuffix("s")) for name in ("documents", "chunks", "parts"))


def _index(index: State | None) -> str:
    return f"generation {index['generation']}, {counted(index['rows'], 'chunk')}" if index else "none yet"


def _ranking(state: State) -> str:
    tuned, fusion = state["tuned"], state["ranking"]["fusion"]
    constant = f", k = {fusion['rrf_k']}" if fusion["name"] == "rrf" else ""
    told = f"{fusion['name']}{constant}, {state['ranking']['candidates']:,} candidates"
    if tuned is None:
        return f"{told}, as by default"
    gain = f"{tuned['metric']} {tuned['before']:.3f} -> {tuned['after']:.3f}"
    return f"{told}; tuned to {tuned['queries']:,} judged queries ({gain})"


def _pending(pending: dict[str, int]) -> str:
    told = ", ".join(f"{count:,} to {_HINTS[stage]}" for stage, count in pending.items() if count)
    return f'{told} (documents); run "embedctl index --no-refresh"' if told else "nothing"


def _stale(stale: dict[str, int]) -> str:
    told = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in stale.items() if count)
    return f'{told}; run "embedctl index"' if told else "none"


def _run(run: State) -> str:
    told = [run["id"], f"exit code {run['exit_code']}"]
    told += [f"{kind} {count:,}" for kind, count in run["outcomes"].items() if count]
    told.append(time_text(sum(run["seconds"].values())))
    if run["stopped"] is None:
        return ", ".join(told)
    how = "interrupted" if run["exit_code"] == EXIT_INTERRUPTED else f"stopped: {run['stopped']}"
    return f"{', '.join(told)}; {how}"
