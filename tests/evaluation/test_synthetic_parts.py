"""Known-item queries, piece by piece: sentences, what is held out, and which documents are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from embedctl.config.measuring import SyntheticConfig
from embedctl.evaluation.synthetic.passages import hold_out, length, sentences
from embedctl.evaluation.synthetic.sampled_documents import SampledChunk, SampledDocument, _evenly

CONFIG = SyntheticConfig(least_words=4, most_words=8)


# --- sentences


def test_sentences_are_pieces_of_the_text_of_the_right_length() -> None:
    text = "Keys are rotated every night. No. See § 4.2!\nA lost key is\nrestored from the vault by two people today?"
    found = sentences(text, True, CONFIG)
    assert found[0] == "Keys are rotated every night"
    assert "No" not in found
    assert all(one in text and 4 <= length(one) <= 8 for one in found)
    assert any("restored" in one for one in found), "the longer sentence is cut, not left out"


def test_text_without_sentences_gives_stretches_of_words() -> None:
    words = [f"word{chr(97 + n)}" for n in range(20)]
    found = sentences(" ".join(words), True, CONFIG)
    assert [word for one in found for word in one.split()] == words
    assert {len(one.split()) for one in found} <= {6, 7, 8}


def test_code_gives_its_comments_and_tables_give_nothing() -> None:
    code = "x = foo(1)\n# Rotate the key when it is old.\nif x[0] > y[1] and z(3): w += {4: 5}\n"
    assert sentences(code, False, CONFIG) == ["Rotate the key when it is old"]
    assert sentences("| 1 | 2.5 | 3.5 % | 17 |\n| 4 | 9.1 | 0.2 % | 11 |", True, CONFIG) == []


def test_scripts_without_spaces_are_measured_by_characters() -> None:
    text = "検索エンジンは文書を索引に入れて質問に答える。鍵は毎晩交換される。"
    assert length("検索エンジン") == 3
    found = sentences(text, True, CONFIG)
    assert found
    assert all(one in text for one in found)


# --- holding out


def document(*chunks: SampledChunk, title: str = "Key rotation", path: str = "ops/key-rotation.md") -> SampledDocument:
    return SampledDocument(path, "docs", path, title, True, chunks)


def chunk(label: int, text: str, heading: tuple[str, ...] = (), context: str = "Key rotation\n") -> SampledChunk:
    return SampledChunk(label, text, heading, context, copied=False)


def test_a_sentence_is_taken_out_wherever_it_stands_whatever_its_case_and_line_breaks() -> None:
    one = chunk(1, "Intro. The old key stays valid for a day. It is wiped then.")
    other = chunk(2, "Remember: THE OLD KEY STAYS\n  valid for a day, says the book.")
    third = chunk(3, "Nothing of it here.")
    held = hold_out(document(one, other, third), "The old key stays valid for a day", most=9)
    assert held.changed == (1, 2)
    assert [kept.label for kept in held.reduced] == [1, 2]
    assert all("stays" not in kept.text.casefold() for kept in held.reduced)
    assert held.reduced[0].text.split() == ["Intro.", ".", "It", "is", "wiped", "then."]
    assert held.title == "Key rotation"
    assert held.path == "ops/key-rotation.md"


def test_a_title_is_taken_out_of_text_title_headings_context_and_path() -> None:
    held = hold_out(
        document(
            chunk(1, "Key rotation\n\nNightly.", ("Key rotation", "Why"), "Key rotation > Why\n"), chunk(2, "Rest.")
        ),
        "Key rotation",
        most=9,
    )
    assert held.changed == (1, 2), "the title is a field of every chunk"
    first = held.reduced[0]
    assert (held.title, first.heading, first.context, held.path) == ("", ("Why",), "Why\n", "")
    assert first.text.strip() == "Nightly."


def test_a_heading_is_taken_out_of_its_section_only() -> None:
    inside = chunk(1, "Every night.", ("When",), "Key rotation > When\n")
    outside = chunk(2, "Two people.", ("Who",), "Key rotation > Who\n")
    held = hold_out(document(inside, outside), "When", most=9)
    assert held.changed == (1,)
    assert held.reduced[0].context == "Key rotation\n"


def test_what_is_left_of_a_long_document_is_bounded_and_nothing_else_of_it_may_answer() -> None:
    chunks = [chunk(n, f"Key rotation number {n}.") for n in range(30)]
    held = hold_out(document(*chunks), "Key rotation", most=16)
    assert len(held.changed) == 30
    assert [kept.label for kept in held.reduced] == list(range(16))


def test_only_whole_words_are_taken_out() -> None:
    held = hold_out(document(chunk(1, "The key rotations of old.", context=""), title=""), "Key rotation", most=9)
    assert held.changed == ()
    held = hold_out(document(chunk(1, "鍵は毎晩交換される。", context=""), title=""), "毎晩交換", most=9)
    assert held.reduced[0].text == "鍵は される。"


def test_a_chunk_of_nothing_else_leaves_nothing() -> None:
    held = hold_out(document(chunk(1, "  The whole text.  ", context="")), "The whole text.", most=9)
    assert (held.changed, held.reduced, held.left) == ((1,), (), 0)


# --- sampling


@pytest.mark.parametrize("names", [(5, 6, 7), (7, 5, 6), (-1, 2, 0)])
def test_documents_are_spread_over_folders_whatever_these_hash_to(names: tuple[int, int, int]) -> None:
    folders = np.array([names[0]] * 6 + [names[1]] * 2 + [names[2]], dtype=np.int64)
    keys = np.arange(9, dtype=np.uint64)
    order = np.array([50, 10, 40, 20, 60, 30, 25, 15, 99], dtype=np.uint64)
    found = _evenly(keys, folders, order).tolist()
    assert found[:3] == [1, 7, 8], "one of each folder first"
    assert found[3:5] == [3, 6], "then the second of those that have one"
    assert found[5:] == [5, 2, 0, 4]
