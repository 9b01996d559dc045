"""``--where``: a condition on a document's metadata.

::

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = { "not" } ( "(" expression ")" | comparison )
    comparison  = field [ test ]
    test        = ( "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) literal
                | [ "not" ] "in" "(" literal { "," literal } ")"
                | [ "not" ] "contains" literal
                | [ "not" ] ( "like" | "glob" ) string
                | "is" [ "not" ] "null"
    field       = name { "." name }          name = letters, digits, "_", "-", or anything in backticks
    literal     = string | number | "true" | "false"

Strings stand in single or double quotes; a doubled quote is one quote. Keywords are written in any case. A field on
its own asks whether it is ``true``. ``contains`` looks for an element of a list, a key of an object or a part of a
string. ``like`` knows ``%`` and ``_``, ``glob`` knows ``*``, ``?`` and ``[...]``; both match the whole string.

Logic has three values, as in SQL. Comparing a field that is missing or null, or values of unlike types, is unknown:
not selected, and not selected under ``not`` either. Nothing is converted: ``"2024"`` is not ``2024``. Strings are
compared by code point, which orders ISO dates, in Unicode's form NFC.
"""

from __future__ import annotations

import operator
import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ..errors import UsageError
from ..spelling import composed
from .conditions import comparing, containing, decided_by, like_pattern, matching, negated, one_of, tested, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conditions import Condition, Literal, Metadata

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
      | (?P<quoted>`[^`]+`)
      | (?P<name>\w[\w-]*)
      | (?P<symbol>==|!=|<>|<=|>=|[=<>(),.])
      | (?P<end>\Z)
      | (?P<wrong>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(("and", "or", "not", "in", "contains", "like", "glob", "is", "null", "true", "false"))
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DEEPEST = 100
"""Levels of parentheses and ``not``; deeper ones would end in Python's recursion limit."""
_MOST = 10_000
"""Comparisons: every document is asked all of them. A list of ``in`` is one, however long."""
LONGEST_PATTERN = 4_096
"""Characters of a pattern, as of a path."""
_LONGEST_SHOWN = 80
"""Characters of a token that a message quotes."""


def parse_where(text: str) -> tuple[Callable[[Metadata], bool], frozenset[str]]:
    """Return whether metadata fulfil a condition, unknown counts as no; and every field that it asks about.

    The names of a nested field are joined by dots.

    Raises:
        UsageError: it is not one; the message says what was expected where, the hint points at the place.
    """
    parser = _Parser(text)
    condition = parser.expression()
    if parser.token.kind != "end":
        parser.fail('"and", "or" or the end')
    return lambda metadata: condition(metadata) is True, frozenset(parser.fields)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.fields: set[str] = set()
        self._depth = 0
        self._comparisons = 0
        self._end = 0
        self.token: _Token
        self._advance()

    def expression(self) -> Condition:
        operands = [self._conjunction()]
        while self._take("or"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else decided_by(True, operands)

    def fail(self, expected: str) -> NoReturn:
        found = self.token.text
        if len(found) > _LONGEST_SHOWN:
            found = found[: _LONGEST_SHOWN - 1] + "…"
        found = f'"{found}"' if found else "the end"
        raise UsageError(
            f"The condition cannot be read at position {self.token.at + 1}: expected {expected}, found {found}.",
            "\n".join(["", *_pointed_at(self.text, self.token.at)]),
        )

    def _conjunction(self) -> Condition:
        operands = [self._negation()]
        while self._take("and"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else decided_by(False, operands)

    def _negation(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            self.fail(f"at most {_DEEPEST} levels of parentheses")
        if self._take("not"):
            condition = negated(self._negation())
        elif self._take("("):
            condition = self.expression()
            self._expect(")", '")", "and" or "or"')
        else:
            condition = self._comparison()
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        self._comparisons += 1
        if self._comparisons > _MOST:
            self.fail(f"at most {_MOST:,} comparisons")
        field = self._field()
        if self._take("is"):
            wanted = not self._take("not")
            self._expect("null", '"null"')
            return lambda metadata: (value_of(metadata, field) is None) is wanted
        for symbol, compare in _COMPARISONS.items():
            if self._take(symbol):
                return tested(field, comparing(compare, self._literal()))
        inverted = self._take("not")
        if self._take("in"):
            test = one_of(self._literals())
        elif self._take("contains"):
            test = containing(self._literal())
        elif self._take("like"):
            test = matching(like_pattern(self._pattern()))
        elif self._take("glob"):
            test = matching(translate(self._pattern()))
        elif inverted:
            self.fail('"in", "contains", "like" or "glob"')
        else:
            return lambda metadata: value if isinstance(value := value_of(metadata, field), bool) else None
        return negated(tested(field, test)) if inverted else tested(field, test)

    def _field(self) -> tuple[str, ...]:
        names = [self._name()]
        while self._take("."):
            names.append(self._name())
        self.fields.add(".".join(names))
        return tuple(names)

    def _name(self) -> str:
        kind, text, _ = self.token
        if kind not in ("name", "quoted", "number") or (kind == "number" and not text.isdigit()):
            self.fail('a field name (in backticks where it is not a plain word) or "not"')
        self._advance()
        return text.strip("`") if kind == "quoted" else text

    def _literals(self) -> list[Literal]:
        self._expect("(", '"("')
        literals = [self._literal()]
        while self._take(","):
            literals.append(self._literal())
        self._expect(")", '"," or ")"')
        return literals

    def _literal(self) -> Literal:
        kind, text, _ = self.token
        if self._take("true"):
            return True
        if self._take("false"):
            return False
        if kind == "number":
            try:
                number = int(text) if text.lstrip("+-").isdigit() else float(text)
            except ValueError:  # Python reads no integer of more than 4,300 digits
                self.fail("a number of at most 4,300 digits")
            self._advance()
            return number
        if kind == "keyword" and text.lower() == "null":
            self.fail('a value (for null: "is null" or "is not null")')
        if kind == "name":
            self.fail("a number, true, false or a string in quotes")
        return self._string()

    def _string(self) -> str:
        kind, text, _ = self.token
        if kind != "string":
            self.fail("a string in quotes")
        self._advance()
        return composed(text[1:-1].replace(text[0] * 2, text[0]))

    def _pattern(self) -> str:
        if len(self.token.text) > LONGEST_PATTERN:
            self.fail(f"a pattern of at most {LONGEST_PATTERN:,} characters")
        return self._string()

    def _take(self, word: str) -> bool:
        if self.token.kind not in ("keyword", "symbol") or self.token.text.lower() != word:
            return False
        self._advance()
        return True

    def _expect(self, word: str, expected: str) -> None:
        if not self._take(word):
            self.fail(expected)

    def _advance(self) -> None:
        match = _TOKEN.match(self.text, self._end)
        assert match is not None
        assert match.lastgroup is not None
        self._end = match.end()
        kind, text = match.lastgroup, match[match.lastgroup]
        if kind == "name" and text.lower() in _KEYWORDS:
            kind = "keyword"
        self.token = _Token(kind, text, match.start(match.lastgroup))


def _pointed_at(text: str, at: int) -> list[str]:
    """Return the text around ``at`` on one line, and a caret below the place."""
    begin = max(0, at - 60)
    line = "".join(character if character.isprintable() else " " for character in text[begin : at + 40])
    return [f"  {line}", "  " + " " * (at - begin) + "^"]
