"""Which characters of a text are taken for a secret, and which are not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from fake_secrets import ASSIGNMENTS, BARE_ASSIGNMENTS, SET_IN, TOKENS, armoured, password, private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from embedctl.secrets.rules import KEPT, OWN
from embedctl.secrets.scan import MASK, TITLES, find_secrets, mask
from embedctl.secrets.shapes import SHAPES

ROOT = Path(__file__).parents[2]
RARE = {"cloudant", "ibm-cloud", "ibm-cos", "softlayer"}
"""Kept rules of services that these tests make no tokens for."""

surroundings = st.sampled_from(
    [("", ""), ("Key: ", "\n"), ("(", ")"), ('"', '"'), ("\u00e4\u4e2d\U0001f511 ", " \u00fc"), ("`", "`.")]
)
seeds = st.integers(0, 2**32)


def test_every_rule_is_tried_here() -> None:
    tried = {*TOKENS, *SET_IN, "private-key"} | RARE
    assert tried == {rule.id for rule in (*KEPT, *OWN)} | {shape.id for shape in SHAPES}


@pytest.mark.parametrize("rule", TOKENS)
@settings(max_examples=15, deadline=None)
@given(seeds, surroundings)
def test_a_token_is_found_by_its_format(rule: str, seed: int, around: tuple[str, str]) -> None:
    token = TOKENS[rule](Random(seed))
    before, after = around
    text = f"Before it.\n{before}{token}{after} And after it."
    start = text.index(token)
    found = [span for span in find_secrets(text) if span.start < start + len(token) and start < span.end]
    assert rule in {span.rule for span in found}
    assert token not in mask(text, found)
    assert set(text[start : start + len(token)]) & set(mask(text, found)[start : start + len(token)]) <= set("-_.:")


@pytest.mark.parametrize("rule", SET_IN)
@settings(max_examples=15, deadline=None)
@given(seeds)
def test_a_secret_is_found_by_what_stands_around_it(rule: str, seed: int) -> None:
    before, secret, after = SET_IN[rule](Random(seed))
    text = f"Some prose, then\n{before}{secret}{after}\nand more of it."
    found = find_secrets(text)
    assert rule in {span.rule for span in found}
    hidden = mask(text, found)
    assert not any(secret[at : at + 6] in hidden for at in range(len(secret) - 6))
    assert hidden.startswith("Some prose, then\n")
    assert hidden.endswith("\nand more of it.")


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([*ASSIGNMENTS]), st.sampled_from(["", "cfg.", "MY_", "    ", "| "]))
def test_a_quoted_password_is_found(seed: int, name: str, indent: str) -> None:
    secret = password(Random(seed))
    text = f'{indent}{name}{secret}"\n'
    (found,) = find_secrets(text)
    assert text[found.start : found.end] == secret


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(BARE_ASSIGNMENTS))
def test_a_password_without_quotes_is_found(seed: int, name: str) -> None:
    secret = password(Random(seed))
    text = f"{name}{secret}\nnext line\n"
    (found,) = find_secrets(text)
    assert text[found.start : found.end] == secret


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "PGP "])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n    ", "\\n"])
def test_a_private_key_is_found_whole_and_its_lines_stay(kind: str, line_break: str) -> None:
    body = private_key(Random(kind + line_break), break_=line_break)
    text = f"Install it:\n{armoured(body, kind)}\ndone"
    (found,) = find_secrets(text)
    hidden = mask(text, [found])
    assert text[found.start : found.end] == body
    assert len(hidden) == len(text)
    assert [len(line) for line in hidden.splitlines()] == [len(line) for line in text.splitlines()]
    assert not any(chunk in hidden for chunk in body.split(line_break) if chunk)


def test_a_private_key_that_was_cut_off_is_found() -> None:
    body = private_key(Random(1))
    text = "-----BEGIN PRIVATE" + f" KEY-----{body}And prose goes on below it, for a while."
    (found,) = find_secrets(text)
    assert body.strip() in text[found.start : found.end]
    assert mask(text, [found]).endswith("And prose goes on below it, for a while.")


@pytest.mark.parametrize(
    "text",
    [
        'password = "changeme"',
        'password = "your-password-here"',
        'password = "<password>"',
        'password: "${DB_PASSWORD}"',
        "password: {{ vault.password }}",
        'password = "********"',
        'password = "xxxxxxxxxxxx1"',
        'password = os.environ["PASSWORD_2"]',
        'password = getpass("Password 1: ")',
        'api_key = "YOUR_API_KEY_123"',
        'api_key = "1234567890"',
        'secret = "abcdefghijklmnopqrstuvwxyz0123456789"',
        'secret = "my-secret-token-1"',
        "secret_name: projects/12/secrets/db-1",
        'token = "hf_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"',
        "The password must have 8 characters, one of them a digit.",
        "Passwords: see https://wiki.internal/page1.",
        "postgres://user:password@localhost/db",
        "postgres://user:${PASSWORD}@localhost/db",
        "https://user:s3cretValue9@example.com/",
        "Authorization: Bearer <token>",
        "Authorization: Bearer $TOKEN_42_OF_MINE",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "AKIA is how AWS keys begin.",
        "ghp_" + "x" * 36,
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        'id = "550e8400-e29b-41d4-a716-446655440000"',
        'access_token_url = "https://auth.internal/oauth2/token"',
        'secretary = "room-204b"',
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert find_secrets(text) == ()


@pytest.mark.parametrize("folder", ["sample_corpus", "docs", "embedctl", "benchmarks"])
def test_this_repository_holds_none(folder: str) -> None:
    found = {}
    for path in sorted((ROOT / folder).rglob("*")):
        if path.is_file() and path.suffix in {
            ".md",
            ".py",
            ".rs",
            ".txt",
            ".json",
            ".jsonl",
            ".html",
            ".csv",
            ".toml",
            ".go",
        }:
            text = path.read_text(encoding="utf-8")
            found.update({(path.name, text[span.start : span.end]): span.rule for span in find_secrets(text)})
    assert found == {}


pieces = st.one_of(
    st.text(max_size=40),
    seeds.map(lambda seed: Random(seed).choice(list(TOKENS.values()))(Random(seed))),
    seeds.map(lambda seed: "".join(Random(seed).choice(list(SET_IN.values()))(Random(seed)))),
    seeds.map(lambda seed: armoured(private_key(Random(seed)))),
    st.sampled_from(["password", "secret=", "://", "-----BEGIN ", "sk-", "eyJ", '"', "\r\n", "\u2028", "\U0001f511"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join))
def test_masks_are_in_order_and_as_long_as_what_they_hide(text: str) -> None:
    found = find_secrets(text)
    hidden = mask(text, found)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert len(hidden) == len(text)
    for at, (before, after) in enumerate(zip(text, hidden, strict=True)):
        inside = any(span.start <= at < span.end for span in found)
        assert after == (MASK if inside and before not in "\r\n" else before)
    assert {span.rule for span in found} <= TITLES.keys()


@pytest.mark.parametrize(
    "text",
    [
        "password" * 100_000,
        "secret=" * 100_000,
        "://a:" * 100_000,
        "-----BEGIN PRIVATE KEY-----\n" * 20_000,
        "aws" * 200_000,
    ],
    ids=["password", "secret=", "url", "begin", "aws"],
)
def test_a_text_made_of_keywords_is_scanned_in_linear_work(text: str) -> None:
    """What takes quadratic time takes minutes here, and is stopped by the suite's own patience."""
    assert len(mask(text, find_secrets(text))) == len(text)
