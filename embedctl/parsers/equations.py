"""Equations of Office files (OMML) and of OpenDocument (MathML) as one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ooxml import OFFICE, local

if TYPE_CHECKING:
    from collections.abc import Callable

MATH = f"{{{OFFICE}/officeDocument/2006/math}}"

_UPPER = str.maketrans("0123456789+-=()niT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ")
_LOWER = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def equation(element: Any) -> str:
    """Return ``m:oMath`` or MathML as text: ``(a+b)/2``, ``x²``, ``√(2)``."""
    name = local(element)
    write = _WRITERS.get(name)
    if write is not None:
        return write(element)
    if name in ("t", "mi", "mn", "mo", "mtext", "ms"):
        return "".join(element.itertext()).strip() if name != "t" else element.text or ""
    if name.endswith("Pr") or name.startswith("annotation"):
        return ""
    return "".join(equation(child) for child in element.iterchildren("*"))


def _parts(element: Any, *names: str) -> list[str]:
    """Return the text of each named child, empty where it has none."""
    found = {local(child): child for child in element.iterchildren("*")}
    return [equation(found[name]) if name in found else "" for name in names]


def _children(element: Any) -> list[str]:
    return [equation(child) for child in element.iterchildren("*")]


def _property(element: Any, name: str, default: str) -> str:
    """Return a character that the properties of an OMML element set."""
    for child in element.iterchildren("*"):
        if local(child).endswith("Pr"):
            for each in child.iterchildren(f"{MATH}{name}"):
                return str(each.get(f"{MATH}val") or "")
    return default


def _grouped(text: str) -> str:
    return f"({text})" if len(text) > 1 and not text.isalnum() and not _enclosed(text) else text


def _enclosed(text: str) -> bool:
    return text[0] == "(" and text[-1] == ")" and text.count("(") == 1


def _raised(text: str) -> str:
    raised = text.translate(_UPPER)
    return raised if not set(raised) & set(text) else f"^{_grouped(text)}"


def _lowered(text: str) -> str:
    lowered = text.translate(_LOWER)
    return lowered if not set(lowered) & set(text) else f"_{_grouped(text)}"


def _fraction(over: str, under: str) -> str:
    return f"{_grouped(over)}/{_grouped(under)}"


def _scripts(base: str, sub: str = "", sup: str = "") -> str:
    return base + (_lowered(sub) if sub else "") + (_raised(sup) if sup else "")


def _root(body: str, degree: str = "") -> str:
    return f"{_raised(degree) if degree else ''}√({body})"


def _delimited(element: Any) -> str:
    begin, end = _property(element, "begChr", "("), _property(element, "endChr", ")")
    return begin + _property(element, "sepChr", "|").join(_named(element, "e")) + end


def _named(element: Any, name: str) -> list[str]:
    return [equation(child) for child in element.iterchildren(f"{MATH}{name}")]


def _matrix(element: Any) -> str:
    rows = (", ".join(_named(row, "e")) for row in element.iterchildren(f"{MATH}mr"))
    return f"[{'; '.join(rows)}]"


def _large(element: Any) -> str:
    sub, sup, body = _parts(element, "sub", "sup", "e")
    return _scripts(_property(element, "chr", "∫"), sub, sup) + " " + body


def _mathml(combine: Callable[..., str], *order: int) -> Callable[[Any], str]:
    """Return a writer of MathML: ``order`` gives the place of each child among the arguments."""

    def write(element: Any) -> str:
        children = _children(element)
        return combine(*(children[place] if place < len(children) else "" for place in order))

    return write


_WRITERS: dict[str, Callable[[Any], str]] = {
    "f": lambda element: _fraction(*_parts(element, "num", "den")),
    "sSup": lambda element: _scripts(*_parts(element, "e", "absent", "sup")),
    "sSub": lambda element: _scripts(*_parts(element, "e", "sub")),
    "sSubSup": lambda element: _scripts(*_parts(element, "e", "sub", "sup")),
    "sPre": lambda element: _scripts("", *_parts(element, "sub", "sup")) + _parts(element, "e")[0],
    "rad": lambda element: _root(*_parts(element, "e", "deg")),
    "d": _delimited,
    "m": _matrix,
    "nary": _large,
    "func": lambda element: " ".join(_parts(element, "fName", "e")),
    "limLow": lambda element: _scripts(*_parts(element, "e", "lim")),
    "limUpp": lambda element: _scripts(*_parts(element, "e", "absent", "lim")),
    "eqArr": lambda element: "; ".join(_named(element, "e")),
    "oMathPara": lambda element: "; ".join(filter(None, _children(element))),
    "mfrac": _mathml(_fraction, 0, 1),
    "msup": _mathml(lambda base, sup: _scripts(base, "", sup), 0, 1),
    "msub": _mathml(_scripts, 0, 1),
    "msubsup": _mathml(_scripts, 0, 1, 2),
    "munder": _mathml(_scripts, 0, 1),
    "mover": _mathml(lambda base, sup: _scripts(base, "", sup), 0, 1),
    "munderover": _mathml(_scripts, 0, 1, 2),
    "msqrt": lambda element: _root("".join(_children(element))),
    "mroot": _mathml(_root, 0, 1),
    "mtable": lambda element: f"[{'; '.join(_children(element))}]",
    "mtr": lambda element: ", ".join(_children(element)),
}
