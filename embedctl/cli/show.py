"""``show``: one document or chunk with its place."""

from dataclasses import dataclass
from typing import Annotated

from ..config.setting import setting
from .common_options import CommonOptions, JsonOptions
from .grouped import Argument
from .output import emit_result

EXAMPLES = (
    "embedctl show docs/keys.md",
    "embedctl show 'docs:keys.md#3' --plain",
    "embedctl show docs/keys.md --json | jq .metadata",
)


@dataclass(frozen=True, slots=True)
class ShowOptions(JsonOptions):
    """How the document is printed."""

    plain: bool = setting(False, "Print the text alone.")


def show(
    name: Annotated[str, Argument("ID", "Id of a chunk or document, or the path of a file.")],
    output: ShowOptions,
    common: CommonOptions,
) -> int:
    """Print a document or chunk with its place."""
    from .relative_paths import shown_nearby
    from .views.shown import render_plain, render_shown

    store = common.opened(reporter="silent")
    shown = shown_nearby(store.show(name), store.path.parent)
    emit_result(shown, output.json, render_plain if output.plain else render_shown)
    return 0
