"""All state on disk: where things lie, what a manifest says, and the one way to change it."""
