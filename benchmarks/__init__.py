"""Measurements of embedctl on this machine; see README.md beside this file. They report, they never judge."""
