"""What a model folder may have in it: weights and settings, and nothing that would have code run or other files read.

The libraries that load a model follow what its settings name: classes of modules and activations, code beside the
weights, weights that are pickles, adapters and kernels from elsewhere. So the settings are read here first, and a
folder that names any of these is refused before a library sees it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .machine_cache import visible_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAFE_MODULES = frozenset({"Transformer", "Pooling", "Normalize", "Dense"})
"""Module types that hold weights and arithmetic only; any other class named in ``modules.json`` could be code."""
MOST_SETTINGS_BYTES = 16 << 20
"""Of one file of settings; vocabularies and merges, which are larger, are not read here."""

_MODULE_TYPE = re.compile(r"sentence_transformers(?:\.\w+)*\.(\w+)", re.ASCII)
_ACTIVATION = re.compile(r"torch\.nn\.modules\.(?:activation|linear)\.\w+", re.ASCII)
_WITH_WEIGHTS = frozenset({"Transformer", "Dense"})
_SETTINGS = re.compile(r"(?:.*_)?(?:config|modules)(?:_.*)?\.json")
_ADAPTERS = frozenset({"adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"})
_CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code"})
_ATTENTION_KEYS = frozenset({"attn_implementation", "_attn_implementation", "_attn_implementation_internal"})


def check_modules(name: str, modules: Sequence[Any]) -> None:
    """Refuse steps that are no arithmetic, or lie outside the folder; ``modules`` is the content of ``modules.json``.

    Raises:
        ModelError: one is.
    """
    if not modules:
        raise ModelError(f'The model "{name}" has no modules.', "Fetch or save it again.")
    for module in modules:
        if not isinstance(module, dict):
            raise ModelError(f'The modules.json of "{name}" does not hold what it should.', "Fetch the model again.")
        kind = _MODULE_TYPE.fullmatch(str(module.get("type", "")))
        if kind is None or kind[1] not in SAFE_MODULES:
            raise ModelError(
                f'The model "{name}" has a module of type "{module.get("type", "")}", which could run code of its own.',
                f"embedctl loads models made of: {', '.join(sorted(SAFE_MODULES))}.",
            )
        path = str(module.get("path", ""))
        if PurePosixPath(path).is_absolute() or Path(path).is_absolute() or ".." in re.split(r"[/\\]", path):
            raise ModelError(f'The model "{name}" names a module outside its folder.', "Do not use it.")


def check_files(name: str, folder: Path, modules: Sequence[dict[str, Any]], boundary: Path) -> None:
    """Refuse a folder whose files lead out of ``boundary``, are settings that name code, or weights that are pickles.

    ``boundary`` is the folder itself, or the repository of the hub's cache, whose snapshots are links.

    Raises:
        ModelError: a file is so.
    """
    for path in visible_files(folder):
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(boundary)):
            raise ModelError(
                f'The model "{name}" has a link out of its folder: {path.relative_to(folder)}.', "Do not use it."
            )
        if path.name in _ADAPTERS:
            raise ModelError(
                f'The model "{name}" is an adapter to another one, or has one in it ({path.relative_to(folder)}).',
                "Merge it into its base model, and save that.",
            )
        if _SETTINGS.fullmatch(path.name):
            check_settings(name, str(path.relative_to(folder)), read_settings(path))
    for module in modules:
        kind = str(module["type"]).rsplit(".", 1)[-1]
        home = folder / str(module.get("path", ""))
        if kind in _WITH_WEIGHTS and not any(home.glob("*.safetensors")):
            raise ModelError(
                f'The {kind} module of "{name}" has no safetensors weights; other formats can run code when loaded.',
                "Convert it: SentenceTransformer(folder).save_pretrained(folder, safe_serialization=True).",
            )


def check_settings(name: str, file: str, settings: Any) -> None:
    """Refuse settings that name code: at any depth, since libraries hand parts of them on.

    Raises:
        ModelError: they do.
    """
    for key, value in _entries(settings):
        named = isinstance(value, str) and value
        if (
            (key in _CODE_KEYS and value)
            or (key == "activation_function" and named and not _is_activation(str(value)))
            or (key in _ATTENTION_KEYS and named and "/" in str(value))
        ):
            raise ModelError(
                f'The model "{name}" needs code of its own to run: {file} names it as "{key}".',
                "embedctl runs no remote code.",
            )


def read_settings(path: Path) -> Any:
    """Return what a file of settings says.

    Raises:
        ModelError: it is no JSON, or too large to be one of settings.
    """
    try:
        if path.stat().st_size > MOST_SETTINGS_BYTES:
            raise ModelError(f"{path} is too large for settings.", "Fetch the model again.")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Fetch the model again.") from error


def _is_activation(value: str) -> bool:
    """Say whether an activation is a class of torch, or a name such as ``gelu``, looked up in a table."""
    return _ACTIVATION.fullmatch(value) is not None or value.isidentifier()


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at whatever depth, without recursion."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield from current.items()
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
