"""BM25 over Tantivy."""
