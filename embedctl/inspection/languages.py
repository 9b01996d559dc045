"""Languages of the texts, detected offline by py3langid, and the fit of model and stemmer to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..plural import percent
from .inspection import Figure, LanguageShare, Topic, worst
from .thresholds import judged
from .words import TokenCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contracts import Progress
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


@dataclass(frozen=True, slots=True)
class MadeFor:
    """Languages that a store's model and stemmer are made for."""

    model: str
    model_languages: tuple[str, ...]
    """ISO 639-1 codes, as the model's card says; empty: it does not say, or many."""
    stemmer: str
    """``StoreSettings.language``."""


def languages(
    texts: Sequence[SampledText], readings: Sequence[TokenCounts], progress: Progress
) -> tuple[LanguageShare, ...]:
    """Return the share of each language, the most frequent first, ``UNKNOWN`` last.

    ``readings`` are the tokenizer's, text for text; empty: there is no tokenizer.
    """
    found: defaultdict[str, TokenCounts] = defaultdict(TokenCounts)
    counts: defaultdict[str, int] = defaultdict(int)
    for at, text in enumerate(texts):
        language = CODE if text.code else identify(text.text)
        counts[language] += 1
        if readings:
            found[language].add(readings[at])
        progress.advance()
    order = sorted(counts, key=lambda language: (language == UNKNOWN, -counts[language], language))
    return tuple(
        LanguageShare(
            language,
            counts[language],
            counts[language] / len(texts),
            found[language].fertility,
            found[language].unknown_share,
        )
        for language in order
    )


def language_topic(shares: Sequence[LanguageShare], made_for: MadeFor) -> Topic:
    """Return whether model and stemmer suit the languages of the texts."""
    told = [share for share in shares if share.language not in (CODE, UNKNOWN)]
    total = sum(share.chunks for share in told)
    if not total:
        return Topic("languages", None, (), "No text is long enough to detect its language: nothing to do.")
    foreign = sum(share.chunks for share in told if share.language not in made_for.model_languages) / total
    stemmed = {code for code, name in STEMMERS.items() if name == made_for.stemmer}
    other = sum(share.chunks for share in told if share.language not in stemmed) / total
    figures = [
        Figure(
            "main",
            f"in {told[0].language}",
            told[0].chunks / total,
            "share",
            "Share of the most frequent language among the texts with a detected one; programs have none.",
            _LUI,
        )
    ]
    if made_for.model_languages:
        figures.append(
            Figure(
                "foreign",
                "not the model's",
                foreign,
                "share",
                f"Share of the same in other languages than the model's own: {', '.join(made_for.model_languages)}.",
                f"{_LUI}; languages by the model's card",
                judged("foreign", foreign),
            )
        )
    if stemmed:
        figures.append(
            Figure(
                "other_stemmer",
                "not BM25's",
                other,
                "share",
                f"Share of the same in other languages than BM25 stems: {made_for.stemmer}.",
                f"{_LUI}; --language of the store",
                judged("other_stemmer", other),
            )
        )
    verdict = worst([figure.verdict for figure in figures])
    return Topic("languages", verdict, tuple(figures), _advice(told, figures, made_for))


def _advice(told: Sequence[LanguageShare], figures: Sequence[Figure], made_for: MadeFor) -> str:
    by_name = {figure.name: figure for figure in figures}
    main = told[0].language
    foreign, other = by_name.get("foreign"), by_name.get("other_stemmer")
    stemmer = STEMMERS.get(main, "none")
    restem = other and other.verdict != "good" and figures[0].value > _MOST and stemmer != made_for.stemmer
    if foreign and foreign.verdict != "good":
        only = "English only" if made_for.model_languages == ("en",) else ", ".join(made_for.model_languages)
        also = f" --language {stemmer}" if restem else ""
        return (
            f"{percent(foreign.value)} of the texts are in languages that {made_for.model} was not made for ({only}): "
            f'take a multilingual model with "embedctl index --model NAME{also} --rebuild".'
        )
    if restem:
        return (
            f'Most texts are in "{main}", and BM25 stems them as {made_for.stemmer}: run '
            f'"embedctl index --language {stemmer} --rebuild"; nothing is embedded again.'
        )
    if other and other.verdict != "good":
        return (
            f"The texts are in several languages and BM25 stems one of them ({made_for.stemmer}): where that hurts, "
            "keep one store for each language."
        )
    if not made_for.model_languages:
        return "Model and stemmer are not known to be wrong for these texts: nothing to do."
    return "Model and stemmer are made for the language of these texts: nothing to do."
