"""Pieces of a page: sections of sentences, tables and charts. All of it is text, nothing is HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .vega import Spec

Datum = dict[str, Any]
"""One datum of a chart."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    label: str
    number: bool = False
    """Right-aligned."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False
    """Folded up until opened: the numbers of a chart."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to draw a figure."""

    label: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its summary and its numbers."""

    name: str
    """Unique on the page: letters and hyphens."""
    title: str
    summary: str
    """Description of the chart, for screen readers too."""
    variants: tuple[Variant, ...]
    """The first one is drawn; a switch chooses among several."""
    rows: tuple[Datum, ...]
    """Data of all variants."""
    table: Table | None = None
    choice: str = ""
    """Label of the switch."""
    small: bool = False
    """Two of these stand side by side where there is room."""


@dataclass(frozen=True, slots=True)
class PageSection:
    """One heading and its content."""

    name: str
    """Unique on the page: letters and hyphens."""
    title: str
    sentences: tuple[str, ...] = ()
    blocks: tuple[Chart | Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One number that sums a part of the page up."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Everything on the page."""

    title: str
    subtitle: str
    tiles: tuple[Tile, ...]
    sections: tuple[PageSection, ...] = field(default=())
