"""Documents without the secrets in them, and which of their chunks may be searched."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ..records import SecretSpan
from ..secrets.scan import TITLES, find_secrets, mask, may_hold_secrets
from .make_document import METADATA_JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import JSON, Chunk, Document

_LISTED = 3
"""Kinds of secrets that a reason names one by one."""


def without_secrets(document: Document) -> tuple[Document, int]:
    """Return the document with the secrets in its text, title and metadata masked, and how many there were.

    Its ``secrets`` say where in the text they were. A mask is as long as what it hides, so that offsets stay.
    """
    found = find_secrets(document.text)
    in_title = find_secrets(document.title) if document.title else ()
    metadata, in_metadata = _masked_metadata(document.metadata)
    if not (found or in_title or in_metadata):
        return replace(document, secrets=()), 0
    title = mask(document.title, in_title) if document.title else document.title
    clean = replace(document, text=mask(document.text, found), title=title, metadata=metadata, secrets=found)
    return clean, len(found) + len(in_title) + in_metadata


def searchable(document: Document, chunks: list[Chunk]) -> tuple[list[Chunk], str | None]:
    """Return the chunks that hold no secret, numbered again, and a sentence about the others where there are any."""
    if not document.secrets:
        return chunks, None
    kept = [chunk for chunk in chunks if not _touches(chunk, document.secrets)]
    if len(kept) == len(chunks):
        return chunks, None
    left_out = len(chunks) - len(kept)
    reason = f"{_told(document)}: {left_out:,} of {len(chunks):,} chunks left out (--secrets)"
    stem = f"{document.source}:{document.doc_id}"
    return [replace(chunk, ordinal=at, chunk_id=f"{stem}#{at}") for at, chunk in enumerate(kept)], reason


def _touches(chunk: Chunk, secrets: Sequence[SecretSpan]) -> bool:
    return any(chunk.start < secret.end and secret.start < chunk.end for secret in secrets)


def _told(document: Document) -> str:
    """Return ``lines 12-14 hold a private key, line 30 holds an AWS access key``."""
    told = []
    secrets = document.secrets or ()
    for secret in secrets[:_LISTED]:
        first = document.text.count("\n", 0, secret.start) + 1
        last = first + document.text.count("\n", secret.start, max(secret.start, secret.end - 1))
        lines = f"line {first} holds" if first == last else f"lines {first}-{last} hold"
        told.append(f"{lines} {TITLES.get(secret.rule, 'a secret')}")
    if len(secrets) > _LISTED:
        told.append(f"{len(secrets) - _LISTED:,} more secrets")
    return ", ".join(told)


def _masked_metadata(metadata: str) -> tuple[str, int]:
    """Return a JSON object with the secrets in its texts masked, and how many there were."""
    if metadata == "{}" or not may_hold_secrets(metadata):
        return metadata, 0
    masked, count = _masked_value(json.loads(metadata), "")
    return (METADATA_JSON.encode(masked), count) if count else (metadata, 0)


def _masked_value(value: JSON, key: str) -> tuple[JSON, int]:
    if isinstance(value, str):
        return _masked_text(value, key)
    if isinstance(value, dict):
        pairs = {name: _masked_value(item, name) for name, item in value.items()}
        return {name: item for name, (item, _) in pairs.items()}, sum(count for _, count in pairs.values())
    if isinstance(value, list):
        items = [_masked_value(item, key) for item in value]
        return [item for item, _ in items], sum(count for _, count in items)
    return value, 0


def _masked_text(text: str, key: str) -> tuple[str, int]:
    """Mask what is a secret by itself, and what is one because of the name that it has."""
    named = f'{key}="'
    behind_name = [
        SecretSpan(max(0, span.start - len(named)), min(len(text), span.end - len(named)), span.rule)
        for span in find_secrets(f'{named}{text}"')
        if span.end > len(named)
    ]
    found = [*find_secrets(text), *behind_name]
    for span in found:
        text = mask(text, (span,))
    return text, len({(span.start, span.end) for span in found})
