"""Mails: all text that a reader sees, who wrote it to whom and when, and attachments as documents."""

from __future__ import annotations

import base64
import binascii
from email.message import EmailMessage

import pytest
from parser_samples import docx, pdf

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import parse
from embedctl.parsers.mime import parameters
from embedctl.query.where import parse_where
from embedctl.records import Markup, ParsedDocument

HEAD = "From: Ida <ida@example.org>\nSubject: Loom\nMIME-Version: 1.0\n"
BLOCK = "From: Ida <ida@example.org>\nSubject: Loom\n\n"


def message(subject: str = "Grüße") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = "Ann Ö <ann@example.org>"
    mail["To"] = "bob@example.org, eve@example.org"
    mail["Date"] = "Mon, 06 Jan 2025 10:00:00 +0100"
    return mail


def multipart(kind: str, *parts: str, head: str = HEAD) -> bytes:
    body = "".join(f"--edge\n{part}\n" for part in parts)
    return (
        f"{head}Content-Type: multipart/{kind}; boundary=edge\n\nFor old readers.\n{body}--edge--\nBehind.\n".encode()
    )


def text_of(data: bytes) -> str:
    return body_of(parse(data, "a.eml"))


def body_of(parsed: ParsedDocument) -> str:
    """Return the text behind the headers."""
    assert parsed.text.startswith(BLOCK.strip())
    return parsed.text.partition("\n\n")[2]


def inner(parsed: ParsedDocument) -> dict[str, str]:
    return {name: document.text for name, document in parsed.inner}


def test_headers_stand_in_front_and_are_typed() -> None:
    mail = message()
    mail["Cc"] = "Zoë <zoe@example.org>"
    mail.set_content("Plain größe\n")
    parsed = parse(mail.as_bytes(), "a.eml")
    assert parsed.text.split("\n") == [
        "From: Ann Ö <ann@example.org>",
        "To: bob@example.org, eve@example.org",
        "Cc: Zoë <zoe@example.org>",
        "Date: Mon, 06 Jan 2025 10:00:00 +0100",
        "Subject: Grüße",
        "",
        "Plain größe",
    ]
    assert (parsed.title, parsed.markup, parsed.body_start) == ("Grüße", Markup.PLAIN, 0)
    assert parsed.metadata == {
        "from": "Ann Ö <ann@example.org>",
        "to": "bob@example.org, eve@example.org",
        "cc": "Zoë <zoe@example.org>",
        "date": "2025-01-06T09:00:00+00:00",
    }


def test_dates_of_all_zones_are_ordered_as_strings() -> None:
    dates = ["Tue, 5 Mar 2024 23:30:00 -0500", "6 Mar 2024 06:00 +0100", "Wed, 06 Mar 2024 05:30:00 GMT"]
    found = [parse(f"From: a@example.org\nDate: {date}\n\nText".encode(), "a.eml").metadata["date"] for date in dates]
    assert found == ["2024-03-06T04:30:00+00:00", "2024-03-06T05:00:00+00:00", "2024-03-06T05:30:00+00:00"]
    assert "date" not in parse(b"From: a@example.org\nDate: soon\n\nText", "a.eml").metadata


def test_conditions_find_mails_and_attachments() -> None:
    mail = message()
    mail.set_content("Attached.")
    mail.add_attachment("Seven spools", filename="list.txt")
    parsed = parse(mail.as_bytes(), "a.eml")
    wanted, _ = parse_where("date >= '2025-01' and date < '2025-02' and from contains 'ann@example.org'")
    assert wanted(parsed.metadata)
    assert wanted(dict(parsed.inner)["list.txt"].metadata)
    assert parse_where("to contains 'eve@' and not date < '2025-01-06T09:00'")[0](parsed.metadata)
    assert not parse_where("cc is not null")[0](parsed.metadata)


def test_many_recipients_are_cut_in_the_text_only() -> None:
    everyone = ", ".join(f"reader{number}@example.org" for number in range(300))
    parsed = parse(f"From: a@example.org\nTo: {everyone}\n\nText".encode(), "a.eml")
    assert parsed.metadata["to"] == everyone
    assert len(parsed.text) < 2_100


@pytest.mark.parametrize("headers", ["Subject: Pump 4 is back", "From: a@example.org", "To: b@example.org"])
def test_a_mail_without_a_body_is_its_headers(headers: str) -> None:
    assert parse(f"{headers}\nMessage-ID: <1@example.org>\n\n".encode(), "a.eml").text == headers


