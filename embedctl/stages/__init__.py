"""What writes to a store: ingest, chunk, embed, index, and the runs made of them."""
