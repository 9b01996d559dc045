"""What a store is worth: evaluation, tuning, inspection and the report of them."""

from __future__ import annotations

from .asking import Asking


class Measuring(Asking):
    """Measurements read one snapshot, as questions do."""