def test_a_mail_that_says_nothing_is_skipped() -> None:
    with pytest.raises(UnsupportedError, match="no text in this message"):
        parse(b"Message-ID: <1@example.org>\nReceived: by example.org\n\n \n", "a.eml")


RICH = (
    "Content-Type: text/html\n\n<p>The ferry <b>leaves</b> at nine.</p><table><tr><td>Fare</td><td>12</td></tr></table>"
)


@pytest.mark.parametrize(
    "plain",
    [
        "Content-Type: text/plain\n\n\n",
        "Content-Type: text/plain; charset=utf-8\n\n\u00a0\u200b\n",
        "Content-Type: text/plain\n\nView this mail in your browser.",
        "Content-Type: text/plain\n\nThe ferry leaves at nine.",
    ],
    ids=["blank", "invisible", "stub", "without its table"],
)
def test_html_is_taken_where_the_plain_part_says_less(plain: str) -> None:
    parsed = parse(multipart("alternative", plain, RICH), "a.eml")
    assert body_of(parsed) == "The ferry **leaves** at nine.\n\n| Fare | 12 |\n| --- | --- |"
    assert parsed.markup is Markup.MARKDOWN


@pytest.mark.parametrize("rich", ["<p>Same <i>words</i></p><style>p{color:red}</style>", "<img src=cid:1>", ""])
def test_plain_text_is_taken_where_it_says_as_much(rich: str) -> None:
    mail = multipart("alternative", "\nSame words  here\n", f"Content-Type: text/html\n\n{rich}")
    assert text_of(mail) == "Same words  here"


@pytest.mark.parametrize("kind", ["x-amp-html", "enriched", "rtf"])
def test_other_spellings_of_the_text_are_left_out(kind: str) -> None:
    other = f"Content-Type: text/{kind}\n\n<bold>Hello</bold> there"
    assert text_of(multipart("alternative", "\nHello", other, "Content-Type: text/html\n\n<p>Hello</p>")) == "Hello"


def test_two_texts_that_say_different_things_are_both_kept() -> None:
    plain = " ".join(f"word{number}" for number in range(30))
    mail = multipart("alternative", f"\n{plain}", "Content-Type: text/html\n\n<p>Please read the plain part.</p>")
    assert text_of(mail) == f"{plain}\n\nPlease read the plain part."


def test_html_that_is_called_plain_text() -> None:
    assert text_of(f"{HEAD}Content-Type: text/plain\n\n<html><body><p>Not <b>plain</b></p>".encode()) == "Not **plain**"


def test_html_around_attachments_is_one_text() -> None:
    parts = (
        "Content-Type: text/html\n\n<p>Hello Ruth</p>",
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=list.txt\n\nThree spools",
        "Content-Type: text/html\n\n<p>Yours, Ida</p>",
    )
    nested = multipart("mixed", *parts, head="").decode().replace("edge", "rim")
    parsed = parse(multipart("alternative", "\nHello Ruth", nested), "a.eml")
    assert body_of(parsed) == "Hello Ruth\n\nYours, Ida"
    assert inner(parsed) == {"list.txt": "Three spools"}


def test_text_behind_attachments_and_pictures_is_kept() -> None:
    picture = "Content-Type: image/png\nContent-ID: <1>\nContent-Disposition: inline; filename=logo.png\n\nxx"
    photo = "Content-Type: image/jpeg; name=roof.jpg\nContent-Transfer-Encoding: base64\n\n/9j/4AAQ"
    named = "Content-Type: text/plain; name=body.txt\n\nfour"
    parsed = parse(multipart("mixed", "\none", picture, "\ntwo", photo, "\nthree", named), "a.eml")
    assert body_of(parsed) == "one\n\ntwo\n\nthree\n\nfour"
    assert parsed.notes == ("attachment roof.jpg is not read: image",)
    assert parsed.metadata["attachments"] == ["roof.jpg"]
    assert parsed.text.splitlines()[2] == "Attachments: roof.jpg"


