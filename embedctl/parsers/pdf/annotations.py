"""What lies over a page: values of form fields, and comments."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .layout import Value
from .runs import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 10_000
"""Annotations of a page that are looked at."""
_REMARKS = (
    *("TEXT", "FREETEXT", "LINE", "SQUARE", "CIRCLE", "POLYGON", "POLYLINE", "HIGHLIGHT", "UNDERLINE", "SQUIGGLY"),
    *("STRIKEOUT", "STAMP", "CARET", "INK", "FILEATTACHMENT"),
)
_PASSWORD = 1 << 13
"""Flag of a text field whose value nobody is to see."""
_LONGEST = 1 << 20
"""Bytes of one text."""


class Overlay(NamedTuple):
    """Values and comments of a page, in its own coordinates."""

    values: list[Value]
    comments: list[str]


def overlay(page: Any, form: Any) -> Overlay:
    """Return what is filled in and what is remarked on an open page; ``form`` is the document's, if it has one."""
    from pypdfium2 import raw

    found = Overlay([], [])
    count = min(raw.FPDFPage_GetAnnotCount(page), MOST)
    kinds = [getattr(raw, f"FPDF_ANNOT_{name}") for name in _REMARKS] if count > 0 else []
    hidden = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
    for number in range(count):
        note = raw.FPDFPage_GetAnnot(page, number)
        if not note:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(note)
            if raw.FPDFAnnot_GetFlags(note) & hidden:
                continue
            if kind == raw.FPDF_ANNOT_WIDGET and form is not None:
                found.values.extend(_value(form, note))
            elif kind in kinds:
                found.comments.extend(_comment(note))
        finally:
            raw.FPDFPage_CloseAnnot(note)
    return found


def _comment(note: Any) -> Iterator[str]:
    """Yield what a comment says, behind the name of its author."""
    author, text = (_string(note, key).strip() for key in (b"T", b"Contents"))
    if text:
        yield f"{author}: {text}" if author else text


def _value(form: Any, note: Any) -> Iterator[Value]:
    """Yield the value of a field that is filled in."""
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetFormFieldType(form, note)
    name, label = (
        _text(partial(get, form, note)).strip()
        for get in (raw.FPDFAnnot_GetFormFieldName, raw.FPDFAnnot_GetFormFieldAlternateName)
    )
    label = label or name.rpartition(".")[2]
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        said = _text(partial(raw.FPDFAnnot_GetFormFieldExportValue, form, note)).strip()
        value = (said or "x") if raw.FPDFAnnot_IsChecked(form, note) else ""
    elif kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        value = ", ".join(_selected(form, note)) or _field_value(form, note)
    elif kind == raw.FPDF_FORMFIELD_TEXTFIELD and not raw.FPDFAnnot_GetFormFieldFlags(form, note) & _PASSWORD:
        value = _field_value(form, note)
    else:
        value = ""
    if value.strip():
        place = raw.FS_RECTF()
        raw.FPDFAnnot_GetRect(note, place)
        yield Value(value.strip(), Box(place.left, place.bottom, place.right, place.top), label)


def _field_value(form: Any, note: Any) -> str:
    from pypdfium2 import raw

    return _text(partial(raw.FPDFAnnot_GetFormFieldValue, form, note))


def _selected(form: Any, note: Any) -> Iterator[str]:
    """Yield the labels of the chosen options."""
    from pypdfium2 import raw

    for option in range(min(raw.FPDFAnnot_GetOptionCount(form, note), MOST)):
        if raw.FPDFAnnot_IsOptionSelected(form, note, option):
            yield _text(partial(raw.FPDFAnnot_GetOptionLabel, form, note, option))


def _string(note: Any, key: bytes) -> str:
    from pypdfium2 import raw

    return _text(partial(raw.FPDFAnnot_GetStringValue, note, key))


def _text(get: Callable[[Any, int], int]) -> str:
    """Return what a function of PDFium writes in UTF-16, cut where it is very long."""
    size = min(get(None, 0), _LONGEST)
    if size <= 2:
        return ""
    from pypdfium2 import raw

    buffer = ctypes.create_string_buffer(size)
    get(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")
