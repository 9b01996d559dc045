"""Rerankers score the first hits of a query again: one file each, and a line in this table."""

from ...registry import Registry

RERANKERS = Registry("reranker", {}, group="embedctl.rerankers")
