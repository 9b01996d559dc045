"""Choose the columns of a record file that make its documents: by name, else by what stands in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ParseError, UnsupportedError
from ..registry import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..config import RecordFields
    from ..records import JSON

ID_NAMES = ("_id", "id", "doc_id", "docid", "docno", "uuid", "key")
TITLE_NAMES = (
    *("title", "headline", "name", "subject"),
    *("titel", "überschrift", "betreff", "bezeichnung", "titre", "objet", "sujet", "nom", "título", "titulo"),
    *("asunto", "nombre", "titolo", "oggetto", "nome", "assunto", "onderwerp", "naam", "tytuł", "temat", "nazwa"),
    *("tittel", "rubrik", "ämne", "emne", "namn", "navn", "otsikko", "aihe", "nimi", "název", "předmět", "cím"),
    *("tárgy", "titlu", "subiect", "başlık", "konu", "заголовок", "название", "тема", "τίτλος", "θέμα", "όνομα"),
    *("العنوان", "عنوان", "الموضوع", "כותרת", "נושא", "标题", "標題", "题目", "タイトル", "件名", "題名", "제목"),
    *("question", "frage", "pregunta", "domanda", "pergunta", "vraag", "pytanie", "fråga", "spørgsmål", "вопрос"),
    *("問題", "问题", "質問", "질문", "soru"),
)
TEXT_NAMES = ("text", "body", "content", "contents", "passage", "abstract", "document", "description")
LIKELY_NAMES = (
    *("message", "comment", "comments", "note", "notes", "answer", "response", "reply", "summary", "review", "remarks"),
    *("inhalt", "beschreibung", "nachricht", "antwort", "kommentar", "bemerkung", "zusammenfassung"),
    *("texte", "contenu", "corps", "réponse", "commentaire", "résumé", "texto", "contenido", "descripción"),
    *("descripcion", "mensaje", "cuerpo", "respuesta", "comentario", "resumen", "testo", "contenuto", "descrizione"),
    *("messaggio", "risposta", "conteúdo", "conteudo", "descrição", "descricao", "mensagem", "resposta", "resumo"),
    *("tekst", "inhoud", "omschrijving", "beschrijving", "bericht", "antwoord", "treść", "opis", "wiadomość"),
    *("odpowiedź", "innehåll", "beskrivning", "meddelande", "svar", "indhold", "beskrivelse", "innhold", "melding"),
    *("teksti", "sisältö", "kuvaus", "viesti", "obsah", "popis", "zpráva", "odpověď", "szöveg", "leírás", "üzenet"),
    *("conținut", "descriere", "mesaj", "metin", "içerik", "açıklama", "cevap", "yanıt"),
    *("текст", "содержание", "описание", "сообщение", "ответ", "комментарий", "зміст", "опис", "повідомлення"),
    *("κείμενο", "περιεχόμενο", "περιγραφή", "النص", "نص", "المحتوى", "الوصف", "טקסט", "תוכן", "תיאור"),
    *("文本", "内容", "內容", "正文", "描述", "回答", "答案", "本文", "テキスト", "説明"),
    *("내용", "본문", "설명", "답변"),
)

"""Names of text columns in sheets, where other columns tell something, too."""

_MOST_LISTED = 30
_PROSE_WORDS = 6
"""Words that a value of a column of prose has on average."""
_SYMBOLS_PER_WORD = 2
"""Of scripts that are written without spaces."""
_VERBAL = 0.5
"""Share of the values that have words, of a column that is worth searching."""
_LIKELY = 0.5
"""Share of the rows that have a value in a column whose name makes it the text."""
_VARIED = 0.3
"""Share of the values that are distinct, of a column that tells rows apart."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_CODE = re.compile(r"\S*[\d@/\\_=]\S*")
"""A value that is one sign for something: a number of an order, an address, a path."""


