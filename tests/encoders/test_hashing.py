"""The encoder ``hashing``: scikit-learn is the oracle of its features, arithmetic by hand that of its weights."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

from embedctl.encoders import card, hashing
from embedctl.encoders.hashing import features_of, murmur3, words_of
from embedctl.errors import UsageError

TEXTS = [
    "Cannot connect to 10.0.0.1:5432 (ECONNREFUSED)",
    "def parse_http_header(line): return line.split(':', 1)",
    "Der Schlüssel liegt unter der Fußmatte; größer als ein naïver Ἀχιλλεύς.",
    "a bb ccc dddd eeeee a a bb",
    "x" * 200,
]
words = st.text(st.characters(blacklist_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=20)


def vector(text: str, spec: str = "hashing") -> np.ndarray:
    return card(spec).open().encode_documents([text])[0]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_hashes_are_murmurhash3(texts: list[bytes]) -> None:
    lengths = np.array(list(map(len, texts)))
    hashes = murmur3(b"".join(texts), np.cumsum(lengths) - lengths, lengths)
    assert hashes.tolist() == [murmurhash3_32(text, positive=True) for text in texts]


@given(st.lists(words, min_size=1, max_size=20), st.sampled_from([16, 100, 1024, 16_384]))
@settings(max_examples=50, deadline=None)
def test_features_are_those_of_scikit_learn(texts: list[str], dim: int) -> None:
    oracle = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(hashing.SHORTEST, hashing.LONGEST),
        n_features=dim,
        norm=None,
        alternate_sign=True,
        lowercase=False,
    )
    found = features_of(texts, dim)
    rows = np.repeat(np.arange(len(texts)), np.diff(found.edges))
    ours = np.bincount(rows * dim + found.places, found.values, len(texts) * dim).reshape(len(texts), dim)
    assert np.array_equal(ours, oracle.transform(texts).toarray())


@pytest.mark.parametrize("text", TEXTS)
def test_a_vector_is_the_weighted_sum_of_its_words(text: str) -> None:
    """Words weigh by length and by 1 + log of their number, each divided by the root of how many n-grams it has."""
    oracle = HashingVectorizer(analyzer="char_wb", ngram_range=(4, 5), n_features=1024, norm=None)
    found = words_of(text)
    expected = np.zeros(1024)
    for word in sorted(set(found)):
        grams = len(oracle.build_analyzer()(word))
        weight = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.7}.get(len(word), 1.0) * (1 + math.log(found.count(word)))
        expected += weight / math.sqrt(grams) * oracle.transform([word]).toarray()[0]
    assert vector(text) == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Parse_HTTP header2", ["parse", "http", "header2"]),
        ("日本語 text", ["日本", "本語", "text"]),
        ("v2の更新", ["v2", "の更", "更新"]),
        ("語", ["語"]),
        ("!!! -> ???", ["!!!", "->", "???"]),
        ("x" * 130, ["x" * 64, "x" * 64, "xx"]),
        (" \n\t", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_texts_that_share_words_are_near_and_others_are_not() -> None:
    encoder = card("hashing").open()
    query = encoder.encode_queries(["connection refused by the database"])[0]
    texts = ["the database refused the connection", "refusing connections to databases", "grilled fish with lemon"]
    near, nearish, far = (encoder.encode_documents(texts) @ query).tolist()
    assert near > nearish > 0.4
    assert abs(far) < 0.2


def test_a_text_without_words_has_a_vector() -> None:
    assert np.linalg.norm(card("hashing").open().encode_documents(["", " ", "!", "😀"]), axis=1) == pytest.approx(1.0)


def test_a_vector_depends_on_its_text_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not on its batch, the texts before, or other threads that teach the encoder words."""
    monkeypatch.setattr(hashing, "KNOWN_WORDS", 10)
    monkeypatch.setattr(hashing, "BATCH_TEXTS", 2)
    texts = [f"{text} number{number}" for number in range(40) for text in TEXTS]
    alone = np.array([vector(text) for text in texts])
    encoder = card("hashing").open()
    with ThreadPoolExecutor(4) as pool:
        for start, rows in enumerate(pool.map(lambda start: encoder.encode_documents(texts[start:]), range(8))):
            assert np.array_equal(rows, alone[start:])


def test_vectors_are_the_same_in_every_process() -> None:
    program = (
        "from embedctl.encoders import card; import sys, hashlib\n"
        f"print(hashlib.sha256(card('hashing').open().encode_documents({TEXTS!r}).tobytes()).hexdigest()[:16])\n"
        "assert not {'sklearn', 'scipy', 'torch', 'openvino', 'tokenizers'} & set(sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == GOLDEN


GOLDEN = "88e899e37e3cac5f"
"""Changes only together with the fingerprint."""


def test_the_dimension_is_part_of_the_name() -> None:
    small = card("hashing:64")
    assert (small.name, small.open().encode_queries(["keys"]).shape) == ("hashing:64", (1, 64))
    assert card("hashing:1024").name == "hashing"
    assert len({card(name).fingerprint for name in ("hashing", "hashing:64", "hashing:65")}) == 3


@pytest.mark.parametrize("given", ["", "0", "15", "99999", "x", "-4", "²"])
def test_other_dimensions_are_refused(given: str) -> None:
    with pytest.raises(UsageError, match=r"hashing:512"):
        card(f"hashing:{given}")
