from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedctl.errors import UsageError
from embedctl.query.where import parse_where

DOCUMENT: dict[str, Any] = {
    "year": 2024,
    "score": 3.5,
    "lang": "en",
    "title": "It's 100% done_now",
    "tags": ["guide", "x", 7],
    "draft": False,
    "live": True,
    "date": "2024-05-17",
    "nothing": None,
    "author": {"name": "Ada", "born": {"year": 1815}},
    "a.b": "dotted",
    "odd name": 1,
    "max-tokens": 512,
    "2024": "numeric",
    "in": "keyword",
}


@pytest.mark.parametrize(
    "expression",
    [
        'year >= 2024 and (lang = "en" or tags contains "z") and not draft',
        "year = 2024",
        "year == 2024.0",
        "year != 2023",
        "year <> 2023",
        "year<2025",
        "year <= 2024",
        "score > 3.4e0",
        "score > -.5",
        "score < +4.",
        "date >= '2024-05' and date < '2024-06'",
        "lang in ('de', 'en')",
        "lang not in ('de', 'fr')",
        "LANG_MISSING is null",
        "nothing is null",
        "year IS NOT NULL",
        "tags contains 'guide'",
        "tags contains 7",
        "tags not contains '7'",
        "title contains 'done'",
        "author contains 'name'",
        "title = 'It''s 100% done_now'",
        'title = "It\'s 100% done_now"',
        "title like 'It%'",
        "title like '____ 100% done_now'",
        "title not like 'it%'",
        "title glob '*[0-9]00*'",
        "title not glob 'done'",
        "live",
        "not draft",
        "not not live",
        "live = true and draft = FALSE",
        "draft != true",
        "author.name = 'Ada'",
        "author.born.year < 1900",
        "a.b = 'dotted'",
        "`odd name` = 1",
        "max-tokens = 512",
        "`max-tokens` = 512",
        "2024 = 'numeric'",
        "`in` = 'keyword'",
        "draft or live",
        "draft and draft or live",
        "not (draft or not live)",
        "lang = 'en' or missing = 1",
        "not (draft and missing = 1)",
        "  (  ( year=2024 )  )  ",
        "year\n=\t2024",
    ],
)
def test_selected(expression: str) -> None:
    assert parse_where(expression)[0](DOCUMENT)


@pytest.mark.parametrize(
    "expression",
    [
        "missing = 1",
        "missing != 1",
        "not missing = 1",
        "missing",
        "not missing",
        "missing in (1)",
        "missing not in (1)",
        "missing contains 1",
        "missing not like 'x'",
        "nothing = 1 or nothing != 1",
        "year = '2024'",
        "year != '2024'",
        "lang > 3",
        "not lang > 3",
        "live = 1",
        "draft < true",
        "year",
        "not year",
        "lang",
        "tags = 'guide'",
        "lang in (1, 2)",
        "lang not in (1, 2)",
        "year like '2%'",
        "not year glob '2*'",
        "title like 'it%'",
        "title like 'It'",
        "tags contains 'gui'",
        "year contains 2",
        "lang = 'en' and missing = 1",
        "not (lang = 'en' and missing = 1)",
        "draft or missing = 1",
        "author.missing = 1",
        "author.name.deeper = 1",
        "author.born > 1",
        "live and draft or draft",
        "live = true and not live",
    ],
)
def test_not_selected(expression: str) -> None:
    assert not parse_where(expression)[0](DOCUMENT)


def test_and_binds_closer_than_or_and_not_closest() -> None:
    for a in (True, False):
        for b in (True, False):
            for c in (True, False):
                fields = {"a": a, "b": b, "c": c}
                assert parse_where("not a and b or c")[0](fields) == (((not a) and b) or c)
                assert parse_where("a or b and not c")[0](fields) == (a or (b and (not c)))


def test_fields_are_those_asked_about() -> None:
    _, fields = parse_where("not a.b = 1 or (`c d` is null and e) or e in (1)")
    assert fields == {"a.b", "c d", "e"}


