from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.arms.bm25.analysis import AUTO, analyzer, indexed, languages, prepare, terms
from embedctl.errors import UsageError


def words(text: str, language: str = "english") -> list[str]:
    return [term.text for term in terms(text, language)]


@pytest.mark.parametrize("language", [language for language in languages() if language != AUTO])
def test_every_language_analyses_latin_words_and_numbers(language: str) -> None:
    assert "x42" in words("see X42!", language)


def test_an_unknown_language_names_the_nearest_one() -> None:
    with pytest.raises(UsageError, match='Did you mean "english"') as caught:
        analyzer("englisch")
    assert "german" in caught.value.hint


def test_english_stems_after_folding_accents() -> None:
    assert words("Résumés resume") == ["resum", "resum"]


def test_german_folds_accents_after_stemming() -> None:
    assert words("Größe Häuser", "german") == words("große Haus", "german")


def test_swedish_keeps_letters_that_are_not_accents() -> None:
    assert words("får far", "swedish") == ["får", "far"]


def test_no_stemming() -> None:
    assert words("running constructions", "none") == ["running", "constructions"]


def test_composed_and_decomposed_letters_are_one() -> None:
    assert words("cafe\u0301", "french") == words("caf\u00e9", "french")
    assert words("ＡＢＣ１２") == ["abc12"]


def test_a_run_of_han_becomes_characters_and_pairs() -> None:
    assert words("検索語") == ["検", "検索", "索", "索語", "語"]
    assert [term.text for term in terms("検索語", "cjk", singles=False)] == ["検索", "索語"]
    assert [term.text for term in terms("語", "cjk", singles=False)] == ["語"]


def test_latin_words_inside_japanese_stay_whole() -> None:
    assert words("検索engineです", "japanese") == ["検", "検索", "索", "engine", "で", "です", "す"]


def test_tokens_longer_than_the_limit_leave_a_gap() -> None:
    assert [(term.position, term.text) for term in terms(f"a {'b' * 200} c", "none")] == [(0, "a"), (2, "c")]


@given(st.text(alphabet="検索語エンジ한국어ไทย", min_size=1, max_size=12), st.data())
def test_terms_of_a_substring_are_a_run_of_the_terms_of_the_whole(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    whole, part = words(text, "cjk"), words(text[start:end], "cjk")
    assert any(whole[at : at + len(part)] == part for at in range(len(whole) + 1))


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60))
def test_any_text_can_be_analysed(text: str) -> None:
    for language in ("english", "turkish", "cjk", "arabic"):
        prepare(text, language).encode()
        indexed(text, language).encode()
        assert all(term.text for term in terms(text, language))
