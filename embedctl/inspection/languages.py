"""Languages of the texts, detected offline by py3langid, and the fit of model and stemmer to them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..plural import percent
from .glossary import figure
from .inspection import LanguageShare, Topic
from .words import TokenCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import StoreSettings
    from ..contracts import Progress
    from .inspection import Figure
    from .survey import SampledText

CODE, UNKNOWN = "code", "unknown"
_LETTERS = 20
"""Shorter texts get no language: half of such lines are names or commands."""
_READ = 1_000
"""Characters of a text that are looked at; on 1,101 pages of 100 to 1,000 characters in 31 languages all were right."""
_LUI = "Lui, Baldwin: langid.py, ACL 2012 (py3langid), on the sampled texts"
STEMMERS = {
    "ar": "arabic", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hu": "hungarian", "it": "italian", "no": "norwegian", "nb": "norwegian", "nn": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip
"""BM25's names of the languages that it has a stemmer for."""
_MOST = 0.5


def identify(text: str) -> str:
    """Return the ISO 639-1 code of a text's language (ISO 639-3 where there is none), or ``UNKNOWN``."""
    import py3langid  # 0.8 s with its model

    text = text[:_READ]
    if sum(map(str.isalpha, text)) < _LETTERS:
        return UNKNOWN
    code: str = py3langid.classify(text)[0]
    return code


def languages(
    texts: Sequence[SampledText], readings: Sequence[TokenCounts], progress: Progress
) -> tuple[LanguageShare, ...]:
    """Return the share of each language, the most frequent first, ``UNKNOWN`` last.

    ``readings`` are the tokenizer's, text for text; empty: there is no tokenizer.
    """
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        rows[CODE if text.code else identify(text.text)].append(row)
        progress.advance()
    shares = []
    for language in sorted(rows, key=lambda language: (language == UNKNOWN, -len(rows[language]), language)):
        count = len(rows[language])
        total = TokenCounts.total(readings[row] for row in rows[language] if readings)
        shares.append(LanguageShare(language, count, count / len(texts), total.fertility, total.unknown_share))
    return tuple(shares)


def language_topic(shares: Sequence[LanguageShare], settings: StoreSettings, known: tuple[str, ...]) -> Topic:
    """Return whether model and stemmer of the settings suit the languages of the texts.

    ``known`` are the ISO 639-1 codes of the model's languages, by its card; empty: it names none, or many.
    """
    told = [share for share in shares if share.language not in (CODE, UNKNOWN)]
    total = sum(share.chunks for share in told)
    if not total:
        return Topic("languages", (), "No text is long enough to detect its language: nothing to do.")
    foreign = sum(share.chunks for share in told if share.language not in known) / total
    stemmed = {code for code, name in STEMMERS.items() if name == settings.language}
    other = sum(share.chunks for share in told if share.language not in stemmed) / total
    figures = [figure("main", f"in {told[0].language}", told[0].chunks / total, "share", _LUI)]
    if known:
        source = f"{_LUI}; languages by the model's card"
        figures.append(figure("foreign", "not the model's", foreign, "share", source, languages=", ".join(known)))
    if stemmed:
        source = f"{_LUI}; --language of the store"
        figures.append(figure("other_stemmer", "not BM25's", other, "share", source, stemmer=settings.language))
    return Topic("languages", figures, _advice(told, figures, settings, known))


def _advice(
    told: Sequence[LanguageShare], figures: Sequence[Figure], settings: StoreSettings, known: tuple[str, ...]
) -> str:
    by_name = {figure.name: figure for figure in figures}
    main = told[0].language
    foreign, other = by_name.get("foreign"), by_name.get("other_stemmer")
    stemmer = STEMMERS.get(main, "none")
    restem = other and other.verdict != "good" and figures[0].value > _MOST and stemmer != settings.language
    if foreign and foreign.verdict != "good":
        only = "English only" if known == ("en",) else ", ".join(known)
        also = f" --language {stemmer}" if restem else ""
        return (
            f"{percent(foreign.value)} of the texts are in languages that {settings.model} was not made for ({only}): "
            f'take a multilingual model with "embedctl index --model NAME{also} --rebuild".'
        )
    if restem:
        return (
            f'Most texts are in "{main}", and BM25 stems them as {settings.language}: run '
            f'"embedctl index --language {stemmer} --rebuild"; nothing is embedded again.'
        )
    if other and other.verdict != "good":
        return (
            f"The texts are in several languages and BM25 stems one of them ({settings.language}): where that hurts, "
            "keep one store for each language."
        )
    if not known:
        return "Model and stemmer are not known to be wrong for these texts: nothing to do."
    return "Model and stemmer are made for the language of these texts: nothing to do."
