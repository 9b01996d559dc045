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
    (schema,) = (schemas[file_name] for file_name in schemas if file_name.startswith(f"{name}.v"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=registry)


def validate(name: str, value: Any) -> None:
    """Raise unless ``value`` is what ``docs/schema/<name>.v<version>.json`` describes."""
    _validator(name).validate(value)
