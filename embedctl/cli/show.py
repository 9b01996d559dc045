"""``show``: one document or chunk with its place."""

import sys
from typing import Annotated

from .common_options import CommonOptions
from .output import emit, emit_json
from .parameters import Argument, option


def show(
    name: Annotated[str, Argument(metavar="ID", help="Id of a chunk or document, or the path of a file.")],
    plain: Annotated[bool, option("--plain", help="Print the text alone.")] = False,
    json: Annotated[bool, option("--json", help="Print one JSON object.")] = False,
    *,
    common: CommonOptions,
) -> int:
    """Print a document or chunk with its place."""
    import embedctl

    from .relative_paths import shown_nearby
    from .screen import Screen
    from .views.shown import render_plain, render_shown

    store = embedctl.open(common.store)
    shown = shown_nearby(store.show(name), store.path.parent)
    if json:
        emit_json(shown.to_json())
    else:
        emit(render_plain(shown, sys.stdout) if plain else render_shown(shown, Screen(sys.stdout)))
    return 0
