"""Sections of the page: from collected data to sentences, tables and charts."""
