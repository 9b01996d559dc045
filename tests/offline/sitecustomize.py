"""Imported by every Python process that the tests start, because its folder is in PYTHONPATH."""

import no_network  # noqa: F401
