"""Other spellings of words, and what finds what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from embedctl.arms.bm25.arm import Bm25Arm
from embedctl.arms.bm25.spellings import spellings
from embedctl.arms.bm25.writer import Bm25Writer
from embedctl.arms.kind import TextRow

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Query:
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


def built(folder: Path, *texts: str) -> Bm25Arm:
    with Bm25Writer(folder / "index", "english", 15_000_000) as writer:
        for label, text in enumerate(texts, start=1):
            writer.add(TextRow(label, label, text, "", (), ""))
        writer.commit()
    return Bm25Arm(folder / "index", "english")


def found(arm: Bm25Arm, text: str) -> list[int]:
    return [int(label) for label in arm.query(Query(tuple(text.split()))).search(10).labels]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call closeVaultDoor(now)", ["close Vault Door"]),
        ("XMLNodeReader", ["XML Node Reader"]),
        ("größeÄndernJetzt", ["größe Ändern Jetzt"]),
        ("close_vault_door and re-entry", ["closevaultdoor", "reentry"]),
        ("R&D", ["RD"]),
        ("C++, C# and F#; libfoo++", ["Cplusplus", "Csharp", "Fsharp", "libfooplusplus"]),
        ("C++20 or C/C++", ["Cplusplus", "Cplusplus"]),
        ("on .NET 8, ASP.NET or Node.js", ["dotNET", "ASPNET", "Nodejs"]),
        ("in .gitattributes", ["dotgitattributes"]),
        ("16GB, 3.5GHz, 8mm", ["16 GB", "5 GHz", "8 mm"]),
        ("python3 and sha256", ["python 3", "sha 256"]),
        ("2,500,000 or 2.500.000 or 2'500'000", ["2500000"] * 3),
        ("12_000 and 1,50,000", ["12000", "150000"]),
        ("about 2 500 000 people", ["2500000"]),
        ("the U.S. and the U.K., e.g. a Ph.D.", ["US", "UK", "eg", "PhD"]),
        ("many URLs", ["URL"]),
    ],
)
def test_other_spellings(text: str, expected: list[str]) -> None:
    assert [" ".join(spelling.words) for spelling in spellings(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Plain prose, with capitals. And Sentences: NASA said so.",
        "It ended.The next began... or so",
        "a **bold** word, 3.14 and 10:30 on 2024-01-15",
        "../parent ./here x[i].name self.value",
        "9f86d081884c7d659a2feaa0c55ad015",
        "A" * 500 + "b" * 500 + "-" * 500,
    ],
)
def test_words_without_other_spellings(text: str) -> None:
    assert spellings(text) == []


def test_the_whole_finds_the_parts_and_the_parts_the_whole(tmp_path: Path) -> None:
    arm = built(tmp_path, "closeVaultDoor()", "close_vault_door = 1", "close-vault-door", "close the vault door", "sky")
    for text in ("vault door", "closeVaultDoor", "close_vault_door", "close-vault-door"):
        assert set(found(arm, text)) == {1, 2, 3, 4}, text
    assert set(found(arm, "closevaultdoor")) == {1, 2, 3}
    assert found(arm, "closeVaultDoor")[0] == 1


def test_names_made_of_symbols_are_words(tmp_path: Path) -> None:
    arm = built(tmp_path, "written in C++ here", "written in C# here", "written in C here", "on .NET", "a net of F#")
    assert found(arm, "C++") == [1]
    assert found(arm, "C#,") == [2]
    assert found(arm, "c") == [1, 2, 3] or set(found(arm, "c")) == {1, 2, 3}
    assert found(arm, ".NET")[0] == 4
    assert found(arm, "csharp") == [2]
    assert found(arm, "F#") == [5]


def test_numbers_and_units(tmp_path: Path) -> None:
    arm = built(tmp_path, "a disk of 16GB", "a drill of 8 mm", "2,500,000 rows", "2 500 000 Zeilen", "2500000 lines")
    assert found(arm, "16 GB") == [1]
    assert found(arm, "8mm") == [2]
    for text in ("2500000", "2,500,000", "2.500.000", "2 500 000"):
        assert set(found(arm, text)) == {3, 4, 5}, text


def test_the_digits_of_a_name_count_only_beside_its_letters(tmp_path: Path) -> None:
    arm = built(tmp_path, "Four of 4 boats", "Pump model 4100", "The pump XJR4100 hums", "XJR 4100 and others")
    assert sorted(found(arm, "XJR4100")) == [3, 4]
    assert found(arm, "qwvz4") == []
    assert found(arm, "wqz4100") == []


def test_initials_are_prose_and_not_identifiers(tmp_path: Path) -> None:
    arm = built(
        tmp_path, "the e and the g string", "exports of the U.S.", "exports of the US", "strings, e.g. of nylon"
    )
    assert found(arm, "strings e.g. nylon")[0] == 4
    assert set(found(arm, "U.S. exports")) == {2, 3}
    assert 2 in found(arm, "US")


def test_other_spellings_change_no_phrase(tmp_path: Path) -> None:
    arm = built(tmp_path, "then call-back functions run closeVaultDoor at once")
    for phrase in ("call back functions", "run closeVaultDoor at once", "close vault door"):
        assert arm.query(Query(phrases=(phrase,))).notes() == []
    assert arm.query(Query(phrases=("run close",))).notes()


def test_a_phrase_is_required_where_it_is_found_and_else_counts_by_its_words(tmp_path: Path) -> None:
    arm = built(tmp_path, "signing key of the harbour", "key for signing", "harbour of the night", "night key")
    assert arm.query(Query(("harbour",), ("signing key",))).search(9).labels.tolist() == [1]
    absent = arm.query(Query(("harbour",), ("signing harbour",)))
    assert absent.notes() == ['Nothing has the phrase "signing harbour": BM25 looks for the words.']
    assert set(absent.search(9).labels.tolist()) == {1, 2, 3}
    apart = arm.query(Query((), ("signing key", "night key")))
    assert apart.notes() == ['Nothing has all of the phrases "signing key", "night key": BM25 looks for the words.']
    assert len(apart.search(9).labels) == 4
    excluded = arm.query(Query(("harbour",), ("night key",), ("night",)))
    assert excluded.notes()
    assert set(excluded.search(9).labels.tolist()) == {1, 2}


def test_the_matcher_knows_other_spellings(tmp_path: Path) -> None:
    arm = built(tmp_path, "x")
    matches = arm.matcher(Query(("vault", "C++", "2,500,000", "16", "GB")))
    words = ("closeVaultDoor", "C++", "C", "2,500,000", "16GB", "sky")
    assert [word for word in words if matches(word)] == ["closeVaultDoor", "C++", "2,500,000", "16GB"]
