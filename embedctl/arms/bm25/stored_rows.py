"""What hits show, out of a BM25 index up to format 3: later ones keep that in a structure of its own."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, cast

import numpy as np
import tantivy

from ...errors import DamagedError
from .tantivy_files import reading_index

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ...contracts import Labels


class StoredRows:
    """Documents and payloads by label."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, folder: Path) -> None:
        self._searcher = searcher
        self._schema = schema
        self._folder = folder

    def documents(self, labels: Labels) -> NDArray[np.uint64]:
        """Return the document key of each of ``labels``, uint64 ``(n,)``.

        Raises:
            DamagedError: the index has no such row.
        """
        addresses = self._located(labels.tolist())
        with reading_index(self._folder):
            keys = self._searcher.fast_field_values("doc_key", addresses)
            return np.array([operator.index(cast("int", key)) for key in keys], dtype=np.uint64)

    def payloads(self, labels: Labels) -> list[str]:
        """Return the JSON that is stored with each of ``labels``.

        Raises:
            DamagedError: the index has no such row.
        """
        stored = []
        addresses = self._located(labels.tolist())
        with reading_index(self._folder):
            for address in addresses:
                (payload,) = self._searcher.doc(address).get_all("payload")
                stored.append(bytes(payload).decode())
        return stored

    def _located(self, labels: list[int]) -> list[tantivy.DocAddress]:
        if not labels:
            return []
        with reading_index(self._folder):
            query = tantivy.Query.term_set_query(self._schema, "label", labels)
            hits = self._searcher.search(query, len(labels) + 1, count=False).hits
            values = self._searcher.fast_field_values("label", [address for _, address in hits])
            found = [operator.index(cast("int", value)) for value in values]
        addresses = dict(zip(found, (address for _, address in hits), strict=True))
        try:
            return [addresses[label] for label in labels]
        except KeyError as error:
            raise DamagedError(f"The BM25 index in {self._folder} has no row with label {error}.") from None
