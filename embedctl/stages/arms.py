"""The arms of a store: functions of settings and manifests, and the one that commits what they return."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..arms import ARMS
from ..config import TEXT_FIELD, ArmSettings, FieldSettings
from ..encoders import card
from ..errors import ModelError, UsageError
from ..registry import nearest
from ..store.writer import read_manifest, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..config import StoreSettings
    from ..store.layout import Layout
    from ..store.manifest import Manifest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
RESERVED = frozenset({"hybrid", "rrf", "cosine", "rows"})
"""Names of modes, of scores, and of a folder beside the arms."""


@dataclass(frozen=True, slots=True)
class ArmListing:
    """One arm, and how far it is."""

    name: str
    kind: str
    field: str | None
    model: str | None
    """Of the field."""
    default: bool
    """Whether queries ask it unless they name others."""
    rows: int | None
    """Chunks that it answers from; ``None``: it is not in the index yet."""
    waiting: int
    """Documents without vectors in its field."""


def add(settings: StoreSettings, name: str, kind: str, model: str | None) -> StoreSettings:
    """Return the settings with one more arm, and a field for it unless another has the same vectors.

    Queries ask it only by its name until it is made a default. ``model`` is kept by its canonical name; ``None``: the
    vectors of the field ``text``, or no vectors for kinds that search text.

    Raises:
        ModelError: the model is not on this machine.
        UsageError: the name is taken or cannot be one, there is no such kind, or it has no use for a model.
    """
    encoder = None if model is None else card(model)
    _check_name(settings, name)
    if ARMS.load(kind).shape is None:
        if encoder is not None:
            raise UsageError(f'Arms of the kind "{kind}" search the text itself.', "Leave the model out.")
        return replace(settings, arms=(*settings.arms, ArmSettings(name, kind)))
    field = TEXT_FIELD
    if encoder is not None:
        found = _field_with(settings, encoder.fingerprint)
        field = found or _free_name(name, {one.name for one in settings.fields})
        if found is None:
            settings = replace(settings, fields=(*settings.fields, FieldSettings(field, encoder.name)))
    return replace(settings, arms=(*settings.arms, ArmSettings(name, kind, field)))


def remove(settings: StoreSettings, name: str) -> StoreSettings:
    """Return the settings without an arm, and without a field that no other arm searches; the text stays.

    Raises:
        UsageError: there is no such arm, or no other.
    """
    _known(settings, [name])
    arms = tuple(arm for arm in settings.arms if arm.name != name)
    if not arms:
        raise UsageError(f'"{name}" is the only arm of the store.', 'Add another one first: "embedctl arm add NAME".')
    used = {TEXT_FIELD, *(arm.field for arm in arms)}
    default = tuple(other for other in settings.default_arms if other != name) or tuple(arm.name for arm in arms)
    fields = tuple(field for field in settings.fields if field.name in used)
    return replace(settings, fields=fields, arms=arms, default_arms=default)


def with_default(settings: StoreSettings, names: Sequence[str]) -> StoreSettings:
    """Return the settings in which queries ask these arms unless they name others.

    Raises:
        UsageError: there is no such arm, or none is named.
    """
    if not names:
        raise UsageError("No arm was named.", f"Name some of: {', '.join(arm.name for arm in settings.arms)}.")
    _known(settings, names)
    return replace(settings, default_arms=tuple(dict.fromkeys(names)))


def applied(manifest: Manifest, settings: StoreSettings) -> Manifest:
    """Return the manifest with other fields and arms; vectors of fields that are gone become garbage.

    The published index answers as before, until another one is built.
    """
    names = {field.name for field in settings.fields}
    parts = tuple(
        replace(part, vectors={name: record for name, record in part.vectors.items() if name in names})
        for part in manifest.parts
    )
    encoders = {name: encoder for name, encoder in manifest.encoders.items() if name in names}
    return replace(manifest, settings=settings, parts=parts, encoders=encoders)


def commit(layout: Layout, action: str, change: Callable[[StoreSettings], StoreSettings], wait: float) -> None:
    """Commit the settings that ``change`` returns.

    Raises:
        NoStoreError: there is no store.
        LockedError: another process is writing; nothing was changed.
    """
    read_manifest(layout)
    with writing(layout, f"embedctl arm {action}", wait) as writer:
        writer.commit(applied(writer.manifest, change(writer.manifest.settings)))


def listing(manifest: Manifest) -> list[ArmListing]:
    """Return the arms of a store, in the order in which they were added."""
    settings, index = manifest.settings, manifest.index
    built = index.arms if index else {}
    return [
        ArmListing(
            arm.name,
            arm.kind,
            arm.field,
            None if arm.field is None else settings.model_of(arm.field),
            arm.name in settings.default_arms,
            built[arm.name].rows if arm.name in built else None,
            _waiting(manifest, arm.field),
        )
        for arm in settings.arms
    ]


def _waiting(manifest: Manifest, field: str | None) -> int:
    if field is None:
        return 0
    fingerprint = manifest.encoders[field].fingerprint if field in manifest.encoders else ""
    return sum(part.live_documents for part in manifest.parts if not part.has_vectors(field, fingerprint))


def _check_name(settings: StoreSettings, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f'"{name}" cannot be the name of an arm.', "Use up to 64 letters, digits, - and _, a letter or digit first."
        )
    if name.lower() in RESERVED:
        raise UsageError(f'"{name}" has a meaning of its own and cannot be the name of an arm.', "Choose another name.")
    if taken := next((arm.name for arm in settings.arms if arm.name.lower() == name.lower()), None):
        raise UsageError(
            f'The store has an arm called "{taken}" already.',
            f'Choose another name, or remove that one with "embedctl arm remove {taken}".',
        )


def _known(settings: StoreSettings, names: Sequence[str]) -> None:
    there = [arm.name for arm in settings.arms]
    for name in names:
        if name not in there:
            raise UsageError(
                f'The store has no arm called "{name}".{nearest(name, there)}', f"It has: {', '.join(there)}."
            )


def _field_with(settings: StoreSettings, fingerprint: str) -> str | None:
    """Return a field whose vectors this encoder makes; those of the text may be a student's."""
    for field in settings.fields:
        with suppress(ModelError):  # a model that is gone from this machine is not the one that was asked for
            same = card(settings.model_of(field.name)).fingerprint == fingerprint
            if same and not (field.name == TEXT_FIELD and settings.fast):
                return field.name
    return None


def _free_name(name: str, taken: set[str]) -> str:
    """Return ``name``, with a number where a field has it: one that outlived the arm it was made for."""
    names = (name, *(f"{name[:60]}-{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)
