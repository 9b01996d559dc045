"""Which encoder answers the queries of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import encoders
from ..config import DEFAULT_MODEL
from ..errors import ModelError
from ..store.students import student_folder, usable_student

if TYPE_CHECKING:
    from ..config import QueryEncoder, RuntimeConfig
    from ..contracts import Encoder, Reporter
    from ..store.layout import Layout
    from ..store.manifest import Manifest


def query_encoder(
    layout: Layout, manifest: Manifest, field: str, runtime: RuntimeConfig, reporter: Reporter, which: QueryEncoder
) -> Encoder:
    """Open the encoder of queries in a field.

    It is the model of the index, which may not be the one that the store is changing to, or the student of that model,
    without a look at the model itself.

    Raises:
        ModelError: the model is not on this machine, or the store has no student of it.
        MismatchError: the model's files are not those that made the vectors.
        DamagedError: a file of the student is missing.
    """
    assert manifest.index is not None
    made_by = manifest.index.encoders[field]
    student = usable_student(manifest, made_by.space)
    if which == "student" and manifest.settings.model_of(field) == manifest.settings.model:
        if student is None:
            raise ModelError(
                f'The store has no student of the model "{made_by.model}".',
                'Make one with "embedctl distill", or leave out --query-encoder.',
            )
        return encoders.student_card(student_folder(layout, student)).open()
    try:
        card = encoders.card(made_by.model)
        fingerprint = card.fingerprint
    except ModelError as error:
        hint = f'The index was made with it; for another: "embedctl index --rebuild --model {DEFAULT_MODEL}".'
        if student:
            hint += ' Queries can do without: "--query-encoder student".'
        raise ModelError(error.message, f"{error.hint} {hint}") from error
    made_by.check_model(fingerprint)
    return card.open(runtime, reporter.message)
