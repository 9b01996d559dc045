"""Pieces of a page: sections of sentences, tables and charts. All of it is text, nothing is HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Datum = dict[str, Any]
"""One datum of a chart."""
Spec = dict[str, Any]
"""A Vega-Lite specification."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown; whole numbers get separators."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    numbers: Collection[int] = ()
    """Columns of numbers, from 0: right-aligned."""
    folded: bool = False
    """Folded up until opened: the numbers of a chart."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its summary and its numbers."""

    name: str
    """Unique on the page: letters and hyphens."""
    title: str
    summary: str
    """Description of the chart, for screen readers too."""
    variants: dict[str, Spec]
    """Label -> a way to draw it; the first one is drawn, a switch chooses among several."""
    rows: Sequence[Datum]
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
class ReportPage:
    """Everything on the page."""

    title: str
    subtitle: str
    tiles: Sequence[tuple[str, str, str]]
    """Label, number and note: what sums a part of the page up."""
    sections: tuple[PageSection, ...]
