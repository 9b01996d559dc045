"""``arm``: the retrievers of a store."""

import sys
from dataclasses import asdict, dataclass
from typing import Annotated

from ..config.setting import setting
from .common_options import CommonOptions, JsonOptions, WaitOptions
from .grouped import Argument
from .output import emit, emit_json, note

HELP = """Add, list, remove and choose the arms that queries ask.

An arm is one way to find chunks: bm25 by words, dense by the vectors of a model. A store has as many as you want, and
queries fuse their rankings. See docs/arms.md.
"""
EXAMPLES = (
    "embedctl arm add hash --model hashing",
    "embedctl arm list --json",
    "embedctl arm default bm25 dense hash",
    "embedctl arm remove hash",
)


@dataclass(frozen=True, slots=True)
class NewArmOptions:
    """How a new arm searches."""

    model: str | None = setting(
        None, "Encoder of the vectors that it searches.", "SPEC", usual="vectors that the store has"
    )
    kind: str = setting("dense", "Kind of arm: bm25, dense, or one that an installed package adds.", "KIND")


def add(
    name: Annotated[str, Argument("NAME", "Name of the new arm.")],
    arm: NewArmOptions,
    wait: WaitOptions,
    common: CommonOptions,
) -> int:
    """Add an arm to the store.

    It is only recorded: "embedctl index" embeds what its model has not embedded yet, and builds it. Queries ask it by
    name, or after "embedctl arm default".
    """
    store = common.opened(reporter="silent")
    store.add_arm(name, arm.kind, arm.model, wait=wait.wait)
    return _told(f'Added the arm "{name}"; run "embedctl index --no-refresh" to build it.', common)


def list_(output: JsonOptions, common: CommonOptions) -> int:
    """List the arms of the store, and how far each is built."""
    from .screen import Screen
    from .views.status import render_arms

    arms = common.opened(reporter="silent").arms()
    if output.json:
        emit_json({"schema_version": 1, "arms": [asdict(arm) for arm in arms]})
    else:
        emit(render_arms(arms, Screen(sys.stdout)))
    return 0


def remove(name: Annotated[str, Argument("NAME", "Name of the arm.")], wait: WaitOptions, common: CommonOptions) -> int:
    """Remove an arm from the store.

    Vectors that no other arm searches go with it. Queries can ask it until "embedctl index" has built the index again.
    """
    store = common.opened(reporter="silent")
    store.remove_arm(name, wait=wait.wait)
    return _told(f'Removed the arm "{name}"; run "embedctl index --no-refresh" to take it out of the index.', common)


def default(
    names: Annotated[list[str], Argument("NAME", "Names of arms.")], wait: WaitOptions, common: CommonOptions
) -> int:
    """Choose the arms that queries ask unless they name others."""
    store = common.opened(reporter="silent")
    store.default_arms(names, wait=wait.wait)
    new = [arm.name for arm in store.arms() if arm.name in names and arm.rows is None]
    first = f' Run "embedctl index --no-refresh" first, which builds {", ".join(new)}.' if new else ""
    return _told(f"Queries ask from now on: {', '.join(names)}.{first}", common)


def _told(sentence: str, common: CommonOptions) -> int:
    if not common.quiet:
        note(f"embedctl: {sentence}")
    return 0


SUBCOMMANDS = (add, list_, remove, default)
