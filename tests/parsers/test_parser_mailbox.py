"""Mailboxes: where messages begin, in one piece or in many, and those that are read as one file."""

from __future__ import annotations

import pytest

from embedctl.errors import UnsupportedError
from embedctl.parsers import parse, parser_for
from embedctl.parsers.mbox import message_spans, spans_of_blocks

FIRST = (
    b"From ida@example.org Tue Mar  5 10:00:00 2024\nFrom: ida@example.org\nSubject: One\n\nText.\n>From here on\n\n"
)
SECOND = b"From - Tue Mar 05 10:00:00 2024\r\nX-Mozilla-Status: 0001\r\nSubject: Two\r\n\r\nFrom now on: rest.\r\n\r\n"
THIRD = (
    b"From lev at example.org  Tue Mar  5 10:00:00 +0100 2024\n>From lev Tue Mar  5\nSubject: Three\n\n"
    b"From\nFrom x\nTo: y\n"
)


def spans(*messages: bytes) -> list[tuple[int, int]]:
    at = 0
    found = []
    for message in messages:
        found.append((at, len(message)))
        at += len(message)
    return found


def test_messages_begin_at_lines_of_their_kind() -> None:
    assert list(message_spans(FIRST + SECOND + THIRD)) == spans(FIRST, SECOND, THIRD)
    assert list(message_spans(b"")) == []
    assert list(message_spans(b"From the beginning\nNote: no mailbox.\n")) == []


@pytest.mark.parametrize("line", [b"From \n", b"From -\r\n", b"From ida@example.org\n"])
def test_short_lines_count_behind_a_blank_one(line: bytes) -> None:
    message = line + b"Subject: Short\n\nText.\n\n"
    assert list(message_spans(message + message)) == spans(message, message)
    assert len(list(message_spans(message + b"and\n" + message))) == 1


@pytest.mark.parametrize("size", [1, 7, 100, 1_500, 4_000])
def test_blocks_of_any_size_give_the_same(size: int) -> None:
    messages = [
        b"From a%d@example.org Tue Mar  5 10:00:00 2024\nSubject: %d\n\n%s\n\n"
        % (number, number, b"x\n" * (37 * number))
        for number in range(60)
    ]
    data = b"".join(messages)
    assert list(spans_of_blocks(data[at : at + size] for at in range(0, len(data), size))) == spans(*messages)


def test_a_mailbox_inside_something_else_has_a_document_for_each_message() -> None:
    parsed = parse(FIRST + SECOND + THIRD, "archive")
    assert [(name, document.title, document.text.partition("\n\n")[2]) for name, document in parsed.inner] == [
        ("1", "One", "Text.\nFrom here on"),
        ("2", "Two", "From now on: rest."),
        ("3", "Three", "From\nFrom x\nTo: y"),
    ]


def test_messages_that_wait_for_their_removal_are_left_out() -> None:
    gone = SECOND.replace(b"0001", b"0009")
    assert [name for name, _ in parse(FIRST + gone + THIRD, "Inbox").inner] == ["1", "3"]
    with pytest.raises(UnsupportedError, match="deleted in the mail program"):
        parse(gone, "message.mbox")


MAIL = b"Return-Path: <a@example.org>\nSubject: Ferry\nTo: b@example.org\n\nAt nine.\n"


@pytest.mark.parametrize(
    "path",
    [
        "cur/1709629200.M1P2.host:2,S",
        "new/1709629200.V801I2M3.mail.example.org",
        "new/1709629200.42_0.server.one",
        "inbox/17",
        "saved.unknown",
    ],
)
def test_mails_without_an_ending_are_known_by_their_headers(path: str) -> None:
    assert parser_for(path, MAIL) == "email"
    assert (
        parser_for(path, b"From a@example.org Tue Mar  5 10:00:00 2024\r\n" + MAIL.replace(b"\n", b"\r\n")) == "email"
    )


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: a poem\nTo: my readers\n\nOnce upon a time",
        b"HTTP/1.1 200 OK\nDate: now\n",
        b"From: here\nit goes on\n",
        b"From the start, it was clear.\n",
        b"Package: ferry\nVersion: 1\n",
    ],
)
def test_other_texts_are_not_taken_for_mails(head: bytes) -> None:
    assert parser_for("note", head) == "text"
    assert parser_for("1709629200.txt", head) == "text"
