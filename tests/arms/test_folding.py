from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedctl.arms.bm25.analysis import terms
from embedctl.arms.bm25.folding import fold


def words(text: str, language: str = "english") -> list[str]:
    return [term.text for term in terms(text, language)]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("مُدَرِّسَةٌ", "مدرسة"),  # vowels
        ("مـــدرسة", "مدرسة"),  # tatweel
        ("أحمد إلى آخر", "احمد الى اخر"),  # forms of alef
        ("علی کتاب", "علي كتاب"),  # Persian yeh and kaf
        ("שָׁלוֹם", "שלום"),  # Hebrew points
        ("Щёлково, ЁЖ", "щелково еж"),
        ("за́мок", "замок"),  # a stress mark
        ("ΘΆΛΑΣΣΑ θάλασσας", "θαλασσα θαλασσασ"),
        ("Ἀθῆναι", "Αθηναι"),
        ("ﬁne ﬂour", "fine flour"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "Full Width"),
        ("ca\u0301fe\u0301", "cáfé"),
        ("hand\u00adbook \u200bzero\u200bwidth \ufeffmark nul\x00byte", "handbook zerowidth mark nulbyte"),
        ("İzmir", "Izmir"),
        ("٢٠٢٤ ۱۲", "2024 12"),
        ("हिन्दी", "हिनदी"),
        ("Brand™ name®", "Brand name"),
    ],
)
def test_what_readers_do_not_type_makes_no_difference(text: str, typed: str) -> None:
    assert words(text) == words(typed) != []


@pytest.mark.parametrize("language", ["greek", "russian", "arabic"])
def test_stemmers_see_folded_letters(language: str) -> None:
    pairs = {"greek": ("ΔΡΟΜΟΣ", "δρόμος"), "russian": ("Ёлками", "елками"), "arabic": ("الكُتُب", "الكتب")}
    text, typed = pairs[language]
    assert words(text, language) == words(typed, language)


def test_turkish_has_two_letters_i() -> None:
    assert words("İZMİR ISPANAK", "turkish") == words("izmir ıspanak", "turkish")
    assert words("ISPANAK", "turkish") != words("ispanak", "turkish")
    assert words("KIRIK", "turkish") == words("kırık", "turkish")


def test_letters_of_their_own_stay() -> None:
    assert words("får får", "swedish") == ["får", "får"]
    assert fold("Müller", "german") == "Müller"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["english", "turkish"]))
def test_folding_twice_is_folding_once(text: str, language: str) -> None:
    once = fold(text, "english")
    assert fold(once, "english") == once
    assert "\x00" not in fold(text, language)
