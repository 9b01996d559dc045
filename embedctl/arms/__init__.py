"""First-stage retrieval: BM25 over Tantivy, and nearest neighbours by exact scan or by an HNSW graph."""
