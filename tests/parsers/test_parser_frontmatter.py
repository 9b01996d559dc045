"""Front matter of notes: typed, searched, and robust against a broken line."""

from __future__ import annotations

import pytest

from embedctl.parsers import parse
from embedctl.records import JSON


def metadata(head: str) -> dict[str, JSON]:
    return parse(f"---\n{head}\n---\nBody.\n".encode(), "a.md").metadata


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("title: Weirs: how they work\nyear: 1911", {"title": "Weirs: how they work", "year": 1911}),
        ("related: [[Gates]] and [[Keys]]\nok: true", {"related": "[[Gates]] and [[Keys]]", "ok": True}),
        ("tags:\n\t- sluice\n\t- pump", {"tags": ["sluice", "pump"]}),
        ("no: on\nyes: off\nland: NO\nflag: True", {"no": "on", "yes": "off", "land": "NO", "flag": True}),
        ("at: 12:30\nnumber: 0x10\ncode: 007", {"at": "12:30", "number": 16, "code": "007"}),
        ("true: a\nnull: b", {"true": "a", "null": "b"}),
    ],
)
def test_values_are_what_their_author_wrote(head: str, expected: dict[str, JSON]) -> None:
    assert metadata(head) == expected


@pytest.mark.parametrize(
    ("head", "expected", "lines"),
    [
        ("author: Ann\nscribble without a colon\nyear: 1911", {"author": "Ann", "year": 1911}, [3]),
        ('quote: "a" b\nyear: 1911', {"year": 1911}, [2]),
        ("list:\n- a\n- b: c: d\n- e\nyear: 1911", {"list": ["a", "e"], "year": 1911}, [4]),
        ("good: 1\nx: !!python/object/apply:os.system ['true']", {"good": 1}, [3]),
        ("a: &a [x, x]\nb: [*a, *a]", {"a": ["x", "x"]}, [3]),
    ],
)
def test_a_broken_line_costs_itself_and_is_noted(head: str, expected: dict[str, JSON], lines: list[int]) -> None:
    document = parse(f"---\n{head}\n---\nBody.\n".encode(), "a.md")
    assert document.metadata == expected
    assert [note.split(" of ")[0] for note in document.notes] == [f"line {line}" for line in lines]


def test_a_broken_line_of_toml() -> None:
    document = parse(b'+++\ntitle = "T"\ntags = ["a",\n"b"]\nkind = unquoted words\nyear = 1911\n+++\nBody\n', "a.md")
    assert document.metadata == {"title": "T", "tags": ["a", "b"], "year": 1911}
    assert document.notes == ("line 5 of its front matter is broken and was left out of its metadata",)


@pytest.mark.parametrize(
    ("head", "first"),
    [
        ("tags: [sluice]", "tags: [sluice]"),
        ("title: T\nsummary: How the pump was mended.", "title: T"),
        ("place: {town: Ghent}", "place: {town: Ghent}"),
        ("title: T\ndate: 2024-03-02\ndraft: true\nlayout: post", "Body."),
        ("level: 3\nrating: 4.5", "Body."),
    ],
)
def test_chunks_begin_with_front_matter_that_has_words(head: str, first: str) -> None:
    document = parse(f"---\n{head}\n---\nBody.\n".encode(), "a.md")
    assert document.text[document.body_start :].startswith(first)


def test_a_number_can_be_a_title() -> None:
    assert parse(b"---\ntitle: 1984\n---\n# Other\n", "a.md").title == "1984"


def test_titles_show_links_of_notes_by_their_text() -> None:
    assert parse(b"# [[Berth plan|The plan]] and ![[Keys]]\n", "a.md").title == "The plan and Keys"


def test_two_rules_with_text_between_them_are_no_front_matter() -> None:
    document = parse(b"---\n\nA note: read this.\nAnd this line too.\nAnd one more.\n\n---\nBody\n", "a.md")
    assert (document.metadata, document.body_start, document.notes) == ({}, 0, ())
