"""Which settings a run works with: what the store has, unless everything is to be made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..encoders import find_model
from ..errors import MismatchError

if TYPE_CHECKING:
    from ..config import SettingsRequest, StoreSettings
    from ..store.manifest import Manifest


def settle(manifest: Manifest, request: SettingsRequest, rebuild: bool) -> Manifest:
    """Return the manifest with the settings that this run works with.

    An empty store takes what is asked for. A filled one keeps what it was made with; ``rebuild`` lets the request
    win, and the stages then redo what was made otherwise.

    Raises:
        MismatchError: the request differs from the store, and ``rebuild`` was not said.
    """
    wanted = request.applied_to(manifest.settings)
    if not manifest.parts or rebuild:
        return replace(manifest, settings=wanted)
    differences = _differences(manifest.settings, wanted)
    if differences:
        raise MismatchError(
            f"The store was made with {'; '.join(differences)}.",
            "Add --rebuild to make everything again with the new settings, or use another --store.",
        )
    return manifest


def _differences(stored: StoreSettings, wanted: StoreSettings) -> list[str]:
    found = []
    if stored.model != wanted.model and find_model(stored.model).path != find_model(wanted.model).path:
        found.append(f"--model {stored.model}, not {wanted.model}")
    if stored.language != wanted.language:
        found.append(f"--language {stored.language}, not {wanted.language}")
    for name, flag in (
        ("strategy", "strategy"),
        ("size", "chunk-size"),
        ("overlap", "overlap"),
        ("context", "context"),
    ):
        before, after = getattr(stored.chunk, name), getattr(wanted.chunk, name)
        if before != after:
            found.append(f"--{flag} {'the model’s maximum' if before is None else before}, not {after}")
    for name, flag in (("m", "hnsw-m"), ("ef_construction", "ef-construction")):
        before, after = getattr(stored.hnsw, name), getattr(wanted.hnsw, name)
        if before != after:
            found.append(f"--{flag} {before}, not {after}")
    return found


def check_fingerprint(manifest: Manifest, fingerprint: str, model: str) -> None:
    """Refuse a model whose files changed since the store was made.

    Raises:
        MismatchError: its vectors would not lie in the space of the stored ones.
    """
    if manifest.encoder and manifest.encoder.model == model and manifest.encoder.fingerprint != fingerprint:
        raise MismatchError(
            f'The files of the model "{model}" are not those that made the vectors in this store '
            f"(fingerprint {fingerprint}, stored {manifest.encoder.fingerprint}).",
            'Bring the old files back, or embed everything again with "embedctl embed --rebuild".',
        )
