"""Nearest neighbours by exact scan, by sign bits, or by an HNSW graph."""
