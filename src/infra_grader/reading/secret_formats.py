"""Secrets that are known by their form: tokens of services, private keys, passwords in URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from infra_grader.plugin import Evidence, NotAssessed

REMEDY = "pip install 'infra-grader[secrets]'"

DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "mailchimp": "MailchimpDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
"""Modules of detect-secrets and the detectors in them whose forms are rarely met by accident.

Those for npm and OpenAI take time that grows with the square of a line's length; our own forms stand for them.
"""

MARKS = tuple(
    re.compile(mark)
    for mark in (
        r"A(?:3T|BIA|CCA|KIA|SIA)",
        r"\"[0-9a-zA-Z/+]{40}[\"']",
        r"'[0-9a-zA-Z/+]{40}[\"']",
        r"AccountKey=",
        r"\.[a-zA-Z\d_-]{6}\.[a-zA-Z\d_-]{27}",
        r"gh[opusr]_",
        r"gl[a-z]{2,5}-",
        r"GR1348941",
        r"-us[0-9]",
        r"pypi-",
        r"SG\.",
        r"[xX][oO][xX]",
        r"://(?i:hooks\.slack)",
        r"sq0csp-",
        r"k_live_",
        r":[0-9A-Za-z_-]{35}",
        r"AC[a-z0-9]{32}",
        r"SK[a-z0-9]{32}",
    )
)
"""What every text has a part of in which those detectors find something; hardly any other text has.

Each begins with fixed text, which is what makes it fast to look for.
"""

MIXED_RUN = r"(?=[a-z]{0,16}[0-9A-Z])[A-Za-z0-9]{16}"
"""Sixteen letters and digits that are no word."""

OWN_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "JSON Web Token",
        re.compile(r"eyJ(?<![\w-]eyJ)[A-Za-z0-9_-]{10,1000}\.eyJ[A-Za-z0-9_-]{10,1000}\.[A-Za-z0-9_-]{10,1000}"),
    ),
    ("GitHub fine-grained token", re.compile(r"github_pat_[A-Za-z0-9_]{36,255}")),
    ("Hugging Face token", re.compile(r"hf_[A-Za-z0-9]{30,60}")),
    ("Google API key", re.compile(r"AIza[0-9A-Za-z_-]{35}")),
    ("OpenAI or Anthropic key", re.compile(rf"sk-(?<![\w-]sk-)(?=[\w-]{{0,60}}?{MIXED_RUN})[A-Za-z0-9_-]{{24,200}}")),
    ("npm token", re.compile(r"npm_[A-Za-z0-9]{36}|_authToken=[0-9a-fA-F-]{36}")),
    ("Docker Hub token", re.compile(r"dckr_pat_[A-Za-z0-9_-]{20,60}")),
    ("Vault token", re.compile(r"hv[sb]\.[A-Za-z0-9_-]{24,200}")),
    ("Grafana token", re.compile(r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}")),
)
"""Forms of services that the course uses and detect-secrets does not know; fixed text first, which is fast to find."""

URL_PASSWORD = re.compile(r"://([^\s:/?#\[\]@\"'`]{1,100}):([^\s/?#\[\]@\"'`]{1,200})@")
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
KEY_BODY = re.compile(r"[A-Za-z0-9+/=]{40}")
KEY_BODY_WITHIN = 6
"""Lines after a key's first line that may be headers, before its body begins."""

MADE_UP = re.compile(
    r"(?i)example|placeholder|dummy|fake|redacted|your|change|insert|replace|x{4}|\*{3}|\.{3}|(.)\1{7}"
)
"""What no service would issue."""


class Match(NamedTuple):
    """A secret in a text; its text never leaves this package."""

    kind: str
    start: int
    text: str


def find_known_forms(text: str) -> Iterator[Match]:
    """Yield what has the form of a known secret. Raises `NotAssessed` without detect-secrets."""
    _require_detectors()
    is_marked = any(mark.search(text) for mark in MARKS)
    for kind, expression in (*_detector_forms(), *OWN_FORMS) if is_marked else OWN_FORMS:
        for found in expression.finditer(text):
            before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
            # A longer word that happens to contain the form is something else, such as a digest.
            is_part = (before.isalnum() and found[0][0].isalnum()) or (after.isalnum() and found[0][-1].isalnum())
            if not is_part and not MADE_UP.search(found[0]) and len(set(found[0])) > 8:
                yield Match(kind, found.start(), found[0])


def find_url_passwords(text: str) -> Iterator[tuple[Match, str]]:
    """Yield the passwords in URLs, with the user's name."""
    for found in URL_PASSWORD.finditer(text):
        yield Match("password in a URL", found.start(2), found[2]), found[1]


def find_private_keys(lines: Sequence[str]) -> Iterator[tuple[int, Match]]:
    """Yield the line numbers at which private keys begin, from 1; a key without a body is only spoken about."""
    for number, line in enumerate(lines, 1):
        if "PRIVATE KEY" not in line:
            continue
        for found in PRIVATE_KEY.finditer(line):
            rest = [line[found.end() : found.end() + 200], *lines[number : number + KEY_BODY_WITHIN]]
            body = next((part[0] for text in rest if (part := KEY_BODY.search(text))), "")
            if len(set(body)) > 8:
                yield number, Match("private key", found.start(), found[0] + body)


@cache
def _require_detectors() -> None:
    """Raise `NotAssessed` without detect-secrets, whether or not a text needs it: its verdict would be worth less."""
    from importlib.util import find_spec

    if find_spec("detect_secrets") is None:
        raise NotAssessed("detect-secrets is not installed.", REMEDY, Evidence(text="nothing was searched"))


@cache
def _detector_forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the expressions of detect-secrets. Only they are used: no settings, no baseline, no network."""
    from importlib import import_module

    # Importing detect-secrets imports requests: a quarter of a second that only few submissions pay.
    modules = {name: import_module(f"detect_secrets.plugins.{name}") for name in DETECTORS}
    detectors = [getattr(modules[name], DETECTORS[name]) for name in DETECTORS]
    return tuple((detector.secret_type, expression) for detector in detectors for expression in detector.denylist)


def entropy(text: str) -> float:
    """Return the bits that a character of the text carries on average."""
    from math import log2

    return -sum((share := text.count(sign) / len(text)) * log2(share) for sign in set(text))
