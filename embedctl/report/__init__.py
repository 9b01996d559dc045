"""One self-contained page about a store.

Three steps: collect (``corpus``, ``sample``, ``chunk_map``, ``quality``), arrange (``sections``, ``make``), write
(``page``). The first step gives numbers and names without HTML; ``blocks`` are the pieces of a page. ``vega`` makes
charts, which are Vega-Lite specifications, and inlines the library that draws them.

What a page shows of documents, queries and file names is hostile text: ``page`` escapes it, and its
Content-Security-Policy lets nothing but its own scripts run and nothing be loaded.
"""
