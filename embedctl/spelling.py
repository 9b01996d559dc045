"""One spelling for what looks the same: names come composed from keyboards, and decomposed from some file systems."""

from __future__ import annotations

from unicodedata import normalize


def composed(name: str) -> str:
    """Return ``name`` in Unicode's form NFC: "é" is one character, however it was put together."""
    return name if name.isascii() else normalize("NFC", name)
