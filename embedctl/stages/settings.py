"""Which settings a run works with: what the store has, unless everything is to be made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..arms.bm25.analysis import analyzer
from ..chunkers import CHUNKERS
from ..config.setting import out_of_range
from ..encoders import card
from ..errors import MismatchError, UsageError

if TYPE_CHECKING:
    from ..config import SettingsRequest, StoreSettings
    from ..store.manifest import Manifest


_VECTORS = {False: "of the model (--no-fast)", True: "of an encoder distilled from it (--fast)"}


def settle(manifest: Manifest, request: SettingsRequest, rebuild: bool, refresh: bool = True) -> Manifest:
    """Return the manifest with the settings that this run works with.

    What nothing was made with yet can be set freely. For the rest the store keeps what it has; ``rebuild`` lets the
    request win, and the stages then redo what was made otherwise. Threads are nobody's property and follow the
    request. What cannot be redone without reading the sources again needs ``refresh``.

    Raises:
        ModelError, UsageError: the model, strategy or language that is asked for is not there.
        MismatchError: the request differs from what the store was made with, and ``rebuild`` was not said.
    """
    for sentence in out_of_range(request):
        raise UsageError(sentence, "See docs/cli.md.")
    if request.model is not None:
        request = replace(request, model=card(request.model).name)
    if request.strategy is not None:
        CHUNKERS.load(request.strategy)
    if request.language is not None:
        analyzer(request.language)
    wanted = request.applied_to(manifest.settings)
    asked = request.model is not None or request.teacher_share is not None
    if asked and wanted.fast and not card(wanted.model).distillable:
        raise UsageError(
            f'No encoder can be distilled from "{wanted.model}", which is fast already.', "Leave out --fast."
        )
    if not rebuild and (differences := _differences(manifest, wanted)):
        raise MismatchError(
            f"The store was made with {'; '.join(differences)}.",
            "Add --rebuild to make everything again with the new settings, or use another --store.",
        )
    if manifest.parts and not refresh and wanted.documents_made_with != manifest.settings.documents_made_with:
        raise UsageError(
            f"--secrets {wanted.secrets} needs the sources, since the store was made with {manifest.settings.secrets}.",
            f'Run "embedctl index --secrets {wanted.secrets} --rebuild".',
        )
    return replace(manifest, settings=wanted)


def _differences(manifest: Manifest, wanted: StoreSettings) -> list[str]:
    """Return what was made with other settings than those wanted, each as ``--flag old, not new``."""
    stored = manifest.settings
    pairs: list[tuple[str, object, object]] = []
    if manifest.parts:
        pairs.append(("--secrets", stored.secrets, wanted.secrets))
    if any(part.chunks for part in manifest.parts):
        pairs += [
            ("--model", stored.model, wanted.model),
            ("--strategy", stored.chunk.strategy, wanted.chunk.strategy),
            ("--chunk-size", stored.chunk.size or "the longest", wanted.chunk.size or "the longest"),
            ("--overlap", stored.chunk.overlap, wanted.chunk.overlap),
            ("--context", stored.chunk.context, wanted.chunk.context),
        ]
    if any(part.embeddings for part in manifest.parts):
        pairs.append(("vectors", _VECTORS[stored.fast], _VECTORS[wanted.fast]))
    if manifest.index:
        pairs += [
            ("--language", stored.language, wanted.language),
            ("--hnsw-m", stored.hnsw.m, wanted.hnsw.m),
            ("--ef-construction", stored.hnsw.ef_construction, wanted.hnsw.ef_construction),
        ]
    return [f"{flag} {before}, not {after}" for flag, before, after in pairs if before != after]
