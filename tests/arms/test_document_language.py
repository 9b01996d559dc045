"""With ``auto``, each document is analysed in its own language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import embedctl
from embedctl import QueryConfig, SettingsRequest
from embedctl.arms.bm25.document_language import language_of, with_languages
from embedctl.arms.kind import TextRow
from embedctl.store.layout import Layout
from embedctl.store.writer import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {
    "en.txt": "The lighthouse keepers are rowing their boats across the quiet bay every single morning.",
    "de.txt": "Die Häuser der Fischer stehen dicht am Wasser, und die Leuchttürme sind von weitem zu sehen.",
    "fr.txt": "Les gardiens du phare mangeaient des pommes devant la petite maison au bord de la mer.",
    "tr.txt": "IŞIKLAR yanıyor ve balıkçılar sabah erkenden denize açılıyorlar, çocuklar kıyıda bekliyor.",
    "names.txt": "Hafen 7",
}


@pytest.fixture
def store(tmp_path: Path) -> embedctl.Store:
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "docs"], settings=SettingsRequest(model="hashing", language="auto"))
    return store


def spoken(store: embedctl.Store) -> object:
    index = read_manifest(Layout(store.path)).index
    assert index is not None
    return index.arms["bm25"].facts["languages"]


def paths(store: embedctl.Store, text: str) -> list[str]:
    return [hit.path for hit in store.query(text, QueryConfig(mode="bm25")).hits]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("row a boat", "docs/en.txt"),
        ("Haus", "docs/de.txt"),
        ("Leuchtturm", "docs/de.txt"),
        ("Türme", "docs/de.txt"),
        ("manger une pomme", "docs/fr.txt"),
        ("ışık", "docs/tr.txt"),
        ("hafen", "docs/names.txt"),
    ],
)
def test_inflected_words_are_found_in_each_language(store: embedctl.Store, query: str, path: str) -> None:
    assert paths(store, query)[:1] == [path]


def test_phrases_and_exclusions_hold_in_each_language(store: embedctl.Store) -> None:
    assert paths(store, '"gardien du phare"') == ["docs/fr.txt"]
    assert "docs/de.txt" not in paths(store, 'Wasser phare -"Haus"')


def test_rows_are_counted_by_language_as_documents_come_and_go(store: embedctl.Store) -> None:
    assert spoken(store) == {"english": 2, "german": 1, "french": 1, "turkish": 1}
    docs = store.path.parent / "docs"
    (docs / "fr.txt").unlink()
    (docs / "es.txt").write_text(
        "Los pescadores regresan al puerto con sus barcos llenos cada tarde.", encoding="utf-8"
    )
    store.index()
    assert spoken(store) == {"english": 2, "german": 1, "spanish": 1, "turkish": 1}
    assert paths(store, "barco") == ["docs/es.txt"]


def test_a_store_changes_to_auto_without_embedding(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "de.txt").write_text(TEXTS["de.txt"], encoding="utf-8")
    store = embedctl.create(tmp_path / ".embedctl")
    store.index([tmp_path / "docs"], settings=SettingsRequest(model="hashing"))
    assert paths(store, "Haus") == []
    report = store.index(settings=SettingsRequest(language="auto"), rebuild=True)
    assert report.counts.get("embedded", 0) == 0
    assert paths(store, "Haus") == ["docs/de.txt"]


def test_code_and_short_texts_are_english() -> None:
    assert language_of("def schließen(tür): return tür.ist_geschlossen and nicht_offen", "src/tür.py") == "english"
    assert language_of("Hafen 7") == "english"
    assert language_of("Kot leży na dachu i patrzy na ptaki, które lecą nad starym miastem.") == "none"
    assert language_of("Die Katze liegt auf dem Dach und sieht den Vögeln nach.", "rows.jsonl") == "german"


def test_all_chunks_of_a_document_have_its_language() -> None:
    rows = [TextRow(at, 0, text, "", (), "a.md") for at, text in enumerate(("# 1", TEXTS["de.txt"], "ok"))]
    rows.append(TextRow(9, 9, TEXTS["en.txt"], "", (), "b.md"))
    assert [language for _, language in with_languages(rows)] == ["german", "german", "german", "english"]
