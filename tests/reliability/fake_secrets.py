"""Secrets that open nothing, put together at run time so that no scanner takes this repository's tests for a leak."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from random import Random

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits


def _some(random: Random, letters: str, count: int) -> str:
    """Return random letters with a digit, a small and a capital one among them where there are such."""
    while True:
        text = "".join(random.choices(letters, k=count))
        kinds = (str.isdigit, str.islower, str.isupper)
        if all(any(map(kind, text)) or not any(map(kind, letters)) for kind in kinds):
            return text


def _jwt(random: Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": _some(random, HEX, 12)}]
    spelled = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*spelled, base64.urlsafe_b64encode(random.randbytes(32)).rstrip(b"=").decode()])


TOKENS: dict[str, Callable[[Random], str]] = {
    "aws": lambda r: "AK" + "IA" + _some(r, UPPER, 16),
    "github": lambda r: "gh" + "p_" + _some(r, ALNUM, 36),
    "jwt": _jwt,
    "mailchimp": lambda r: _some(r, HEX, 32) + "-" + "us14",
    "npm": lambda r: "np" + "m_" + _some(r, ALNUM, 36),
    "sendgrid": lambda r: "S" + "G." + _some(r, ALNUM, 22) + "." + _some(r, ALNUM, 43),
    "slack": lambda r: "xox" + "b-" + _some(r, "123456789", 12) + "-" + _some(r, HEX, 24),
    "square": lambda r: "sq0" + "csp-" + _some(r, ALNUM, 43),
    "stripe": lambda r: "sk_" + "live_" + _some(r, ALNUM, 24),
    "age": lambda r: "AGE-SECRET-" + "KEY-1" + _some(r, UPPER, 58),
    "anthropic": lambda r: "sk-" + "ant-" + _some(r, ALNUM, 90),
    "databricks": lambda r: "da" + "pi" + _some(r, HEX, 32),
    "digitalocean": lambda r: "dop" + "_v1_" + _some(r, HEX, 64),
    "docker": lambda r: "dckr" + "_pat_" + _some(r, ALNUM, 27),
    "github-fine-grained": lambda r: "github" + "_pat_" + _some(r, ALNUM, 82),
    "gitlab": lambda r: "gl" + "pat-" + _some(r, ALNUM, 20),
    "google-api": lambda r: "AI" + "za" + _some(r, ALNUM, 35),
    "google-oauth": lambda r: "GOC" + "SPX-" + _some(r, ALNUM, 28),
    "grafana": lambda r: "gl" + "sa_" + _some(r, ALNUM, 32) + "_" + _some(r, HEX, 8),
    "hugging-face": lambda r: "h" + "f_" + _some(r, ALNUM, 34),
    "linear": lambda r: "lin" + "_api_" + _some(r, ALNUM, 40),
    "new-relic": lambda r: "NR" + "AK-" + _some(r, UPPER, 27),
    "notion": lambda r: "nt" + "n_" + _some(r, ALNUM, 46),
    "openai": lambda r: "sk-" + "proj-" + _some(r, ALNUM, 48),
    "postman": lambda r: "PM" + "AK-" + _some(r, HEX, 24) + "-" + _some(r, HEX, 34),
    "pypi": lambda r: "pypi-" + "Ag" + _some(r, ALNUM, 80),
    "sentry": lambda r: "sntr" + "ys_" + _some(r, ALNUM, 60),
    "shopify": lambda r: "shp" + "at_" + _some(r, HEX, 32),
    "slack-app": lambda r: (
        "xa" + "pp-1-" + _some(r, UPPER, 10) + "-" + _some(r, "123456789", 12) + "-" + _some(r, HEX, 64)
    ),
    "stripe-test": lambda r: "sk_" + "test_" + _some(r, ALNUM, 24),
    "vault": lambda r: "hv" + "s." + _some(r, ALNUM, 28),
}
"""Rule -> a token of its format, which stands for itself."""

SET_IN: dict[str, Callable[[Random], tuple[str, str, str]]] = {
    "aws": lambda r: ('aws_secret_access_key = "', _some(r, ALNUM, 40), '"'),
    "artifactory": lambda r: ("artifactory: ", "AK" + "C" + _some(r, ALNUM, 60), " "),
    "azure-storage": lambda r: ("DefaultEndpointsProtocol=https;AccountKey=", _some(r, ALNUM, 86) + "==", ";"),
    "discord-bot": lambda r: (
        "discord bot ",
        f"M{_some(r, ALNUM, 23)}.{_some(r, ALNUM, 6)}.{_some(r, ALNUM, 27)}",
        "\n",
    ),
    "discord-webhook": lambda r: (
        "https://discord.com/api/webhooks/" + _some(r, "123456789", 18) + "/",
        _some(r, ALNUM, 68),
        "\n",
    ),
    "telegram": lambda r: ("bot " + _some(r, "123456789", 9) + ":", "A" + "A" + _some(r, ALNUM, 33), " "),
    "terraform-cloud": lambda r: ("", _some(r, ALNUM, 14) + ".atlas" + "v1." + _some(r, ALNUM, 67), ""),
    "twilio": lambda r: ("twilio key: ", "S" + "K" + _some(r, HEX, 32), ""),
    "url-password": lambda r: ("postgres://owner:", _some(r, ALNUM, 16), "@db.internal:5432/orders"),
    "authorization": lambda r: ('curl -H "Authorization: Bearer ', _some(r, ALNUM, 40), '" https://api.internal'),
    "assignment": lambda r: (r.choice(ASSIGNMENTS), _some(r, ALNUM, 16), r.choice(['"', '",', '")'])),
    "putty-key": lambda r: ("Private-Lines: 2\n", f"{_some(r, ALNUM, 64)}\n{_some(r, ALNUM, 40)}\n", "Private-MAC: 1"),
}
"""Rule -> what stands in front of a secret, the secret, and what stands behind it."""

ASSIGNMENTS = (
    'password = "',
    '"db_password": "',
    'client_secret="',
    'const apiKey = "',
    'export API_KEY="',
    'access_token: "',
    'os.environ["SECRET_KEY"] = "',
    'connect(user, password="',
    'passwd := "',
)
BARE_ASSIGNMENTS = ("DB_PASSWORD=", "password: ", "export AWS_SESSION_ACCESS_TOKEN=", "secret_key = ", "api-key: ")


def private_key(random: Random, kind: str = "RSA ", break_: str = "\n") -> str:
    """Return the body of a private key in PEM armour, from its first line break to its last."""
    body = base64.b64encode(random.randbytes(600)).decode()
    return break_ + break_.join(body[at : at + 64] for at in range(0, len(body), 64)) + break_


def armoured(body: str, kind: str = "RSA ") -> str:
    """Return a private key with the lines around its body."""
    return f"-----BEGIN {kind}PRIVATE KEY-----{body}-----END {kind}PRIVATE KEY-----"


def password(random: Random) -> str:
    """Return what a person would set as a strong password."""
    return _some(random, ALNUM, 18)
