"""Sections of the page: one module for each heading, from collected data to sentences, tables and charts."""