@pytest.mark.parametrize(
    ("expression", "position", "expected", "found"),
    [
        ("", 1, "a field name", "the end"),
        ("year >=", 8, "a string in quotes", "the end"),
        ("year >= foo", 9, "a string in quotes", '"foo"'),
        ("year 2024", 6, '"and", "or" or the end', '"2024"'),
        ("(year = 1", 10, '")"', "the end"),
        ("year = 1)", 9, "the end", '")"'),
        ("lang in 'en'", 9, '"("', "\"'en'\""),
        ("lang in ('en' 'de')", 15, '"," or ")"', "\"'de'\""),
        ("lang in ()", 10, "a string in quotes", '")"'),
        ("lang not = 'en'", 10, '"in", "contains", "like" or "glob"', '"="'),
        ("lang = null", 8, '"is null"', '"null"'),
        ("lang is 'en'", 9, '"null"', "\"'en'\""),
        ("lang like 5", 11, "a string", '"5"'),
        ("lang = 'en", 8, "a string", '"\'"'),
        ("lang ~ 'en'", 6, "the end", '"~"'),
        ("a and and b", 7, "a field name", '"and"'),
        ("year = 1 && b", 10, "the end", '"&"'),
        ("year = 12abc", 8, "a number", '"12abc"'),
    ],
)
def test_errors_name_the_place_and_what_was_expected(expression: str, position: int, expected: str, found: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_where(expression)
    assert f"at position {position}:" in caught.value.message
    assert expected in caught.value.message
    assert caught.value.message.endswith(f"found {found}.")
    text, caret = caught.value.hint.splitlines()[-2:]
    assert text.strip() == expression.strip()
    assert caret.index("^") == 2 + position - 1


def test_depth_is_limited_by_an_error_not_by_the_interpreter() -> None:
    for expression in ("(" * 50_000 + "a" + ")" * 50_000, "not " * 50_000 + "a"):
        with pytest.raises(UsageError, match="levels of parentheses"):
            parse_where(expression)
    assert parse_where(" or ".join(["a"] * 5_000))[0]({"a": True})


TOKENS = ["a", "(", ")", "not", "and", "or", "=", "<", "in", ",", "'x'", "1"]
TOKENS += ["is", "null", "like", ".", "`b`", "contains", "true"]


@given(st.text(st.characters(exclude_categories=[])) | st.lists(st.sampled_from(TOKENS)).map(" ".join))
def test_any_text_is_a_condition_or_a_usage_error(text: str) -> None:
    try:
        predicate, _ = parse_where(text)
    except UsageError:
        return
    assert predicate({"a": "x", "b": 1}) in (True, False)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)


@given(VALUES, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3))
def test_a_comparison_and_its_negation_never_both_hold(value: Any, literal: Any) -> None:
    written = "'" + literal.replace("'", "''") + "'" if isinstance(literal, str) else repr(literal)
    fields = {"f": value}
    for symbol, opposite in (("=", "!="), ("<", ">="), (">", "<=")):
        holds, negated = (
            parse_where(f"f {symbol} {written}")[0](fields),
            parse_where(f"not f {symbol} {written}")[0](fields),
        )
        assert negated == parse_where(f"f {opposite} {written}")[0](fields)
        comparable = type(value) is str if isinstance(literal, str) else type(value) in (int, float)
        assert holds + negated == comparable


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("year = " + "9" * 5_000, "4,300 digits"),
        (" or ".join(["a"] * 20_000), "10,000 comparisons"),
        ("a like '" + "%" * 5_000 + "'", "4,096 characters"),
        ("a glob '" + "[" * 5_000 + "'", "4,096 characters"),
        ("a = " + "x" * 5_000, "…"),
    ],
)
def test_what_would_take_too_long_is_refused(expression: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        parse_where(expression)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("operator", ["like", "glob"])
def test_no_pattern_takes_long(operator: str) -> None:
    """Each of these would outlast the test suite if it were matched by backtracking."""
    any_text = "%" if operator == "like" else "*"
    for pattern in (f"{any_text}a" * 40 + "b", f"{any_text}a" * 2_000):
        assert not parse_where(f"a {operator} '{pattern}'")[0]({"a": "a" * 1_000})
        assert not parse_where(f"a not {operator} '{any_text}a{any_text}'")[0]({"a": "a" * 1_000})


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "%", "_"])).map("".join), st.text("ab"))
def test_like_is_what_backtracking_would_find(pattern: str, text: str) -> None:
    by_backtracking = re.fullmatch(pattern.replace("%", ".*").replace("_", "."), text) is not None
    assert parse_where(f"a like '{pattern}'")[0]({"a": text}) == by_backtracking


@settings(deadline=None)
@given(st.lists(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text("ab'"))), st.data())
def test_in_is_a_chain_of_equals(values: list[bool | float | str], data: st.DataObject) -> None:
    def literal(value: bool | float | str) -> str:
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        return repr(value).lower()

    asked = {"a": data.draw(st.sampled_from([*values, True, 0, 1, "a", None, [1], {}]))}
    listed = [literal(value) for value in [*values, 1] if value not in (float("inf"), float("-inf"))]
    chain = " or ".join(f"a = {one}" for one in listed)
    assert parse_where(f"a in ({', '.join(listed)})")[0](asked) == parse_where(chain)[0](asked)
