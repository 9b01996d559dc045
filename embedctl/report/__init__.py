"""One self-contained page about a store.

Collected (``corpus``, ``sample``, ``chunk_map``, ``quality``), told (``telling``, ``sections``), written (``page``):
``data`` has what is between the first step and the others, numbers and names, no HTML; ``blocks`` has what a page is
put together from. Charts are Vega-Lite specifications (``drawing``); ``vega`` inlines the library that draws them.

What a page shows of documents, queries and file names is hostile text: ``page`` escapes it, and its
Content-Security-Policy lets nothing but its own scripts run and nothing be loaded.
"""
