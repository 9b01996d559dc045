"""One published generation of the index: its files, opening it, building the next one."""
