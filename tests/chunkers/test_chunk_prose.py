"""Where running text is cut, how overlap begins, and how little an edit changes."""

from __future__ import annotations

import random
import re
import signal
import sys
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from chunker_samples import CJK, PROSE, SAMPLES, check, chunks_of, document

from embedctl.chunkers.prose import first_boundary, last_boundary
from embedctl.config import ChunkConfig

if TYPE_CHECKING:
    from collections.abc import Iterator


def words(count: int, seed: int) -> str:
    source = random.Random(seed)
    return " ".join("".join(source.choices("abcdefghiklmnoprstu", k=source.randint(2, 9))) for _ in range(count))


def paragraphs(count: int, regular: bool = False) -> list[str]:
    source = random.Random(7)
    return [f"{words(12 if regular else source.randint(5, 60), seed).capitalize()}." for seed in range(count)]


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("One two three. Four five", "Four five"),
        ("She came (at last!) Then we", "Then we"),
        ('He said "stop." Then they', "Then they"),
        ("Is it really?! Yes or no", "Yes or no"),
        ("今日は晴れです。明日は雨", "明日は雨"),
        ("他说：“好。”然后走了吧", "然后走了吧"),
        ("यह ठीक है। अब चलो", "अब चलो"),
        # Nothing ends here, so the window ends at its last word.
        ("We all thank Dr. Smith and", "and"),
        ("It costs 3.50 Euro today", "today"),
        ("Or try e.g. Paris the", "the"),
        ("Erst am 3. Mai kamen", "kamen"),
        ("And wait... what is it", "it"),
        ("Das ist z.B. Berlin dann", "dann"),
        ("By J. R. R. Tolkien", "Tolkien"),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, tail):
    cut = last_boundary(text + "xyz", 0, len(text), 0)
    assert text[cut:] == tail


def test_wrapped_lines_are_not_boundaries_but_short_lines_are():
    wrapped = "The quick brown fox jumps over the\nlazy dog and then goes on to the\nriver where it drinks\n"
    text = wrapped + "Another paragraph begins here\n"
    cut = last_boundary(text, 0, len(text) - 12, 0)
    assert text[cut:].startswith("Another")


def test_overlap_begins_at_a_sentence():
    text = "First one ends. Second one here. Third"
    assert text[first_boundary(text, 3, len(text)) :].startswith("Second")
    assert text[first_boundary(text, 18, 26) :].startswith("one here")


def test_indented_examples_stay_with_their_paragraph(wordpiece):
    example = f"{PROSE} The formula is\n\n    a = b / c\n\n{PROSE}\n\n"
    for chunk in chunks_of(document(example * 12), wordpiece, ChunkConfig()):
        assert not chunk.text.startswith("a = b")


@pytest.mark.parametrize(
    "run", [".", "!", "# ", "#", " ", "* ", "<a ", "`", "|", "|-", "[a", "_ ", "- ", "> ", "。", "\t"]
)
@pytest.mark.parametrize("markup", ["plain", "markdown", "rst", "code"])
def test_work_grows_with_a_run_and_not_with_its_square(wordpiece, run, markup):
    def calls(size: int) -> int:
        """Return the calls that cutting a text with runs of this size takes."""
        long = run * size
        sample, made = document(f"# {long}x\n\n{long}x\n{long}\n===\n", markup), 0

        def called(*_):
            nonlocal made
            made += 1

        sys.setprofile(called)
        try:
            chunks_of(sample, wordpiece, ChunkConfig())
        finally:
            sys.setprofile(None)
        return made

    with ended_when_stuck():
        assert calls(80_000) < 9 * calls(10_000)


@contextmanager
def ended_when_stuck() -> Iterator[None]:
    """End what a pattern that backtracks would keep busy for minutes: its steps are no calls."""

    def stuck(*_):
        raise AssertionError("a pattern backtracks")

    before = signal.signal(signal.SIGVTALRM, stuck)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_graphemes_are_not_torn(wordpiece):
    for chunk in chunks_of(SAMPLES["emoji"], wordpiece, ChunkConfig()):
        assert not chunk.text.startswith(("\u200d", "\ufe0f", "\u0302", "\U0001f3fd"))
        assert not chunk.text.endswith("\u200d")


def test_paragraphs_stay_whole_and_chunks_are_full(wordpiece):
    whole = paragraphs(200)
    chunks = chunks_of(document("\n\n".join(whole)), wordpiece, ChunkConfig())
    assert sum(chunk.tokens for chunk in chunks) / len(chunks) > 128
    for paragraph in whole:
        if wordpiece.count([paragraph])[0] <= 100:
            assert sum(paragraph in chunk.text for chunk in chunks) == 1


