"""Cutting documents into chunks that fit the encoder exactly.

A chunker turns a document into an :class:`~embedctl.outline.Outline`: where sections begin, where weaker boundaries
lie, what should stay whole, and which headings are in force. Everything else is shared:

==============  ==========================================================================
``budget``      how many tokens a chunk may have
``context``     the line of title and headings in front of a chunk
``tokens``      token offsets, and the cost of a span
``prose``       the last line, sentence or word boundary of a window
``packing``     choosing the boundaries
``fitting``     documents that make one chunk; counting what the encoder will read, and splitting what does not fit
``batch``       many documents at once, to :class:`~embedctl.records.Chunk` rows: the entry point of the chunk stage
==============  ==========================================================================

A new chunker is one function, a :data:`~embedctl.contracts.Chunker`, and one line in the table below; or an entry point
of another package in the group ``embedctl.chunkers``.
"""

from __future__ import annotations

from ..registry import Registry

CHUNKERS = Registry(
    "chunker",
    {
        "auto": "embedctl.chunkers.auto:auto_outline",
        "markdown": "embedctl.chunkers.markdown:markdown_outline",
        "rst": "embedctl.chunkers.rst:rst_outline",
        "code": "embedctl.chunkers.code:code_outline",
        "recursive": "embedctl.chunkers.plain:recursive_outline",
        "window": "embedctl.chunkers.plain:window_outline",
        "page": "embedctl.chunkers.auto:page_outline",
        "none": "embedctl.chunkers.auto:none_outline",
    },
    group="embedctl.chunkers",
)
