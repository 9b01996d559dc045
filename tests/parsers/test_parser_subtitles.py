"""Subtitles: what is said in one piece, under the times at which it is said."""

from __future__ import annotations

import pytest

from embedctl.parsers import parse

SAID = "## 00:00:01\n\nThe keeper turns\nthe wheel twice."
FILES = {
    "a.srt": "1\n00:00:01,000 --> 00:00:04,000\nThe keeper turns\n\n2\n"
    "00:00:04,000 --> 00:00:08,000\nthe wheel twice.\n",
    "b.srt": "1\r\n00:00:01,000 --> 00:00:04,000\r\n<i>The keeper</i>\r\n{\\an8}turns\r\n2\r\n"
    "00:00:04,000 --> 00:00:08,000\r\nthe wheel twice.\r\n",
    "a.vtt": "WEBVTT\n\nNOTE not said\n\nSTYLE\n::cue {}\n\nintro\n00:01.000 --> 00:04.000 align:start\n"
    "<c.a>The</c> keeper turns\n\n00:04.000 --> 00:08.000\nthe <00:05.000>wheel twice.\n",
    "rolling.vtt": "WEBVTT\n\n00:01.000 --> 00:04.000\nThe keeper turns\n\n00:04.000 --> 00:08.000\nThe keeper turns\n"
    "the wheel twice.\n",
    "a.sbv": "0:00:01.000,0:00:04.000\nThe keeper turns\n\n0:00:04.000,0:00:08.000\nthe wheel twice.\n",
}


@pytest.mark.parametrize("path", FILES)
def test_a_sentence_over_two_cues_is_in_one_piece(path: str) -> None:
    assert parse(FILES[path].encode(), path).text == SAID


def test_times_stand_at_ends_of_sentences() -> None:
    cues = [(0, "One."), (20, "Two."), (40, "Three goes"), (75, "on."), (3_700, "Late.")]
    text = "\n".join(
        f"{number}\n{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02},000 --> 99:00:00,000\n{said}\n"
        for number, (at, said) in enumerate(cues, 1)
    )
    assert parse(text.encode(), "a.srt").text == (
        "## 00:00:00\n\nOne.\nTwo.\n\n## 00:00:40\n\nThree goes\non.\n\n## 01:01:40\n\nLate."
    )


def test_speakers_titles_and_entities() -> None:
    document = parse(b"WEBVTT - Winter work\n\n00:01.000 --> 00:02.000\n<v Ann>Oil &amp; rope\n", "a.vtt")
    assert (document.title, document.text) == ("Winter work", "## 00:00:01\n\nAnn: Oil & rope")


def test_a_file_without_cues_is_kept_as_it_is() -> None:
    assert parse(b"No times here.\n", "a.srt").text == "No times here.\n"
