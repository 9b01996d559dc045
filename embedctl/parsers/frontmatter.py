"""The block of settings at the head of a Markdown file: YAML between ``---`` or TOML between ``+++``."""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

from .markup import clean

if TYPE_CHECKING:
    from ..records import JSON

MOST_CHARACTERS = 65_536
MOST_DEPTH = 32

_YAML = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def front_matter(text: str) -> tuple[dict[str, JSON], int]:
    """Return the settings at the head of ``text`` and where its body begins; none and 0 where they are broken.

    Dates become ISO strings, keys become strings, numbers that JSON cannot hold become text. YAML aliases are
    refused, because a few lines of them can stand for gigabytes.
    """
    nothing: tuple[dict[str, JSON], int] = ({}, 0)
    if not text.startswith(("---", "+++")):
        return nothing
    pattern, load = (_YAML, _load_yaml) if text.startswith("---") else (_TOML, tomllib.loads)
    match = pattern.match(text, 0, MOST_CHARACTERS)
    if match is None:
        return nothing
    try:
        settings = load(match[1].replace("\r\n", "\n"))
        if settings is None:  # an empty block
            settings = {}
        if not isinstance(settings, dict):  # two thematic breaks with text between them
            return nothing
        return {_key(key): _jsonable(value) for key, value in settings.items()}, match.end()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - broken front matter is text, whatever the loaders raise over it
        return nothing


def _load_yaml(source: str) -> Any:
    import yaml

    depth = 0
    for event in yaml.parse(source, Loader=_loader()):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                raise yaml.YAMLError("nested too deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return yaml.load(source, Loader=_loader())  # noqa: S506 - the loader is a safe one


@cache
def _loader() -> Any:
    """Return libyaml's safe loader where it is built in, without YAML 1.1's base 60: ``12:30`` is not 750."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own interface
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":int", ":float"))]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    integer = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0b[01]+)\Z")
    real = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z|[-+]?\.(?:inf|Inf|nan|NaN)\Z")
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", integer, list("-+0123456789"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", real, list("-+.0123456789"))
    return Loader


def _key(key: object) -> str:
    return clean(str(_jsonable(key)))


def _jsonable(value: Any) -> JSON:
    if isinstance(value, str):  # escapes can spell what the file itself cannot hold
        return clean(value)
    if isinstance(value, int):
        str(value)  # raises for one with more digits than anybody can read, which JSON could not be read with either
        return value
    if value is None:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, dict):
        return {_key(key): _jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_jsonable(each) for each in (sorted(value, key=str) if isinstance(value, set) else value)]
    return clean(str(value))
