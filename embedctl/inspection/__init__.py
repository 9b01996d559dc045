"""Health of the embeddings: one module a topic, with figures, verdicts and advice."""
