"""Measurements of embedctl on this machine; see docs/benchmarks.md. They report, they never judge."""
