"""Unlabelled texts of many languages are read right, or noted as uncertain, or refused."""

from __future__ import annotations

import pytest

from embedctl.errors import UnsupportedError
from embedctl.parsers import parse, parser_for
from embedctl.parsers.decoding import decode_noted

TEXTS = {
    "cs": "Správce přístavu každé ráno měří výšku hladiny a zapisuje ji do sešitu. Když přijde bouře, zavře obě vrata.",
    "sk": "Každý deň kontrolujeme výšku vody v kanáli. Ak fúka silný vietor, lode čakajú pri móle až do večera.",
    "pl": "Latarnik zapala światło o zmierzchu. Gdy wieje silny wiatr, łodzie wracają do portu jeszcze przed nocą.",
    "hu": (
        "A gátőr minden reggel megméri a víz állását, és feljegyzi a füzetébe. "
        "Ha erős szél fúj, a hajók a kikötőben várnak."
    ),
    "hr": "Svako jutro čuvar mjeri visinu vode i zapisuje je u bilježnicu. Kad puše jak vjetar, brodovi čekaju u luci.",
    "sl": (
        "Vsako jutro čuvaj izmeri višino vode in jo zapiše v zvezek. Če piha močan veter, ladje čakajo v pristanišču."
    ),
    "tr": (
        "Bekçi her sabah suyun yüksekliğini ölçer ve deftere yazar. Güçlü "
        "rüzgâr eserse gemiler akşama kadar limanda kalır."
    ),
    "ru": (
        "Смотритель каждое утро измеряет уровень воды и записывает его в тетрадь. Когда дует ветер, суда ждут в порту."
    ),
    "el": "Ο φύλακας μετρά κάθε πρωί τη στάθμη του νερού και τη γράφει στο τετράδιο. Τα πλοία περιμένουν στο λιμάνι.",
    "lv": (
        "Sargs katru rītu mēra ūdens līmeni un ieraksta to burtnīcā. Ja pūš stiprs vējš, kuģi gaida ostā līdz vakaram."
    ),
    "de": (
        "Der Wärter misst jeden Morgen die Höhe des Wassers. Bei stürmischem "
        "Wetter schließt er früh beide Schleusentore."
    ),
    "fr": (
        "Le gardien mesure chaque matin la hauteur de l'eau près de l'écluse, "
        "puis il la note à l'encre dans son cahier."
    ),
    "uk": "Доглядач щоранку вимірює рівень води й записує його до зошита. Коли дме вітер, судна чекають у гавані.",
}
ENCODINGS = {
    **dict.fromkeys(("cs", "sk", "pl", "hu", "hr", "sl"), ("cp1250", "iso8859_2")),
    "tr": ("cp1254", "iso8859_9"),
    "ru": ("cp1251", "koi8_r", "cp866", "iso8859_5"),
    "uk": ("cp1251", "koi8_u"),
    "el": ("cp1253", "iso8859_7"),
    "lv": ("cp1257",),
    "de": ("cp1252", "cp850"),
    "fr": ("cp1252", "iso8859_15"),
}
CASES = [(language, encoding) for language, encodings in ENCODINGS.items() for encoding in encodings]
UNCERTAIN = "The Škoda works at Plzeň built three pumps for the mine.\n"
SHORT = {
    "Przystań żeglarska w Łebie czynna codziennie, także w święta": "cp1250",
    "A hűtő zúgása őrjítő volt éjjel": "cp1250",
    "Večeře byla výborná, děkujeme všem": "iso8859_2",
    "Işıklar söndü, çocuğun gözleri kapandı": "cp1254",
}


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_a_text_is_read_in_its_own_encoding(language: str, encoding: str) -> None:
    text = TEXTS[language]
    reading = decode_noted(text.encode(encoding))
    assert reading.text == text
    assert text.encode(encoding).decode(reading.encoding) == text


@pytest.mark.parametrize(("text", "encoding"), SHORT.items())
def test_a_line_is_enough(text: str, encoding: str) -> None:
    assert decode_noted(text.encode(encoding)).text == text


def test_what_is_not_certain_is_noted_with_the_encoding() -> None:
    document = parse(UNCERTAIN.encode("cp1250"), "a.txt")
    assert document.notes == (f"its encoding is not certain; it was read as {document.encoding}",)
    assert parse(TEXTS["pl"].encode("cp1250"), "a.txt").notes == ()


@pytest.mark.parametrize("path", ["a.md", "a.org", "a.py", "a.rst", "a.srt"])
def test_every_kind_of_text_notes_it(path: str) -> None:
    (note,) = parse(UNCERTAIN.encode("cp1250"), path).notes
    assert note.startswith("its encoding is not certain")


def test_a_few_damaged_bytes_do_not_turn_utf8_into_another_encoding() -> None:
    data = (TEXTS["cs"] + "\n" + TEXTS["de"]).encode() + b" broken \xe9 here"
    document = parse(data, "a.txt")
    assert document.text.startswith(TEXTS["cs"])
    assert document.text.endswith("broken \ufffd here")
    assert document.notes == ("1 of its bytes are not valid UTF-8 and were read as \ufffd",)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", ["de", "ru"])
def test_utf16_without_a_mark(encoding: str, language: str) -> None:
    data = TEXTS[language].encode(encoding)
    assert parser_for("exported", data) == "text"
    assert decode_noted(data) == (TEXTS[language], encoding, ())


def test_a_log_with_nuls_is_text_without_them() -> None:
    line = "2024-05-01 10:00:00 pump 3 started and runs without load\n"
    document = parse((line + "\0" * 4096 + line).encode(), "pump.log")
    assert document.text == line + line
    assert document.notes == ("4,096 NUL characters in it are left out",)
    spread = parse((line * 5).encode().replace(b"pump", b"pu\0mp", 2), "pump.log")
    assert spread.text == line * 5


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x00\x02\x00\x10\x00\x20\x00" * 40,
        b"name\0size\0" * 60,
        b"A line of words with a NUL\0in it.",
        b"One more NUL, at the other\0 place.",
        b"words that are followed by a record " * 4 + b"\0\x01\x02\x03",
    ],
)
def test_binary_data_with_words_in_it_stays_binary(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match="binary file"):
        parse(data, "a.txt")
