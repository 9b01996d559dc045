"""Validation against the schemas that ``docs/`` promises."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[2] / "docs" / "schema"


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        (file_name, Resource.from_contents(schema)) for file_name, schema in schemas.items()
    )
    Draft202012Validator.check_schema(schemas[f"{name}.v1.json"])
    return Draft202012Validator(schemas[f"{name}.v1.json"], registry=registry)


def validate(name: str, value: Any) -> None:
    """Raise unless ``value`` is what ``docs/schema/<name>.v1.json`` describes."""
    _validator(name).validate(value)
