"""Rewriters turn a query into another text to look for: one file each, and a line in this table."""

from ...registry import Registry

REWRITERS = Registry("rewriter", {}, group="embedctl.rewriters")
