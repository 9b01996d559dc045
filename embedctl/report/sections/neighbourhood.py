"""The map of the chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...plural import counted
from ..blocks import Chart, Datum, PageSection, Spec, Table
from ..chunk_map import OTHERS, sizes
from ..vega import COLOURS, base, coloured, nominal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..chunk_map import ChunkMap

_HEIGHT = 520
_DECIMALS = 3
"""Of a place on the map: a thousandth of its width is less than a pixel."""
_FEW = 1_000
"""So many points may be larger."""
_TITLE = "Map of the chunks"


def map_section(data: ChunkMap | None) -> PageSection:
    """Return the map, or the sentence that says why there is none."""
    if data is None:
        return PageSection("map", "Map", ("There are too few chunks for a map.",))
    shown = len(data.chunks)
    of = f" of {data.total:,}, chosen by the hashes of their texts," if shown < data.total else ""
    sentence = (
        f"{counted(shown, 'chunk')}{of} are laid out so that near points mostly mean like things (t-SNE of their "
        "vectors); distances between far points mean little. Clusters are made by k-means on the vectors, and named by "
        "the words that tell them from the others."
    )
    return PageSection("map", "Map", (sentence,), (map_of_chunks(data),))


def map_of_chunks(data: ChunkMap) -> Chart:
    """Return the chart: chunks in the plane, coloured by folder or by cluster."""
    x, y = np.round(data.positions, _DECIMALS).T.tolist()
    names = ("x", "y", "title", "place", "folder", "cluster")
    titles, places = ([getattr(chunk, name) for chunk in data.chunks] for name in ("title", "place"))
    columns = zip(x, y, titles, places, data.folders, data.clusters, strict=True)
    rows: list[Datum] = [dict(zip(names, row, strict=True)) for row in columns]
    groupings = {"folder": sizes(data.folders), "cluster": sizes(data.clusters)}
    variants = {
        field: _spec(field, [name for name, _ in groups], len(rows))
        for field, groups in groupings.items()
        if len(groups) > 1 or field == "cluster"
    }
    largest = "; ".join(name for name, _ in groupings["cluster"][:3])
    summary = (
        f"The largest clusters are about: {largest}. Point at a chunk to read its title. Drag to move, turn the wheel "
        "with Ctrl to zoom, double-click to go back, and click a name below the map to see only its chunks."
    )
    cells = [(field, *group) for field, groups in groupings.items() for group in groups]
    table = Table("Folders and clusters on the map", ("grouping", "name", "chunks"), cells, {2}, folded=True)
    return Chart("map-of-chunks", _TITLE, summary, variants, rows, table, "Colour by")


def _spec(field: str, names: Sequence[str], count: int) -> Spec:
    colour = coloured(field, names)
    if OTHERS in names:
        colour["scale"]["range"][names.index(OTHERS)] = COLOURS[-1]
    axis: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [-1.05, 1.05], "nice": False}}
    return {
        **base(f"{_TITLE}, coloured by {field}", _HEIGHT),
        "params": [
            {
                "name": "view",
                "select": {"type": "interval", "zoom": "wheel![event.ctrlKey || event.metaKey]"},
                "bind": "scales",
            },
            {"name": "picked", "select": {"type": "point", "fields": [field]}, "bind": "legend"},
        ],
        "mark": {"type": "circle", "size": 40 if count < _FEW else 16, "aria": False, "clip": True},
        "encoding": {
            "x": {**axis, "field": "x"},
            "y": {**axis, "field": "y"},
            "color": colour,
            "opacity": {"condition": {"param": "picked", "value": 0.8}, "value": 0.06},
            "tooltip": [nominal(name) for name in ("title", "place", "folder", "cluster")],
        },
    }