def test_a_forwarded_message_is_read_where_it_stands() -> None:
    forwarded = "Content-Type: message/rfc822\n\nFrom: Lev <lev@example.org>\nSubject: Keys\n\nThey hang by the door."
    assert text_of(multipart("mixed", "\nSee:", forwarded, "\nBye.")) == (
        "See:\n\nFrom: Lev <lev@example.org>\nSubject: Keys\n\nThey hang by the door.\n\nBye."
    )
    bare = f"{HEAD}Content-Type: message/rfc822\n\nSubject: Keys\n\nBy the door."
    assert text_of(bare.encode()) == "Subject: Keys\n\nBy the door."


def test_a_message_that_is_attached_is_a_document_with_its_own_attachments() -> None:
    within = message("Plan of the mill")
    within.set_content("Old plan.")
    within.add_attachment("# Wheel\n", subtype="markdown", filename="wheel.md")
    mail = message("Fwd")
    mail.set_content("Attached.")
    mail.add_attachment(within)
    ((name, document),) = parse(mail.as_bytes(), "a.eml").inner
    assert (name, document.title, inner(document)) == (
        "Plan of the mill",
        "Plan of the mill",
        {"wheel.md": "# Wheel\n"},
    )
    assert document.text.endswith("\n\nOld plan.")


def test_a_digest_has_its_messages_as_documents() -> None:
    parts = ("\nFrom: a@example.org\nSubject: First\n\nOne.", "\nFrom: b@example.org\nSubject: Second\n\nTwo.")
    parsed = parse(multipart("digest", *parts), "a.eml")
    assert [(name, document.text.split("\n\n")[1]) for name, document in parsed.inner] == [
        ("First", "One."),
        ("Second", "Two."),
    ]


def test_a_report_says_what_was_not_delivered() -> None:
    status = "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; q@example.org\nStatus: 5.1.1"
    returned = "Content-Type: text/rfc822-headers\n\nSubject: Lost letter\nX-Spam: no"
    text = text_of(multipart("report", "\nSorry.", status, returned))
    assert text == "Sorry.\n\nFinal-Recipient: rfc822; q@example.org\nStatus: 5.1.1\n\nSubject: Lost letter"


def test_an_invitation_is_part_of_the_text() -> None:
    calendar = (
        "Content-Type: text/calendar; method=REQUEST; name=invite.ics\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n"
        "SUMMARY:Sluice\n  inspection\nLOCATION:Mill\\, north\nEND:VEVENT\nEND:VCALENDAR"
    )
    assert text_of(multipart("alternative", "\nPlease come.", calendar)) == (
        "Please come.\n\nSluice inspection\nWhere: Mill, north"
    )
    assert text_of((HEAD + calendar).encode()) == "Sluice inspection\nWhere: Mill, north"


def test_attachments_are_read_by_the_parsers_of_their_formats() -> None:
    mail = message()
    mail.set_content("Attached.")
    mail.add_attachment(pdf([["Tariff of tolls"]]), maintype="application", subtype="pdf", filename="tolls.pdf")
    mail.add_attachment(docx(), maintype="application", subtype="octet-stream", filename="no ending")
    mail.add_attachment("höher".encode("iso-8859-2"), maintype="text", subtype="csv", params={"charset": "latin2"})
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="broken.pdf")
    mail.add_attachment(b"PK", maintype="application", subtype="zip", filename="all.zip")
    parsed = parse(mail.as_bytes(), "a.eml")
    documents = dict(parsed.inner)
    assert list(documents) == ["tolls.pdf", "no ending", "part 3.csv"]
    assert (documents["tolls.pdf"].text, documents["tolls.pdf"].pages) == ("Tariff of tolls", (0,))
    assert documents["no ending"].media_type.endswith("wordprocessingml.document")
    assert documents["part 3.csv"].text == "höher"
    assert documents["tolls.pdf"].metadata["from"] == "Ann Ö <ann@example.org>"
    assert documents["tolls.pdf"].metadata["subject"] == "Grüße"
    assert documents["tolls.pdf"].metadata["date"] == "2025-01-06T09:00:00+00:00"
    assert [note.partition(":")[0] for note in parsed.notes] == [
        "attachment broken.pdf is not read",
        "attachment all.zip is not read",
    ]
    assert "archive" in parsed.notes[1]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=utf-8''gr%C3%BC%C3%9Fe.txt", "grüße.txt"),
        ("attachment; filename*0*=iso-8859-1''gr%FC; filename*1=\"ss.txt\"", "grüss.txt"),
        ('attachment; filename="=?utf-8?q?gr=C3=BC=C3=9Fe=2Etxt?="', "grüße.txt"),
        ('attachment; filename="C:\\\\post\\\\list.txt"', "list.txt"),
        ("attachment; filename=two words.txt", "two words.txt"),
    ],
)
def test_names_of_attachments(disposition: str, name: str) -> None:
    part = f"Content-Type: text/plain\nContent-Disposition: {disposition}\n\nText"
    assert list(inner(parse(multipart("mixed", "\nBody", part), "a.eml"))) == [name]


