"""Numbers as a spreadsheet shows them, by the format codes of ECMA-376, 18.8.31.

Rounding, per cent, leading zeros, grouping, currency, dates and durations follow the code. Dates whose form is the
reader's own (short date, long date) are written in ISO 8601.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from .date_formats import Token, iso_date, literal, shown_date

if TYPE_CHECKING:
    from collections.abc import Callable

GENERAL = "General"
BUILT_IN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd hh:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
    49: "@", **dict.fromkeys((27, 28, 29, 30, 31, 34, 35, 36, *range(50, 59)), "yyyy-mm-dd"), 32: "h:mm", 33: "h:mm:ss",
}  # fmt: skip
"""Codes that files name by number only; those that depend on the reader's language as ISO 8601 has them."""
MOST_DIGITS = 15
"""Significant digits that spreadsheets keep."""
LONGEST_CODE = 255

_NUDGE, _EXACT = 1 + 4e-16, 1e12
"""2.675 is a little less in binary, and not to those who wrote it; the last digits of larger numbers would change."""
_TOKEN = re.compile(
    r"""\[(?P<bracket>[^\]]*)\]|"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)
    |(?P<ampm>AM/PM|A/P)|(?P<exponent>E[+-])|(?P<general>General)|(?P<date>[ymdhs]+)|(?P<digits>[0\#?.,/]+)
    |(?P<percent>%)|(?P<text>@)|(?P<literal>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SIMPLE = re.compile(r"(#,##)?0(\.0+)?(%)?$")
_SECTION = re.compile(r'(?:"[^"]*"?|\\.|\[[^\]]*\]|[^;"\\\[]|\[)*', re.DOTALL)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)$")
_SYSTEM = ("$-F800", "$-F400", "$-x-sys")


@lru_cache(maxsize=50_000)
def shown(value: str, code: str, *, epoch_1904: bool = False) -> str:
    """Return a number, as a file spells it, the way ``code`` shows it; other texts as they are."""
    try:
        number = float(value)
    except ValueError:
        return value
    return _writer(code[:LONGEST_CODE])(number, epoch_1904) if abs(number) < 1e308 else value


def general(number: float) -> str:
    """Return a number without exponent, in as many digits as it has."""
    if number == int(number) and abs(number) < 1e21:
        return str(int(number))
    text = f"{number:.{MOST_DIGITS}g}"
    if "e" not in text or not 1e-9 < abs(number) < 1e21:
        return text
    return f"{Decimal(text):f}"


@lru_cache(maxsize=1000)
def _writer(code: str) -> Callable[[float, bool], str]:
    if simple := _SIMPLE.match(code):
        places, scale, end = len(simple[2] or ".") - 1, 100 if simple[3] else 1, simple[3] or ""
        write_rounded = f"{{:{',' if simple[1] else ''}.{places}f}}".format
        return lambda number, _: write_rounded(number * scale * (_NUDGE if abs(number) < _EXACT else 1)) + end
    sections = [_tokens(section) for section in _sections(code)]
    if not code or code.lower() == GENERAL.lower():
        return lambda number, _: general(number)

    def write(number: float, epoch_1904: bool) -> str:
        tokens, negated = _chosen(sections, number)
        try:
            return _written(tokens, number, epoch_1904, negated=negated)
        except (ValueError, OverflowError):
            return general(number)

    return write


def _sections(code: str) -> list[str]:
    sections: list[str] = []
    position = 0
    while position <= len(code) and len(sections) < 4:
        match = _SECTION.match(code, position)
        end = match.end() if match else position
        sections.append(code[position:end])
        position = end + 1
    return sections


def _tokens(section: str) -> list[Token]:
    return [Token(match.lastgroup or "literal", match[match.lastgroup or 0]) for match in _TOKEN.finditer(section)]


def _chosen(sections: list[list[Token]], number: float) -> tuple[list[Token], bool]:
    """Return the section for a number, and whether its sign is to be written in front."""
    for section in sections:
        for token in section:
            if token.kind == "bracket" and (condition := _CONDITION.match(token.text)):
                if _holds(condition[1], number, float(condition[2])):
                    return section, number < 0
                break
        else:
            continue
    plain = [
        section
        for section in sections
        if not any(token.kind == "bracket" and _CONDITION.match(token.text) for token in section)
    ]
    if not plain:
        return [Token("general", GENERAL)], number < 0
    if len(plain) != len(sections):
        return plain[0], number < 0
    if number < 0 and len(plain) > 1:
        return plain[1], False
    if number == 0 and len(plain) > 2:
        return plain[2], False
    return plain[0], number < 0


def _holds(operator: str, number: float, limit: float) -> bool:
    if operator in ("=", "<>"):
        return (number == limit) == (operator == "=")
    return (number < limit if operator[0] == "<" else number > limit) or (number == limit and operator[1:] == "=")


def _written(tokens: list[Token], number: float, epoch_1904: bool, *, negated: bool) -> str:
    kinds = {token.kind for token in tokens}
    elapsed = [t for t in tokens if t.kind == "bracket" and t.text.lower().strip("hms") == "" and t.text]
    if any(token.kind == "bracket" and token.text.startswith(_SYSTEM) for token in tokens):
        return iso_date(number, epoch_1904)
    if "date" in kinds or elapsed:
        return shown_date(tokens, number, epoch_1904, elapsed=bool(elapsed))
    if "digits" not in kinds:
        if "general" in kinds or "text" in kinds:
            body = ("-" if negated else "") + general(abs(number))
            return "".join(body if each.kind in ("general", "text") else literal(each) for each in tokens).strip()
        return "".join(map(literal, tokens)).strip()
    return _number(tokens, abs(number), negated=negated)


def _number(tokens: list[Token], number: float, *, negated: bool) -> str:
    digits = [place for place, token in enumerate(tokens) if token.kind == "digits"]
    pattern = "".join(tokens[place].text for place in digits)
    percents = sum(token.kind == "percent" for token in tokens)
    if "/" in pattern:
        text = general(number)
    elif any(token.kind == "exponent" for token in tokens):
        decimals = len(tokens[digits[0]].text.partition(".")[2])
        return ("-" if negated else "") + f"{number:.{decimals}E}"
    else:
        # A telephone number, such as 000-00-00, has its digits in several places.
        whole = pattern if len(digits) == 1 or "." in pattern else None
        if whole is None:
            return ("-" if negated else "") + _masked(tokens, number).strip()
        text = _fixed(whole, number, 100**percents)
    written = [*map(literal, tokens)]
    for place in digits:
        written[place] = ""
    written[digits[0]] = text
    body = "".join(written).strip()
    # A sign belongs in front of the number, and of a currency before it.
    return f"-{body}" if negated and any(each.isdigit() and each != "0" for each in text) else body


def _fixed(pattern: str, number: float, scale: int) -> str:
    before, _, after = pattern.partition(".")
    thousands = len(before) - len(before.rstrip(",")) if not after else len(after) - len(after.rstrip(","))
    after = after.replace(",", "")
    places = min(len(after), 30)
    whole, _, fraction = _rounded(number * scale / 1000.0**thousands, places).partition(".")
    grouped = "," in before.rstrip(",")
    before = before.replace(",", "")
    least = sum(each in "0" for each in before)
    whole = whole.lstrip("0").rjust(min(least, 30), "0")
    if grouped:
        whole = f"{int(whole or 0):,}" if least or whole else ""
    optional = len(after) - len(after.rstrip("#?"))
    while optional and fraction.endswith("0"):
        fraction, optional = fraction[:-1], optional - 1
    return f"{whole}.{fraction}" if fraction else whole


def _rounded(number: float, places: int) -> str:
    """Return a number with so many decimals; a half, as it is written in decimals, is rounded up."""
    return f"{number * _NUDGE if number < _EXACT else number:.{places}f}"


def _masked(tokens: list[Token], number: float) -> str:
    """Return the digits of a number in the places of a mask."""
    slots = sum(each in "0#?" for token in tokens if token.kind == "digits" for each in token.text)
    digits = str(int(number + 0.5)).rjust(slots, "0")
    spare, rest = digits[: len(digits) - slots], digits[len(digits) - slots :]
    written, place = [], 0
    for token in tokens:
        if token.kind != "digits":
            written.append(literal(token))
            continue
        count = sum(each in "0#?" for each in token.text)
        written.append(("" if place else spare) + rest[place : place + count])
        place += count
    return "".join(written)