def test_sentences_stay_whole_in_one_long_paragraph(wordpiece):
    for chunk in chunks_of(SAMPLES["one paragraph"], wordpiece, ChunkConfig()):
        assert chunk.text[-1] in ".!?"
        assert chunk.text[0].isupper()
    for chunk in chunks_of(SAMPLES["cjk"], wordpiece, ChunkConfig()):
        assert chunk.text[-1] in "。！"


def test_lines_of_a_log_stay_whole(wordpiece):
    lines = set(SAMPLES["log"].text.split("\n"))
    for chunk in chunks_of(SAMPLES["log"], wordpiece, ChunkConfig()):
        assert set(chunk.text.split("\n")) <= lines


def test_no_tiny_tail_is_left(wordpiece):
    for count in range(200, 520, 7):
        text = " ".join(["word"] * count)
        for strategy in ("recursive", "window"):
            chunks = chunks_of(document(text), wordpiece, ChunkConfig(strategy=strategy, size=102))
            assert min(chunk.tokens for chunk in chunks) >= 14


def test_windows_are_full_and_share_what_was_asked_for(wordpiece):
    text = " ".join(["word"] * 1000)
    chunks = chunks_of(document(text), wordpiece, ChunkConfig(strategy="window", size=102, overlap=20))
    assert {chunk.tokens for chunk in chunks[:-2]} == {102}
    shared = [before.end - after.start for before, after in pairwise(chunks)]
    assert set(shared) == {len(" ".join(["word"] * 20))}


def test_overlap_stays_within_a_section(wordpiece):
    text = f"# A\n\n{PROSE * 12}\n\n# B\n\n{PROSE * 12}"
    sample = document(text, "markdown")
    config = ChunkConfig(overlap=40)
    chunks = chunks_of(sample, wordpiece, config)
    check(sample, chunks, wordpiece, config)
    shared = [before.end - after.start for before, after in pairwise(chunks)]
    edge = next(index for index, chunk in enumerate(chunks) if chunk.text.startswith("# B"))
    assert shared[edge - 1] < 0
    assert all(overlap > 0 for index, overlap in enumerate(shared) if index != edge - 1)


def test_none_keeps_what_fits_in_one_chunk(wordpiece):
    text = "# A\n\nshort\n\n# B\n\nalso short\n"
    (chunk,) = chunks_of(document(text, "markdown"), wordpiece, ChunkConfig(strategy="none"))
    assert (chunk.text, chunk.heading) == (text.strip(), ())


def test_each_page_is_a_chunk_however_small(wordpiece):
    (first, second, *rest) = chunks_of(SAMPLES["slides"], wordpiece, ChunkConfig())
    assert (first.text, first.page, first.heading) == ("# A\n\n- x\n- y", 1, ("A",))
    assert (second.page, second.heading) == (2, ("B",))
    assert not rest


def test_empty_pages_count(wordpiece):
    chunks = chunks_of(SAMPLES["empty pages"], wordpiece, ChunkConfig(strategy="page"))
    assert [(chunk.text, chunk.page) for chunk in chunks] == [("one", 1), ("two", 5)]


@pytest.mark.parametrize(("start", "end"), [("one", (1, 1)), ("two", (3, 3)), ("three", (4, 5))])
def test_lines_count_every_kind_of_break_once(wordpiece, start, end):
    text = "one\r\n\rtwo\nthree\r\nfour"
    sample = document(text, pages=tuple(text.index(word) for word in ("one", "two", "three")))
    chunks = chunks_of(sample, wordpiece, ChunkConfig(strategy="page"))
    (chunk,) = [chunk for chunk in chunks if chunk.text.startswith(start)]
    assert (chunk.start_line, chunk.end_line) == end


@pytest.mark.parametrize("regular", [False, True], ids=["irregular", "regular"])
@pytest.mark.parametrize("form", ["paragraphs", "lines", "markdown"])
@pytest.mark.parametrize("edit", ["changed", "inserted", "deleted"])
def test_an_edit_changes_few_chunks(wordpiece, form, regular, edit):
    parts = paragraphs(1500, regular)
    if form == "markdown":
        parts = [f"## Part {n}\n\n{part}" if n % 40 == 0 else part for n, part in enumerate(parts)]
    edited = list(parts)
    if edit == "changed":
        edited[750] = words(30, 99999) + "."
    elif edit == "inserted":
        edited.insert(750, words(30, 99999) + ".")
    else:
        del edited[751]
    joint, markup = "\n" if form == "lines" else "\n\n", "markdown" if form == "markdown" else "plain"
    before, after = (
        {chunk.text for chunk in chunks_of(document(joint.join(version), markup), wordpiece, ChunkConfig())}
        for version in (parts, edited)
    )
    assert len(before) > 100
    assert len(after - before) <= (24 if regular else 10)


def test_cjk_is_cut_at_full_stops_though_it_has_no_blanks(bpe):
    for chunk in chunks_of(document(CJK * 40), bpe, ChunkConfig()):
        assert re.search(r"[。！]$", chunk.text)
