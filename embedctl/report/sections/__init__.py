"""What the page says: one module for each heading, from collected data to sentences, tables and charts."""
