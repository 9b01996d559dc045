"""Find secrets in a text, and mask them."""

from __future__ import annotations

import re
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING

from ..records import SecretSpan
from .placeholders import is_dummy_token
from .rules import KEPT, OWN, detector_patterns
from .shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahocorasick_rs import BytesAhoCorasick

    from .rules import Rule

MASK = "\u2588"
_LEAST_GROUP = 20
_MASKED = re.compile(r"[^\r\n]")

RULES = (*KEPT, *OWN, *SHAPES)
TITLES = {rule.id: rule.title for rule in RULES}
"""What a secret is called, by its rule."""


def find_secrets(text: str) -> tuple[SecretSpan, ...]:
    """Return where the secrets of a text are, in order; those that overlap are one, called after the first.

    Offsets are code points. Costs 3 ms for a megabyte without keywords.
    """
    automaton, rules = _automaton()
    # Bytes: the search is twice as fast there, and lowercasing ASCII alone moves nothing.
    data = text.encode("utf-8", "surrogatepass")
    hits = sorted(automaton.find_matches_as_indexes(data.lower(), overlapping=True), key=itemgetter(1))
    if not hits:
        return ()
    found: list[SecretSpan] = []
    reached: dict[str, int] = {}
    ascii_only = len(data) == len(text)
    at = before = 0
    for keyword, start, _ in hits:
        at = start if ascii_only else at + len(data[before:start].decode("utf-8", "surrogatepass"))
        before = start
        for rule in rules[keyword]:
            if at < reached.get(rule.id, 0):
                continue
            for begin, end in _spans(rule, text, at):
                found.append(SecretSpan(begin, end, rule.id))
                reached[rule.id] = max(end, reached.get(rule.id, 0))
    return _merged(found)


def may_hold_secrets(text: str) -> bool:
    """Return whether a text has a word that a rule goes by; without one it holds no secret that would be found."""
    return bool(_automaton()[0].find_matches_as_indexes(text.encode("utf-8", "surrogatepass").lower()))


def mask(text: str, secrets: Sequence[SecretSpan]) -> str:
    """Return the text with every character of its secrets replaced, but for line breaks: offsets and lines stay."""
    pieces = []
    done = 0
    for secret in secrets:
        pieces += [text[done : secret.start], _MASKED.sub(MASK, text[secret.start : secret.end])]
        done = secret.end
    return "".join([*pieces, text[done:]])


def _merged(found: list[SecretSpan]) -> tuple[SecretSpan, ...]:
    merged: list[SecretSpan] = []
    # A secret that a format identifies is named after the format, not after the variable that it is assigned to.
    for span in sorted(found, key=lambda span: (span.start, span.rule == "assignment", span.end)):
        if merged and span.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


@cache
def _automaton() -> tuple[BytesAhoCorasick, list[list[Rule]]]:
    """Return the automaton that finds keywords in lowercase bytes, and the rules that each keyword triggers."""
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    woken: dict[str, list[Rule]] = {}
    for rule in RULES:
        for keyword in rule.keywords.split():
            woken.setdefault(keyword, []).append(rule)
    keywords = [keyword.encode("ascii") for keyword in woken]
    return BytesAhoCorasick(keywords, implementation=Implementation.DFA), list(woken.values())


def _spans(rule: Rule, text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the secrets that a rule finds where one of its keywords begins."""
    if rule.find:
        if span := rule.find(text, at):
            yield span
    elif at >= rule.back and (not rule.guard or rule.guard.match(text, at)):
        yield from (_span(match) for match in _matches(rule, text, at) if _counts(rule, match))


def _matches(rule: Rule, text: str, at: int) -> Iterator[re.Match[str]]:
    for pattern in rule.patterns or detector_patterns(rule.detector):
        if rule.reach:
            yield from pattern.finditer(text, max(0, at - rule.reach), at + rule.reach)
        elif match := pattern.match(text, at - rule.back):
            yield match


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Return the secret of a match: the group called so, else a group that is long enough to be one, else all."""
    if "secret" in match.re.groupindex:
        return match.span("secret")
    groups = [match.span(group) for group in range(1, match.re.groups + 1) if match[group] is not None]
    long = [(start, end) for start, end in groups if end - start >= _LEAST_GROUP]
    return max(long, key=lambda span: span[1] - span[0], default=match.span())


def _counts(rule: Rule, match: re.Match[str]) -> bool:
    """Return whether a match is more than an example of the format."""
    start, end = _span(match)
    token = match.string[start:end]
    if rule.id == "jwt":
        from detect_secrets.plugins.jwt import JwtTokenDetector  # its patterns were read, so it is imported already

        return bool(JwtTokenDetector.is_formally_valid(token.rstrip(".")))
    return not is_dummy_token(token)