def test_parameters_in_any_number_are_put_together_at_once() -> None:
    spelled = "text/plain; " + "".join(f"a*{number}=b; " for number in range(5_000))
    assert parameters(spelled)["a"] == "b" * 5_000


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?iso-8859-15?Q?Preis_5_=A4?=", "Preis 5 €"),
        (b"=?utf-8?B?R3LDvMM=?=\n =?utf-8?B?n2U=?= an alle", "Grüße an alle"),
        (b"Re: =?utf-8?q?caf=C3=A9?= (=?utf-8?q?menu?=)", "Re: café (menu)"),
        ("Überfahrt nach Föhr".encode(), "Überfahrt nach Föhr"),
        ("Überfahrt nach Föhr".encode("latin-1"), "Überfahrt nach Föhr"),
        ("渡し船".encode("iso-2022-jp"), "渡し船"),
        (b"=?no-such-charset?q?plain?=", "plain"),
        (b"=?utf-8?q?not closed", "=?utf-8?q?not closed"),
    ],
)
def test_subjects(header: bytes, subject: str) -> None:
    assert parse(b"From: a@example.org\nSubject: " + header + b"\n\nText", "a.eml").title == subject


def test_a_raw_subject_is_in_the_charset_of_the_body() -> None:
    mail = "From: a@example.org\nSubject: Паром\nContent-Type: text/plain; charset=koi8-r\n\nВ девять".encode("koi8-r")
    assert parse(mail, "a.eml").text == "From: a@example.org\nSubject: Паром\n\nВ девять"


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("us-ascii", "utf-8", "Größe über Straße, Äpfel und Öl"),
        ("windows-1250", "cp1250", "Příliš žluťoučký kůň"),
        ("iso-8859-8-i", "iso-8859-8", "שלום עולם"),
        ("gb2312", "gb18030", "你好，世界"),
        ("iso-2022-jp", "iso-2022-jp", "こんにちは"),
        ("utf-16", "utf-16", "Wide größe"),
        ("us-ascii", "iso-2022-jp", "渡し船は九時"),
        ("unicode-1-1-utf-7", "utf-7", "Höhe und Größe"),
    ],
)
def test_charsets(charset: str, codec: str, text: str) -> None:
    head = f"{HEAD}Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n"
    assert text_of(head.encode() + base64.encodebytes(text.encode(codec))) == text


def test_damaged_text_is_kept_and_reported() -> None:
    head = f"{HEAD}Content-Type: text/plain; charset=utf-8\n\n".encode()
    parsed = parse(head + "Straße und Brücke ".encode() * 20 + b"\xff", "a.eml")
    assert parsed.text.endswith("Brücke \ufffd")
    assert parsed.notes == ("some of its text is in an encoding that is not certain",)


@pytest.mark.parametrize(
    ("codec", "mark"), [("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"), ("utf-16-le", ""), ("utf-16-be", "")]
)
def test_a_mail_in_utf_16(codec: str, mark: str) -> None:
    mail = f"{mark}From: Ida <ida@example.org>\r\nSubject: Fähre\r\n\r\nNach Föhr\r\n".encode(codec)
    parsed = parse(mail, "a.eml")
    assert (parsed.title, parsed.text) == ("Fähre", "From: Ida <ida@example.org>\nSubject: Fähre\n\nNach Föhr")


@pytest.mark.parametrize(
    ("about", "body", "text"),
    [
        (
            "format=flowed",
            "A line that \nwas broken\n> and a \n> quoted one\n-- \nIda",
            "A line that was broken\n> and a quoted one\n-- \nIda",
        ),
        ("format=flowed; delsp=yes", "Brücken \npfeiler", "Brückenpfeiler"),
        ("charset=utf-8", "Two \nlines", "Two \nlines"),
    ],
)
def test_lines_that_the_sender_broke(about: str, body: str, text: str) -> None:
    assert text_of(f"{HEAD}Content-Type: text/plain; {about}\n\n{body}\n".encode()) == text


