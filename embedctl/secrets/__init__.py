"""Secrets: keys, tokens and passwords in a text, which no query should find."""
