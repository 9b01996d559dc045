"""How results look. Functions of results to text; nothing here writes."""
