"""Manifests as older embedctls wrote them."""

from __future__ import annotations

import json
from typing import Any

from embedctl.config import TEXT_FIELD


def as_format(version: int, text: str) -> dict[str, Any]:
    """Return the manifest of a store of one field, as format 1 or 2 has it: unsealed, without fields and arms."""
    raw: dict[str, Any] = json.loads(text)
    del raw["sha256"]
    index = raw["index"]
    for holder in (raw, *([index] if index else [])):
        holder["encoder"] = holder.pop("encoders").get(TEXT_FIELD)
        for part in holder["parts"]:
            part["embeddings"] = part.pop("vectors").get(TEXT_FIELD)
        for name in ("fields", "arms", "default_arms"):
            del holder["settings"][name]
    if index:
        arms, _ = index.pop("arms"), index.pop("payloads")
        index["files"] = {f"bm25/{name}": file for name, file in arms["bm25"]["files"].items()} | arms["dense"]["files"]
        if version > 1:
            index["segments"] = [
                {"number": number, "rows": rows} for number, rows in arms["dense"]["facts"]["segments"]
            ]
    return raw | {"format_version": version}
