"""What an inspection of a store measures, one module a topic, and what to do about each figure."""
