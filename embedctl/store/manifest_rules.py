"""Rules of a manifest that hold between fields; those of each field are in its type."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..config import TEXT_FIELD
from .codec import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import StoreSettings
    from .manifest import IndexRecord, Manifest, Part, TunedRecord

_COUNTS = {"indexed", "skipped", "failed", "documents"}


def check_rules(manifest: Manifest) -> None:
    """Raise a :class:`FieldError` if fields contradict each other; :func:`check_part` has seen the parts."""
    _settings(manifest.settings, "settings")
    _ascending(sorted(source.name for source in manifest.sources), "sources", "names")
    _ascending([part.number for part in manifest.parts], "parts", "numbers")
    if manifest.parts and manifest.parts[-1].number >= manifest.next_part:
        raise FieldError("next_part", "is the number of a part already")
    for source, counts in ((manifest.files and manifest.files.summary) or {}).items():
        if _COUNTS - counts.keys():
            raise FieldError("files.summary", f"has no counts of {source!r}")
    if manifest.index is not None:
        _index(manifest.index)
        if manifest.index.generation >= manifest.next_generation:
            raise FieldError("next_generation", "is the number of a generation already")
    _ascending([sample.number for sample in manifest.samples], "samples", "numbers")
    for at, tuned in enumerate(manifest.tuned):
        _tuned(tuned, f"tuned[{at}]")


def check_part(part: Part) -> None:
    """Raise a :class:`FieldError`, whose path begins at the part, if its files do not fit each other."""
    for name, vectors in part.vectors.items():
        if part.chunks is None or part.chunks.rows != vectors.rows:
            raise FieldError(f"vectors.{name}.rows", "are not those of the chunks")
        if len(vectors.made_with) != 16 or not set(vectors.made_with) <= set("0123456789abcdef"):
            raise FieldError(f"vectors.{name}.made_with", "is not 16 hex digits")
    last = -1
    for row in part.dead:
        if not last < row < part.documents.rows:
            raise FieldError("dead", "is not a list of rows of the documents, ascending")
        last = row


def _settings(settings: StoreSettings, path: str) -> None:
    fields, arms = [one.name for one in settings.fields], [one.name for one in settings.arms]
    _ascending(sorted(fields), f"{path}.fields", "names")
    _ascending(sorted(arms), f"{path}.arms", "names")
    if TEXT_FIELD not in fields:
        raise FieldError(f"{path}.fields", f"lacks {TEXT_FIELD!r}")
    for at, arm in enumerate(settings.arms):
        if arm.field is not None and arm.field not in fields:
            raise FieldError(f"{path}.arms[{at}].field", f"is {arm.field!r}, which is none of the store's")
    for name in settings.default_arms:
        if name not in arms:
            raise FieldError(f"{path}.default_arms", f"names {name!r}, which is none of the store's arms")


def _index(index: IndexRecord) -> None:
    _settings(index.settings, "index.settings")
    _ascending([part.number for part in index.parts], "index.parts", "numbers")
    for name, arm in index.arms.items():
        if arm.field is not None and arm.field not in index.encoders:
            raise FieldError(f"index.arms.{name}.field", f"is {arm.field!r}, which no encoder made")
    for part in index.parts:
        for name, encoder in index.encoders.items():
            vectors = part.vectors.get(name)
            if vectors is None or vectors.made_with != encoder.fingerprint:
                raise FieldError("index.parts", f"has part {part.number}, whose vectors are not of the index's encoder")
    if index.rows > sum(part.chunks.rows for part in index.parts if part.chunks):
        raise FieldError("index.rows", "are more than its parts have")


def _tuned(tuned: TunedRecord, path: str) -> None:
    weights = tuned.ranking.fusion.weights
    _ascending(sorted(name for name, _ in weights), f"{path}.ranking.fusion.weights", "names")
    if weights and not any(weight for _, weight in weights):
        raise FieldError(f"{path}.ranking.fusion.weights", "gives no arm a weight")


def _ascending(values: Sequence[Any], field: str, what: str) -> None:
    if any(one >= other for one, other in pairwise(values)):
        raise FieldError(field, f"has {what} that are not unique and in order")
