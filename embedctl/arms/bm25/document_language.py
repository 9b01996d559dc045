"""Languages of documents, detected offline by py3langid."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ...parsers.languages import BY_ENDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..kind import TextRow

UNKNOWN = "unknown"
_LETTERS = 20
"""Shorter texts get no language: half of such lines are names or commands."""
_READ = 1_000
"""Characters of a text that are looked at; on 1,101 pages of 100 to 1,000 characters in 31 languages all were right."""
STEMMERS = {
    "ar": "arabic", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hu": "hungarian", "it": "italian", "no": "norwegian", "nb": "norwegian", "nn": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip
"""BM25's names of the languages that it has a stemmer for."""
_DATA = frozenset({"json", "yaml", "toml", "ini", "xml"})
"""Languages of files whose texts may be in any language."""
FALLBACK = "english"
"""Of code, and of documents that are too short to say."""


def identify(text: str) -> str:
    """Return the ISO 639-1 code of a text's language (ISO 639-3 where there is none), or ``UNKNOWN``."""
    import py3langid  # 0.8 s with its model

    text = text[:_READ]
    if sum(map(str.isalpha, text)) < _LETTERS:
        return UNKNOWN
    code: str = py3langid.classify(text)[0]
    return code


def language_of(text: str, path: str = "") -> str:
    """Return the language of the analysis that suits a text; "none" for one that has no stemmer."""
    written_in = BY_ENDING.get(PurePosixPath(path).suffix.lower())
    if written_in is not None and written_in.name not in _DATA:
        return FALLBACK
    code = identify(text)
    return FALLBACK if code == UNKNOWN else STEMMERS.get(code, "none")


def with_languages(rows: Iterable[TextRow]) -> Iterator[tuple[TextRow, str]]:
    """Yield each row with the language of its document, by the first chunks; rows of a document are neighbours."""
    for _, of_document in groupby(rows, key=lambda row: row.doc_key):
        waiting: list[TextRow] = []
        read = 0
        for row in of_document:
            waiting.append(row)
            read += len(row.body)
            if read >= _READ:
                break
        language = language_of("\n".join([*(row.body for row in waiting), waiting[0].title]), waiting[0].path)
        for row in (*waiting, *of_document):
            yield row, language
