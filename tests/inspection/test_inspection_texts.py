"""Words, languages, lengths and norms, on texts and numbers that can be counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from embedctl.config import DEFAULT_MODEL, StoreSettings
from embedctl.encoders import card
from embedctl.encoders.model_folder import ModelFolder
from embedctl.encoders.tokenization import HuggingFaceTokenizer
from embedctl.inspection.inspection import LanguageShare
from embedctl.inspection.languages import identify, language_topic, languages
from embedctl.inspection.lengths import lengths
from embedctl.inspection.soundness import soundness
from embedctl.inspection.survey import EmbeddedChunks, Norms, SampledText
from embedctl.inspection.words import TokenCounter, TokenCounts, tokenizer_topic
from embedctl.reporters.silent import SilentReporter
from embedctl.store.manifest import StudentRecord

ENGLISH = "Keys are rotated every ninety days by the night job, and the old key stays valid for one more day."
GERMAN = "Die Schlüssel werden alle neunzig Tage getauscht, und der alte Schlüssel gilt noch einen weiteren Tag."
FRENCH = "Les clés sont changées tous les quatre-vingt-dix jours, et l'ancienne clé reste valable un jour de plus."
JAPANESE = "鍵は九十日ごとに交換され、古い鍵はもう一日だけ有効なままになります。"


# --- words


def read(text: str) -> tuple[TokenCounts, TokenCounter]:
    reader = TokenCounter(card(DEFAULT_MODEL).tokenizer())
    return reader.read([text])[0], reader


def test_words_and_their_pieces_are_counted() -> None:
    reading, reader = read("The logarithm, the Logarithm; 42 keys.")  # log ##ari ##th ##m
    assert (reading.words, reading.pieces, reading.split) == (5, 1 + 4 + 1 + 4 + 1, 2)
    assert reading.tokens == reading.pieces + 4  # the comma, the semicolon, the number and the full stop
    assert (reading.unknown, reading.fertility) == (0, 11 / 5)
    (word,) = reader.split_words(3)
    assert (word.word, word.pieces, word.count, word.unknown) == ("Logarithm", 4, 2, False)


def test_what_the_vocabulary_cannot_spell_is_unknown() -> None:
    reading, reader = read("a 𓀀𓀁 and ꙮ")
    assert reading.unknown == 2
    assert reading.unknown_share == 2 / reading.tokens
    assert [(word.word, word.unknown) for word in reader.split_words(9)] == [("ꙮ", True), ("𓀀𓀁", True)]
    topic = tokenizer_topic(reading, reader.split_words(1))
    assert topic.verdict == "bad"
    assert "--model" in topic.advice


def test_scripts_without_spaces_have_no_words_but_tokens() -> None:
    reading, _ = read(JAPANESE)
    assert reading.words == 0 < reading.tokens
    assert tokenizer_topic(reading, ()).figure("fertility").verdict is None


def test_accents_and_vowel_signs_are_part_of_a_word() -> None:
    assert read("cafe\u0301 किताब")[0].words == 2


def test_a_foreign_language_takes_more_tokens_a_word() -> None:
    english, german = read(ENGLISH)[0], read(GERMAN)
    assert english.fertility < 1.2
    assert german[0].fertility > 1.8
    topic = tokenizer_topic(german[0], german[1].split_words(1))
    assert topic.verdict in ("look", "bad")
    assert '"Schlüssel"' in topic.advice


def save(tokenizer: Tokenizer, folder: Path) -> HuggingFaceTokenizer:
    path = folder / "tokenizer.json"
    tokenizer.save(str(path))
    return HuggingFaceTokenizer(path, 128)


def test_byte_level_tokens_that_begin_with_a_blank_belong_to_the_word_behind(tmp_path: Path) -> None:
    letters = {letter: at for at, letter in enumerate("Ġabkey")}
    tokenizer = Tokenizer(models.BPE(letters | {"ke": 6, "key": 7, "Ġkey": 8}, [("k", "e"), ("ke", "y"), ("Ġ", "key")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
    opened = save(tokenizer, tmp_path)
    assert opened.unknown_id is None
    (reading,) = TokenCounter(opened).read(["key key abab"])
    assert (reading.words, reading.pieces, reading.split) == (3, 1 + 1 + 4, 1)
    assert reading.unknown_share == 0


def test_the_unknown_token_by_name_and_by_number(tmp_path: Path) -> None:
    assert card(DEFAULT_MODEL).tokenizer().unknown_id == 100
    unigram = Tokenizer(models.Unigram([("a", -1.0), ("<unk>", -2.0)], unk_id=1))
    assert save(unigram, tmp_path).unknown_id == 1


# --- languages


@pytest.mark.parametrize(
    ("text", "language"),
    [(ENGLISH, "en"), (GERMAN, "de"), (FRENCH, "fr"), (JAPANESE, "ja"), ("42 x = 3.14", "unknown")],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert identify(text) == language


def texts(*those: str, code: bool = False) -> list[SampledText]:
    return [SampledText("", text, code) for text in those]


def test_shares_count_programs_and_scraps_apart() -> None:
    given = [*texts(GERMAN, GERMAN, ENGLISH, "42"), *texts("for key in keys: rotate(key)", code=True)]
    readings = TokenCounter(card(DEFAULT_MODEL).tokenizer()).read([text.text for text in given])
    shares = languages(given, readings, SilentReporter())
    assert [(one.language, one.chunks, one.share) for one in shares] == [
        ("de", 2, 0.4),
        ("code", 1, 0.2),
        ("en", 1, 0.2),
        ("unknown", 1, 0.2),
    ]
    assert shares[0].fertility > shares[2].fertility == 1
    assert languages(given, [], SilentReporter())[0].fertility == 0


def share(language: str, chunks: int) -> LanguageShare:
    return LanguageShare(language, chunks, chunks / 100, 1.2, 0.0)


def test_advice_names_the_language_to_stem_and_the_model_to_change() -> None:
    english = StoreSettings(), ("en",)
    fine = language_topic([share("en", 97), share("unknown", 2), share("code", 1)], *english)
    assert (fine.verdict, fine.figure("foreign").value) == ("good", 0)

    german = language_topic([share("de", 90), share("en", 10)], *english)
    assert german.verdict == "bad"
    assert german.figure("foreign").value == 0.9
    assert "90 % of the texts" in german.advice
    assert "(English only)" in german.advice
    assert '"embedctl index --model NAME --language german --rebuild"' in german.advice

    multilingual = language_topic([share("de", 90), share("en", 10)], StoreSettings(model="some/model"), ())
    assert [figure.name for figure in multilingual.figures] == ["main", "other_stemmer"]
    assert multilingual.verdict == "look"
    assert '"embedctl index --language german --rebuild"' in multilingual.advice

    unstemmed = language_topic([share("ja", 100)], StoreSettings(model="some/model", language="japanese"), ())
    assert unstemmed.verdict is None
    assert language_topic([share("unknown", 3)], *english).figures == ()


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlanguage: en\nlicense: mit\n---\n# Model\n", ("en",)),
        ("---\nlicense: mit\nlanguage:\n- de\n- en\n---\n", ("de", "en")),
        ("---\nlanguage: [fr, it]\n---\n", ("fr", "it")),
        ("---\nlanguage: multilingual\n---\n", ()),
        ("---\nlicense: mit\n---\nlanguage: en\n", ()),
        ("# No front matter\nlanguage: en\n", ()),
        (None, ()),
    ],
)
def test_the_languages_of_a_model_are_those_of_its_card(
    tmp_path: Path, card: str | None, expected: tuple[str, ...]
) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert ModelFolder("m", tmp_path).languages == expected


def test_the_default_model_is_an_english_one() -> None:
    assert card(DEFAULT_MODEL).languages == ("en",)


# --- lengths


def of_lengths(tokens: list[int], documents: list[int]) -> EmbeddedChunks:
    labels = np.arange(len(tokens), dtype=np.uint64)
    counts = np.array(tokens, np.int32)
    return EmbeddedChunks(labels, np.array(documents, np.uint64), counts, 5 * counts, labels)


def test_lengths_by_hand() -> None:
    topic = lengths(of_lengths([4, 15, 16, 100, 200, 243, 244, 250, 256, 256], list(range(10))), 256)
    value = {figure.name: figure.value for figure in topic.figures}
    assert (value["tokens_00"], value["tokens_50"], value["tokens_100"], value["limit"]) == (4, 200, 256, 256)
    assert (value["tiny"], value["at_limit"]) == (0.2, 0.4)
    assert (value["characters_00"], value["characters_100"]) == (20, 1280)
    for histogram in topic.histograms:
        assert sum(histogram.counts) == 10
        assert len(histogram.edges) == len(histogram.counts) + 1
        assert list(histogram.edges) == sorted(set(histogram.edges))


def test_tiny_chunks_are_cut_otherwise_unless_they_are_whole_documents() -> None:
    cut = lengths(of_lengths([5, 5, 5, 200, 200], [0, 0, 0, 0, 1]), 256)
    assert cut.verdict == "bad"
    assert "--strategy" in cut.advice
    assert "--text-field" in lengths(of_lengths([5, 5, 5, 200, 200], [0, 1, 2, 3, 4]), 256).advice


def test_full_chunks_get_overlap() -> None:
    topic = lengths(of_lengths([250] * 6 + [100] * 4, list(range(10))), 256)
    assert topic.verdict == "look"
    assert '"embedctl index --overlap 32 --rebuild"' in topic.advice


# --- norms


def test_norms_are_counted() -> None:
    norms = Norms()
    norms.add(np.array([[1, 0], [0.6, 0.8], [0, 0], [np.nan, 1], [2, 0]], np.float32))
    norms.add(np.array([[np.inf, 0], [0, 1.0005]], np.float32))
    assert (norms.not_finite, norms.zero, norms.off_unit, norms.finite) == (2, 1, 1, 5)
    assert norms.largest_deviation == pytest.approx(1)
    assert norms.squares == pytest.approx(1 + 1 + 0 + 4 + 1.0005**2)
    assert norms.total == pytest.approx(np.array([3.6, 1.8005]))
    assert norms.counts.sum() == 5
    topic = soundness(norms, 0, 0, None)
    assert topic.verdict == "bad"
    assert "embedctl doctor --repair" in topic.advice


def test_sound_vectors_of_the_model_and_of_a_student() -> None:
    norms = Norms()
    norms.add(np.eye(3, dtype=np.float32))
    assert soundness(norms, 0, 0, None).verdict == "good"
    waiting = soundness(norms, 0, 3, None)
    assert waiting.verdict == "look"
    assert "embedctl index --no-refresh" in waiting.advice
    student = StudentRecord("f", "m", "t", 3, 900, 47, 0.93, {})
    topic = soundness(norms, 0, 0, student)
    assert topic.figure("student_cosine").value == 0.93
    assert "47 chunks" in topic.figure("student_cosine").definition
    assert "--no-fast" in topic.advice


def test_every_figure_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(lengths(of_lengths([5, 9], [0, 1]), 256).figures[0].value)) == 5
