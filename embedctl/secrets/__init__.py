"""Secrets: which characters of a text are a key, a token or a password that nobody should find by asking."""
