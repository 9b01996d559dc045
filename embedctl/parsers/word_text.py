"""Text of one paragraph of a Word document: runs, fields and equations, and what floats beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .drawing import alternative_text, lines
from .equations import MATH, equation
from .ooxml import ALTERNATE, CHOICE, DRAWING, FALLBACK, OFFICE, is_on
from .word_styles import VALUE, WORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_RUN, _TEXT, _PROPERTIES, _FIELD = (f"{WORD}{name}" for name in ("r", "t", "rPr", "fldChar"))
_KIND = f"{WORD}fldCharType"
_CHARACTERS = {
    f"{WORD}tab": "\t", f"{WORD}ptab": "\t", f"{WORD}br": "\n", f"{WORD}cr": "\n", f"{WORD}noBreakHyphen": "-",
}  # fmt: skip
_LEFT_OUT = {
    f"{WORD}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "sdtPr", "sdtEndPr", "delText", "softHyphen", "tblPr")
}
_PAGE = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|SECTION)\b", re.IGNORECASE)
_VECTOR = "{urn:schemas-microsoft-com:vml}"
_INLINE = f"{{{OFFICE}/drawingml/2006/wordprocessingDrawing}}"
_SYMBOLS = dict(
    zip(
        "ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprVstufcyw",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψω",
        strict=True,
    )
) | {"\xa3": "≤", "\xb3": "≥", "\xb1": "±", "\xb4": "×", "\xb8": "÷", "\xb9": "≠", "\xb0": "°", "\xae": "→"}


class Story:
    """Where paragraphs of one part of a document send what is not their text."""

    def __init__(
        self, blocks: Callable[[Any], Iterable[str]], graphics: Callable[[Any], Iterable[str]], comments: dict[str, str]
    ) -> None:
        """Prepare; ``blocks`` reads a text box, ``graphics`` a drawing; comments are taken out as they are met."""
        self.blocks = blocks
        self.graphics = graphics
        self.comments = comments


class Runs:
    """One paragraph as it reads with all tracked changes accepted."""

    def __init__(self, story: Story, paragraph: Any) -> None:
        """Read a paragraph."""
        self._story = story
        self._parts: list[str] = []
        self._readings: list[str] = []
        self._fields: list[tuple[list[str], bool]] = []
        """Instructions of the open fields, and whether their results are being read."""
        self.beside: list[str] = []
        """Text boxes, charts, descriptions of pictures, and comments, each a block."""
        self.has_page_number = False
        self._walk(paragraph)

    @property
    def text(self) -> str:
        """The text, with line breaks where the paragraph has them; readings of Japanese follow it."""
        text = "".join(self._parts)
        return f"{text} ({' '.join(self._readings)})" if self._readings else text

    def _walk(self, element: Any) -> None:
        for child in element:
            tag = child.tag
            if tag == _RUN:
                self._run(child)
            elif tag == _TEXT:
                self._add(child.text or "")
            elif tag in _CHARACTERS:
                self._add(_CHARACTERS[tag])
            elif tag == _FIELD:
                self._field(child)
            elif tag in _LEFT_OUT or not isinstance(tag, str):
                continue
            elif (read := _READERS.get(tag)) is not None:
                read(self, child)
            else:
                self._walk(child)

    def _run(self, run: Any) -> None:
        if len(run) and run[0].tag == _PROPERTIES and is_on(run[0].find(f"{WORD}vanish"), VALUE):
            self._hidden(run)
        else:
            self._walk(run)

    def _hidden(self, run: Any) -> None:
        """Follow the fields of a hidden run, which are begun in one and ended in another."""
        for child in run:
            if child.tag == _FIELD:
                self._field(child)
            elif child.tag == f"{WORD}instrText":
                self._instruct(child)

    def _add(self, text: str) -> None:
        for instruction, in_result in self._fields:
            if not in_result:
                return
            if instruction and _PAGE.match("".join(instruction)):
                self.has_page_number = True
                return
        self._parts.append(text)

    def _instruct(self, element: Any) -> None:
        if self._fields and not self._fields[-1][1]:
            self._fields[-1][0].append(element.text or "")

    def _field(self, element: Any) -> None:
        kind = element.get(_KIND)
        if kind == "begin":
            self._fields.append(([], False))
            if (choices := element.find(f"{WORD}ffData/{WORD}ddList")) is not None:
                self._chosen(choices)
        elif kind == "separate" and self._fields:
            self._fields[-1] = (self._fields[-1][0], True)
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _chosen(self, choices: Any) -> None:
        """Add the entry of a drop-down field that is chosen: no run has it."""
        entries = [each.get(VALUE) or "" for each in choices.iterchildren(f"{WORD}listEntry")]
        result = choices.find(f"{WORD}result")
        number = "0" if result is None else result.get(VALUE) or "0"
        if number.isdecimal() and int(number) < len(entries):
            self._parts.append(entries[int(number)])

    def _simple_field(self, element: Any) -> None:
        self._fields.append(([element.get(f"{WORD}instr") or ""], True))
        self._walk(element)
        self._fields.pop()

    def _ruby(self, element: Any) -> None:
        for child in element:
            if child.tag == f"{WORD}rubyBase":
                self._walk(child)
            elif child.tag == f"{WORD}rt" and (reading := Runs(self._story, child).text.strip()):
                self._readings.append(reading)

    def _symbol(self, element: Any) -> None:
        code = element.get(f"{WORD}char") or ""
        try:
            character = chr(int(code, 16) & 0xFF) if code.upper().startswith("F0") else chr(int(code, 16))
        except (ValueError, OverflowError):
            return
        symbolic = element.get(f"{WORD}font") == "Symbol"
        if symbolic or not code.upper().startswith("F0"):  # of other fonts nobody knows what they show
            self._add(_SYMBOLS.get(character, character) if symbolic else character)

    def _alternate(self, element: Any) -> None:
        """Read the first alternative that has anything to read."""
        for alternative in element:
            if alternative.tag in (CHOICE, FALLBACK):
                before = len(self._parts) + len(self.beside)
                self._walk(alternative)
                if len(self._parts) + len(self.beside) > before:
                    return

    def _text_box(self, element: Any) -> None:
        self.beside += self._story.blocks(element)

    def _drawing(self, element: Any) -> None:
        """Read the description of a picture, charts and diagrams, and the texts in shapes."""
        self.beside += filter(None, [alternative_text(element.find(f"*/{_INLINE}docPr"))])
        self.beside += filter(None, self._story.graphics(element))
        if next(element.iter(f"{WORD}txbxContent"), None) is not None:
            self._walk(element)
        elif next(element.iter(f"{DRAWING}p"), None) is not None:
            self.beside += lines(element)

    def _word_art(self, element: Any) -> None:
        self.beside += filter(None, [(element.get("string") or "").strip()])

    def _equation(self, element: Any) -> None:
        self._add(equation(element))

    def _comment(self, element: Any) -> None:
        self.beside += filter(None, [self._story.comments.pop(element.get(f"{WORD}id") or "", "")])


_READERS: dict[str, Callable[[Runs, Any], None]] = {
    f"{WORD}instrText": Runs._instruct,
    f"{WORD}fldSimple": Runs._simple_field,
    f"{WORD}ruby": Runs._ruby,
    f"{WORD}sym": Runs._symbol,
    f"{WORD}txbxContent": Runs._text_box,
    f"{WORD}drawing": Runs._drawing,
    f"{WORD}commentReference": Runs._comment,
    f"{_VECTOR}textpath": Runs._word_art,
    f"{MATH}oMath": Runs._equation,
    f"{MATH}oMathPara": Runs._equation,
    ALTERNATE: Runs._alternate,
}