@pytest.mark.parametrize("blank", [b"", b"\r\n", b"\xa0\r\n"])
def test_a_blank_body_is_certain(blank: bytes) -> None:
    parsed = parse(f"{HEAD}Content-Type: text/plain; charset=iso-8859-1\n\n".encode() + blank, "a.eml")
    assert (parsed.text, parsed.notes) == (BLOCK.strip(), ())


def test_files_that_are_uuencoded_in_the_text_are_attachments() -> None:
    lines = binascii.b2a_uu(b"Nine barges").decode() + "`\nend"
    parsed = parse(f"{HEAD}\nSee below.\n\nbegin 644 barges.txt\n{lines}\n\nbegin 6 pm\nthe end\n".encode(), "a.eml")
    assert (body_of(parsed), inner(parsed)) == ("See below.\n\nbegin 6 pm\nthe end", {"barges.txt": "Nine barges"})


def test_text_that_is_uuencoded() -> None:
    assert text_of(f"{HEAD}Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\n`\nend\n".encode()) == "Cat"


@pytest.mark.parametrize(
    ("mail", "note"),
    [
        (
            multipart("encrypted", "Content-Type: application/pgp-encrypted\n\nVersion: 1"),
            "it is encrypted, and not read",
        ),
        (
            f"{HEAD}Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB".encode(),
            "it is encrypted or signed as S/MIME, and not read",
        ),
    ],
)
def test_encrypted_mails_are_indexed_by_their_headers(mail: bytes, note: str) -> None:
    parsed = parse(mail, "a.eml")
    assert (parsed.text, parsed.notes) == (BLOCK.strip(), (note,))


def test_signatures_are_left_out() -> None:
    signature = "Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----"
    parsed = parse(multipart("signed", "\nSigned text", signature), "a.eml")
    assert (body_of(parsed), parsed.notes, parsed.inner) == ("Signed text", (), ())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Content-Type: multipart/mixed\n\n--edge\n\nNo boundary named\n--edge--", "No boundary named"),
        ("Content-Type: multipart/mixed; boundary=edge\n\nNo part at all", "No part at all"),
        ("Content-Type: multipart/mixed; boundary=edge\n\n--edge\n\nNever closed", "Never closed"),
        (
            "Content-Type: multipart/mixed; boundary=edge\n\n--edge\n\nOne --edge\n--edges\n--edge--",
            "One --edge\n--edges",
        ),
        (
            "Content-Type: multipart/mixed; boundary=edge\n\n--edge\n\n--edge\n\nBehind nothing\n--edge--",
            "Behind nothing",
        ),
        ("Content-Type: nonsense\n\nText", "Text"),
        ("Content-Transfer-Encoding: base64\n\nVGV4dA", "Text"),
    ],
)
def test_messages_that_are_not_quite_right(body: str, text: str) -> None:
    assert text_of((HEAD + body).encode()) == text


def test_parts_are_read_to_a_depth() -> None:
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(40))
    parsed = parse(f"{HEAD}{deep}\nText".encode(), "a.eml")
    assert parsed.text == BLOCK.strip()
    assert parsed.notes == ("parts more than 30 levels deep are not read",)


def test_attached_messages_are_read_to_a_depth() -> None:
    mail = message("Level 0")
    mail.set_content("Bottom.")
    for level in range(12):
        outer = message(f"Level {level + 1}")
        outer.set_content("Over.")
        outer.add_attachment(mail)
        mail = outer
    parsed = parse(mail.as_bytes(), "a.eml")
    assert parsed.notes == ("attachment Level 3 is not read: messages more than 8 levels deep are not read",)


def test_attachments_are_read_up_to_a_number() -> None:
    part = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nText"
    parsed = parse(multipart("mixed", "\nBody", *[part] * 502), "a.eml")
    assert len(parsed.inner) == 500
    assert parsed.notes == ("attachments after the first 500 are not read",)


def test_what_is_no_mail_fails() -> None:
    with pytest.raises(ParseError, match="not a mail message"):
        parse(b"Just words\n", "a.eml")


def test_files_of_apple_mail() -> None:
    mail = b"From: a@example.org\nSubject: Well\n\nDeep enough."
    assert parse(b"%-10d\n%s<?xml version='1.0'?><plist/>" % (len(mail), mail), "7.emlx").text.endswith(
        "\n\nDeep enough."
    )
