"""Secrets that are known by their surroundings: private keys, passwords in URLs, and assignments."""

from __future__ import annotations

import re

from .placeholders import is_placeholder, is_word_like
from .rules import Rule

ShapeMatch = tuple[int, int] | None
"""Start and end of a secret."""

MOST_KEY_CHARACTERS = 1 << 16

_KEY_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----(?:END|BEGIN) ")
_KEY_LINES = re.compile(r"(?:(?:\s|\\[nr])*[A-Za-z0-9+/]{16,}={0,2})+")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/]{30}")
_PUTTY = re.compile(r"Private-Lines: \d+\r?\n(?P<secret>(?:[A-Za-z0-9+/=]+\r?\n?)+)")

_URL = re.compile(r"://[^\s/?#@:\"'<>{}\[\]`]{0,100}:(?P<secret>[^\s/?#@\"'<>{}`]{3,200})@[\w.-]")
_RESERVED_HOST = re.compile(r"[\w.-]*\bexample(?:\.(?:com|net|org|test)|\b)", re.IGNORECASE)

NAMES = (
    *("password", "passwd", "passphrase", "pwd"),
    *("secret", "api_key", "apikey", "api-key", "access_key", "accesskey", "private_key", "encryption_key"),
    *("access_token", "accesstoken", "auth_token", "authtoken", "api_token", "refresh_token"),
)
"""Names that secrets are assigned to; longer names, such as ``secret_key``, count as well."""

_ASSIGNED = re.compile(
    rf"(?i:{'|'.join(NAMES)})"
    r"""(?:s|[A-Z0-9][A-Za-z0-9]{0,20})?(?:[_-][A-Za-z0-9_-]{0,30})?   # what the name goes on with
    ["'`]?\]?[ \t]{0,8}(?:=>|:=|={1,3}|:)[ \t]{0,8}
    (?:[a-zA-Z]{0,2}(?P<quote>["'`])(?P<quoted>[^\s"'`]{8,200})(?P=quote)
      |(?P<bare>[^\s"'`<>{}()\[\],;$&|\\%]{8,200}+)(?=[ \t]*(?:[,;\r\n]|$)))""",
    re.VERBOSE,
)
_HEADER = re.compile(
    r"""authorization["']?[ \t]{0,4}[:=,][ \t]{0,4}["']?(?:bearer|basic|token)[ \t]{1,4}
    (?P<secret>[A-Za-z0-9+/=_.~-]{16,4000})""",
    re.VERBOSE | re.IGNORECASE,
)


def private_key(text: str, at: int) -> ShapeMatch:
    """Return the body of a private key in PEM or OpenPGP armour; its line breaks may be spelled as in JSON."""
    begin = _KEY_BEGIN.match(text, at)
    if begin is None:
        return None
    start, limit = begin.end(), begin.end() + MOST_KEY_CHARACTERS
    end = _KEY_END.search(text, start, limit)
    if end is None:  # cut off
        lines = _KEY_LINES.match(text, start, limit)
        stop = lines.end() if lines else start
    else:
        stop = end.start()
    return (start, stop) if _KEY_BODY.search(text, start, stop) else None


def putty_key(text: str, at: int) -> ShapeMatch:
    """Return the body of a private key of PuTTY."""
    found = _PUTTY.match(text, at, at + MOST_KEY_CHARACTERS)
    return found.span("secret") if found else None


def url_password(text: str, at: int) -> ShapeMatch:
    """Return the password in ``scheme://user:password@host``."""
    found = _URL.match(text, at)
    if found is None or is_placeholder(found["secret"]) or _RESERVED_HOST.match(text, found.end() - 1):
        return None
    return found.span("secret")


def assignment(text: str, at: int) -> ShapeMatch:
    """Return a value that is given to a name such as ``password``: quoted, or alone up to the end of its line."""
    found = _ASSIGNED.match(text, at)
    if found is None:
        return None
    group = "quoted" if found["quoted"] else "bare"
    value = found[group]
    if is_placeholder(value) or is_word_like(value, quoted=group == "quoted"):
        return None
    return found.span(group)


def header(text: str, at: int) -> ShapeMatch:
    """Return the credential in an HTTP header."""
    found = _HEADER.match(text, at)
    if found is None or is_placeholder(found["secret"]) or is_word_like(found["secret"], quoted=False):
        return None
    return found.span("secret")


SHAPES = (
    Rule("private-key", "a private key", "-----begin", find=private_key),
    Rule("putty-key", "a private key", "private-lines:", find=putty_key),
    Rule("url-password", "a password in a URL", "://", find=url_password),
    Rule("authorization", "an Authorization header", "authorization", find=header),
    Rule("assignment", "a password or key", " ".join(NAMES), find=assignment),
)
