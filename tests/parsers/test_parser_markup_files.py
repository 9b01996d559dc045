"""Markdown with its front matter, and reStructuredText: verbatim text, typed metadata, titles."""

from __future__ import annotations

import pytest

from embedctl.parsers import parse
from embedctl.records import Markup

YAML = """\
---
title: "Vectors: a guide"
level: 2
price: 1.5
draft: false
tags: [dense, sparse]
date: 2024-03-02
at: 2024-03-02T10:00:00Z
duration: 12:30
version: 010
nested: {a: 1, b: [x]}
2025: year
infinite: .inf
---

# Other heading
"""


def test_yaml_front_matter_is_typed_and_the_text_stays_verbatim() -> None:
    document = parse(YAML.encode(), "a.md")
    assert document.text == YAML
    assert document.title == "Vectors: a guide"
    assert document.text[document.body_start :] == YAML.removeprefix("---\n"), "chunks begin with it"
    assert document.metadata == {
        "title": "Vectors: a guide",
        "level": 2,
        "price": 1.5,
        "draft": False,
        "tags": ["dense", "sparse"],
        "date": "2024-03-02",
        "at": "2024-03-02T10:00:00+00:00",
        "duration": "12:30",
        "version": "010",
        "nested": {"a": 1, "b": ["x"]},
        "2025": "year",
        "infinite": "inf",
    }


def test_toml_front_matter() -> None:
    text = '+++\ntitle = "T"\nweight = 3\nwhen = 2024-03-02\n[extra]\nmath = true\n+++\nBody\n'
    document = parse(text.encode(), "a.md")
    assert document.metadata == {"title": "T", "weight": 3, "when": "2024-03-02", "extra": {"math": True}}
    assert document.text[document.body_start :] == "Body\n"


def test_escapes_in_front_matter_cannot_smuggle_nuls_or_surrogates() -> None:
    metadata = parse(b'---\na: "x\\0y"\nb: "x\\uD800y"\n---\nBody\n', "a.md").metadata
    assert "\0" not in str(metadata.get("a", ""))
    str(metadata).encode()


def test_crlf_front_matter() -> None:
    document = parse(b"---\r\ntitle: T\r\n---\r\nBody\r\n", "a.md")
    assert document.metadata == {"title": "T"}
    assert document.text[document.body_start :] == "Body\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "---\ntitle: [unclosed\n---\n",
        "---\nx: !!python/object/apply:os.system ['true']\n---\n",
        "---\n" + "a: " + "[" * 500 + "]" * 500 + "\n---\n",
        "---\nnever: closed\n",
        "---\njust a sentence\n---\n",
        "---\n" + "a: b\n" * 20_000 + "---\n",
        "+++\nno toml here\n+++\n",
    ],
    ids=["broken", "python tag", "deep", "unclosed", "no mapping", "too long", "broken TOML"],
)
def test_broken_front_matter_is_text(head: str) -> None:
    document = parse((head + "\n# Heading\n").encode(), "a.md")
    assert document.metadata == {}
    assert document.body_start == 0
    assert document.text.startswith(head)


def test_a_number_that_nobody_can_read_is_text() -> None:
    assert parse(b"---\nn: " + b"9" * 5000 + b"\n---\nBody\n", "a.md").metadata == {"n": "9" * 5000}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("intro\n\n# The *real* `title` #\n", "The real title"),
        ("```\n# not this\n```\n\n# This\n", "This"),
        ("~~~~\n~~~\n# not this\n~~~~\n# This\n", "This"),
        ("Setext title\n============\n", "Setext title"),
        ("## Only level two\n", None),
        ("# [Linked](http://a.b) title {#anchor}\r\n", "Linked title"),
        ("# snake_case and C#\n", "snake_case and C#"),
        ("#hashtag\n", None),
    ],
)
def test_title_of_markdown(text: str, title: str | None) -> None:
    assert parse(text.encode(), "a.md").title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("=====\nTitle\n=====\n\nText\n", "Title"),
        ("=======\n Title \n=======\n", "Title"),
        (".. _label:\n\nTitle\n#####\n\nSub\n---\n", "Title"),
        (":author: Ann\n\nTitle\r\n=====\r\n", "Title"),
        ("Too short an underline\n===\n\nReal\n----\n", "Real"),
        ("No title here.\n", None),
    ],
)
def test_title_of_rst(text: str, title: str | None) -> None:
    document = parse(text.encode(), "a.rst")
    assert (document.title, document.markup, document.text) == (title, Markup.RST, text)