class Columns(NamedTuple):
    """The columns of one file, spelled as the file spells them."""

    id: str | None
    title: str | None
    text: tuple[str, ...]
    """Their values make the text, one paragraph each."""
    lines: tuple[str, ...] = ()
    """Their values stand below it, each behind the name of its column, and are metadata as well."""
    guessed: bool = False
    """``text`` and ``lines`` were chosen by content."""

    @property
    def note(self) -> str | None:
        """Which columns are searched, where no name says so: a finished clause."""
        if not self.guessed:
            return None
        searched = [*([self.title] if self.title else []), *self.text, *self.lines]
        names = _listed([f'"{name}"' for name in searched])
        return f"searched by {names}, since no column is called text or the like (--text-field names others)"


def named_columns(columns: Sequence[str], fields: RecordFields) -> Columns:
    """Choose among ``columns``: what ``fields`` names, else the first of the usual names; case does not matter.

    Raises:
        ParseError: a column that ``fields`` names is absent.
    """
    text = tuple(_asked(columns, name, "--text-field") for name in fields.text)
    if not text and (usual := _usual(columns, TEXT_NAMES)) is not None:
        text = (usual,)
    others = [column for column in columns if column not in text]
    title = _usual(others, TITLE_NAMES) if fields.title is None else _asked(others, fields.title, "--title-field")
    own_id = _usual(columns, ID_NAMES) if fields.id is None else _asked(columns, fields.id, "--id-field")
    lines = tuple(_asked(columns, name, "--search-field") for name in fields.search)
    return Columns(own_id, title, text, tuple(name for name in dict.fromkeys(lines) if name not in (*text, title)))


def guessed_columns(columns: Sequence[str], named: Columns, rows: Sequence[Mapping[str, JSON]]) -> Columns:
    """Add columns with words in them, going by some ``rows``, to what is ``named``.

    Those with prose, and one with a likely name, become the text. Those with shorter words become lines, so that they
    stay metadata.

    Raises:
        UnsupportedError: no column has words that tell rows apart, and no title is named.
    """
    text: list[str] = []
    lines: list[str] = []
    telling = named.title is not None
    likely = _usual(columns, LIKELY_NAMES)
    for column in columns:
        if column in (named.id, named.title, *named.lines):
            continue
        values = [value for row in rows if isinstance(value := row.get(column), str) and value.strip()]
        words = [_words(value) for value in values]
        if not values or sum(map(bool, words)) < _VERBAL * len(values):
            continue
        if column == likely and _LIKELY * len(rows) <= len(values):
            text.append(column)
            telling = True
            continue
        varied = len(set(values)) >= min(2, len(values)) and len(set(values)) >= _VARIED * len(values)
        telling |= varied
        (text if varied and sum(words) >= _PROSE_WORDS * len(values) else lines).append(column)
    if not telling:
        hint = "Name the column to search with --text-field."
        raise UnsupportedError(f"has no text column; its columns are {_listed(columns)}", hint)
    return named._replace(text=tuple(text), lines=(*named.lines, *lines), guessed=True)


def _words(value: str) -> int:
    """Return how many words a value has; 0 for numbers, codes and addresses."""
    if _CODE.fullmatch(value.strip()):
        return 0
    unspaced = len(_UNSPACED.findall(value))
    return unspaced // _SYMBOLS_PER_WORD if unspaced > 1 else len(_WORD.findall(value))


def _usual(columns: Iterable[str], names: Sequence[str]) -> str | None:
    spelled = _by_folded_name(columns)
    return next((spelled[name] for name in names if name in spelled), None)


def _asked(columns: Sequence[str], wanted: str, flag: str) -> str:
    if wanted in columns:
        return wanted
    spelled = _by_folded_name(columns)
    if wanted.casefold() in spelled:
        return spelled[wanted.casefold()]
    message = f'has no column "{wanted}" ({flag}); its columns are {_listed(columns)}'
    raise ParseError(message, nearest(wanted, columns).strip())


def _by_folded_name(columns: Iterable[str]) -> dict[str, str]:
    return {column.casefold(): column for column in reversed(list(columns))}


def _listed(columns: Sequence[str]) -> str:
    more = len(columns) - _MOST_LISTED
    return ", ".join(columns[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
