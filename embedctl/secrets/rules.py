"""The rules: a pattern for each kind of secret, and the keywords that trigger it.

A rule is tried only where one of its keywords stands, which is what makes a scan cheap. Rules of the first table are
the kept ones of bc-detect-secrets (Apache-2.0, the maintained line of Yelp's detect-secrets); those of the second are
formats that their issuers document and that library lacks. No rule goes by entropy alone: hashes and identifiers are
not secrets.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret."""

    id: str
    """As in the documents' column ``secrets``."""
    title: str
    """With its article: ``an AWS access key``."""
    keywords: str
    """Lowercase ASCII, separated by spaces. A pattern is matched where one of them begins."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """Matched at the keyword. A group called ``secret`` is what is masked; without one, the whole match."""
    detector: str = ""
    """``module:class`` of bc-detect-secrets, whose patterns are used."""
    guard: re.Pattern[str] | None = None
    """Matched at the keyword before the library is imported: spares most texts that import."""
    back: int = 0
    """The match begins so many characters in front of the keyword."""
    reach: int = 0
    """Not at the keyword, but anywhere so many characters around it."""
    find: Callable[[str, int], tuple[int, int] | None] | None = None
    """Replaces patterns: returns start and end of a secret, given a text and where a keyword begins in it."""


def _token(pattern: str) -> tuple[re.Pattern[str], ...]:
    """Return the pattern of a token that is not part of a longer word."""
    return (re.compile(rf"(?<![A-Za-z0-9_])(?:{pattern})(?![A-Za-z0-9_])"),)


_IBM = re.compile(r"ibm[\w-]{0,16}(?:key|pwd|pass|token)", re.IGNORECASE)

KEPT = (
    Rule(
        "aws",
        "an AWS access key",
        "akia asia abia acca a3t aws",
        detector="aws:AWSKeyDetector",
        guard=re.compile(r"A[3BCKS][TIC][A-Z0-9]{17}|(?i:aws).{0,20}?(?i:key|pw|pass|token)"),
    ),
    Rule(
        "artifactory",
        "an Artifactory token",
        "akc",
        detector="artifactory:ArtifactoryDetector",
        guard=re.compile("AKC"),
        back=1,
    ),
    Rule("cloudant", "a Cloudant credential", "cloudant", detector="cloudant:CloudantDetector"),
    Rule("discord-bot", "a Discord token", "discord", detector="discord:DiscordBotTokenDetector", reach=200),
    Rule("github", "a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", detector="github_token:GitHubTokenDetector"),
    Rule("ibm-cloud", "an IBM Cloud key", "ibm", detector="ibm_cloud_iam:IbmCloudIamDetector", guard=_IBM),
    Rule("ibm-cos", "an IBM storage key", "ibm", detector="ibm_cos_hmac:IbmCosHmacDetector", guard=_IBM),
    Rule("jwt", "a JSON web token", "eyj", detector="jwt:JwtTokenDetector", guard=re.compile(r"eyJ[\w=-]{8}")),
    Rule(
        "mailchimp",
        "a Mailchimp key",
        " ".join(f"-us{digit}" for digit in range(1, 10)),
        detector="mailchimp:MailchimpDetector",
        back=32,
    ),
    Rule(
        "npm", "an npm token", "npm_ _authtoken", detector="npm:NpmDetector", guard=re.compile(r"npm_\w{20}|_authToken")
    ),
    Rule("sendgrid", "a SendGrid key", "sg.", detector="sendgrid:SendGridDetector", guard=re.compile(r"SG\.[\w-]{22}")),
    Rule("slack", "a Slack token", "xox https://hooks.slack.com/", detector="slack:SlackDetector"),
    Rule("softlayer", "a SoftLayer key", "softlayer", detector="softlayer:SoftlayerDetector"),
    Rule("square", "a Square secret", "sq0csp-", detector="square_oauth:SquareOAuthDetector"),
    Rule("stripe", "a Stripe key", "sk_live_ rk_live_", detector="stripe:StripeDetector"),
    Rule("twilio", "a Twilio key", "twilio", detector="twilio:TwilioKeyDetector", reach=200),
)

OWN = (
    Rule("age", "an age key", "age-secret-key-", _token(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")),
    Rule("anthropic", "an Anthropic key", "sk-ant-", _token(r"sk-ant-[\w-]{20,200}")),
    Rule(
        "azure-storage",
        "an Azure storage key",
        "accountkey=",
        (re.compile(r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86,88}={0,2})", re.IGNORECASE),),
    ),
    Rule("databricks", "a Databricks token", "dapi", _token(r"dapi[0-9a-f]{32}(?:-\d)?")),
    Rule("digitalocean", "a DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", _token(r"do[opr]_v1_[0-9a-f]{64}")),
    Rule(
        "discord-webhook",
        "a Discord webhook",
        "/api/webhooks/",
        (re.compile(r"/api/webhooks/\d{16,20}/(?P<secret>[\w-]{60,80})"),),
    ),
    Rule("docker", "a Docker token", "dckr_pat_", _token(r"dckr_pat_[\w-]{27}")),
    Rule("github-fine-grained", "a GitHub token", "github_pat_", _token(r"github_pat_\w{36,251}")),
    Rule(
        "gitlab",
        "a GitLab token",
        "glpat- gldt- glrt- glptt- glcbt- glft- glsoat-",
        _token(r"gl(?:pat|dt|rt|ptt|cbt|ft|soat)-[\w-]{20,64}"),
    ),
    Rule("google-api", "a Google API key", "aiza", _token(r"AIza[\w-]{35}")),
    Rule("google-oauth", "a Google client secret", "gocspx-", _token(r"GOCSPX-[\w-]{28}")),
    Rule(
        "grafana",
        "a Grafana token",
        "glsa_ glc_",
        _token(r"gl(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_[A-Za-z0-9+/]{32,400}={0,2})"),
    ),
    Rule("hugging-face", "a Hugging Face token", "hf_", _token(r"hf_[A-Za-z0-9]{34,40}")),
    Rule("linear", "a Linear key", "lin_api_", _token(r"lin_api_[A-Za-z0-9]{40}")),
    Rule("new-relic", "a New Relic key", "nrak-", _token(r"NRAK-[A-Z0-9]{27}")),
    Rule("notion", "a Notion token", "ntn_", _token(r"ntn_[0-9A-Za-z]{40,50}")),
    Rule(
        "openai",
        "an OpenAI key",
        "sk-",
        _token(r"sk-(?:(?:proj|svcacct|admin)-[\w-]{40,200}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48})"),
    ),
    Rule("postman", "a Postman key", "pmak-", _token(r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}")),
    Rule("pypi", "a PyPI token", "pypi-ag", _token(r"pypi-Ag[\w-]{50,400}")),
    Rule("sentry", "a Sentry token", "sntrys_ sntryu_", _token(r"sntry[su]_[A-Za-z0-9+/=_-]{40,400}")),
    Rule("shopify", "a Shopify token", "shpat_ shpca_ shppa_ shpss_", _token(r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}")),
    Rule(
        "slack-app",
        "a Slack token",
        "xapp- xoxe",
        _token(r"(?:xapp-\d-[A-Z0-9]+-\d+-[0-9a-f]{40,80}|xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{100,200})"),
    ),
    Rule(
        "stripe-test",
        "a Stripe key",
        "sk_test_ rk_test_ whsec_",
        _token(r"(?:[sr]k_test_|whsec_)[0-9A-Za-z+/]{24,250}={0,2}"),
    ),
    Rule("telegram", "a Telegram token", ":aa", (re.compile(r"(?<=\d):AA[\w-]{33}(?![\w-])"),)),
    Rule(
        "terraform-cloud",
        "a Terraform token",
        ".atlasv1.",
        (re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,90}"),),
        back=14,
    ),
    Rule("vault", "a Vault token", "hvs. hvb.", _token(r"hv[sb]\.[\w-]{24,250}")),
)


@cache
def detector_patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of one class of bc-detect-secrets; imports it, but not the library that talks to servers."""
    from importlib import import_module

    module, kind = name.split(":")
    with _without_requests():
        return tuple(getattr(import_module(f"detect_secrets.plugins.{module}"), kind).denylist)


@contextmanager
def _without_requests() -> Iterator[None]:
    """Replace ``requests`` while the body imports: it opens a socket when it is imported."""
    if "requests" in sys.modules:
        yield
        return
    stand_in = ModuleType("requests")
    stand_in.__getattr__ = lambda _: Exception  # type: ignore[method-assign]
    sys.modules["requests"] = stand_in
    try:
        yield
    finally:
        del sys.modules["requests"]
