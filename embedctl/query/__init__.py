"""Answers to queries: one pipeline over the arms of a store."""
