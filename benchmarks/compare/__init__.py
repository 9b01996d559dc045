"""Two checkouts side by side: whether rankings stayed identical, and whether anything became slower."""
