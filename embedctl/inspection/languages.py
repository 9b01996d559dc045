"""Languages of the texts, detected offline by py3langid, and the fit of model and stemmer to them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..arms.bm25.document_language import STEMMERS, UNKNOWN, identify
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

CODE = "code"
_LUI = "Lui, Baldwin: langid.py, ACL 2012 (py3langid), on the sampled texts"
_MOST = 0.5


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
            f"The texts are in several languages and BM25 stems one of them ({settings.language}): run "
            '"embedctl index --language auto --rebuild" to stem each document in its own; nothing is embedded again.'
        )
    if not known:
        return "Model and stemmer are not known to be wrong for these texts: nothing to do."
    return "Model and stemmer are made for the language of these texts: nothing to do."
