"""One self-contained page about a store: collected (``collect``), drawn (``figures``), told (``sections``), written (``page``).

``data`` has what is between the first step and the others: numbers and names, no HTML. Charts are Vega-Lite
specifications; ``vega`` inlines the library that draws them. Everything that a page shows of documents, queries and
file names is hostile text: ``page`` escapes it, and its Content-Security-Policy lets nothing but its own scripts run and
nothing be loaded.
"""
