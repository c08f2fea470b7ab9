"""Values in settings that stand for one that is still to come, and values that look like a real secret."""

from __future__ import annotations

import math
import re

UNDONE = re.compile(
    r"(?i)\s*(?:to-?do\b.*|fix-?me\b.*|tbd\b.*|x{3,}|\.{3}|…|-|\?+|none|n/a|change-?me.*|replace.*)\s*", re.DOTALL
)
STAND_IN = re.compile(
    r"(?i)change[-_ ]?(?:me|this|it)?|replace|your[-_ ]|[-_ ]your|example|placeholder|insert|redacted|to-?do|fix-?me"
    r"|x{3}"
    r"|\.{3}|\*{3}|…|here$|dummy|sample|fake|secret[-_ ]?(?:key)?$|^password$|^<.*>$|^\$|\{\{|^(?:vault|arn|ref|file):"
)
STAND_IN_WORD = re.compile(
    r"(?i)(?<![a-z])(?:test|testing|demo|default|local|localhost|dev|none|null|admin|user)(?![a-z])"
)
SECRET_NAME = re.compile(
    r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|private[-_]?key|api[-_]?key|access[-_]?key"
    r"|fernet[-_]?key|signing[-_]?key|routing[-_]?key|service[-_]?key|webhook)"
)
ABOUT_SECRET = re.compile(
    r"(?i)(?:_?(?:file|path|header|name|length|ttl|expiry|expires?|minutes|hours|days|url_file)s?)$"
)
"""Ends of names of settings that speak about a secret and hold none."""
KNOWN_FORMS = re.compile(
    r"(?<![A-Za-z0-9])(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{36,80}|xox[abprs]-[A-Za-z0-9-]{10,80}"
    r"|sk-[A-Za-z0-9_-]{24,120}|hf_[A-Za-z0-9]{30,60}|AIza[0-9A-Za-z_-]{35}|glpat-[A-Za-z0-9_-]{20}|glsa_[A-Za-z0-9_]{32,60}"
    r"|npm_[A-Za-z0-9]{36}|dckr_pat_[A-Za-z0-9_-]{20,60}|SG\.[A-Za-z0-9_-]{16,40}\.[A-Za-z0-9_-]{16,60})"
)
SLACK_HOOK = re.compile(r"hooks\.slack\.com/services/(T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{16,32})")
URL_PASSWORD = re.compile(r"://[^\s:/?#@]{1,100}:([^\s/?#@]{1,200})@")
WORDY = re.compile(r"(?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,4})(?:[-_. /](?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,4}))*")
SHORTEST = 8


def is_undone(text: str) -> bool:
    """Whether a value says only that there is none yet: empty, `TODO ...`, `changeme`, `xxx`."""
    return not text.strip() or UNDONE.fullmatch(text) is not None


def is_stand_in(text: str) -> bool:
    """Whether a value is a template's blank: `your-key-here`, `<token>`, `${TOKEN}`, `changeme`."""
    return is_undone(text) or STAND_IN.search(text.strip()) is not None


def names_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    return SECRET_NAME.search(name) is not None and ABOUT_SECRET.search(name) is None


def secret_in(name: str, value: str) -> str:
    """Return what kind of real secret a value looks like, or nothing; `name` is that of its setting."""
    text = value.strip()[:2000]
    if found := SLACK_HOOK.search(text):
        return "" if _is_made_up(found[1]) else "a Slack webhook"
    if (found := KNOWN_FORMS.search(text)) and not _is_made_up(found[0]):
        return "a token in the form of a known service"
    if found := URL_PASSWORD.search(text):
        return "a password in a URL" if _is_real(found[1]) else ""
    return f"the value of a secret ({name})" if names_secret(name) and _is_real(text) else ""


def _is_made_up(text: str) -> bool:
    body = text.rpartition("/")[2]
    return (
        len(set(body.lower())) < 6
        or re.search(r"(?i)example|placeholder|your|fake|dummy|x{4}|0{6}|1234567", text) is not None
    )


def _is_real(text: str) -> bool:
    if len(text) < SHORTEST or any(sign.isspace() for sign in text):
        return False
    if is_stand_in(text) or STAND_IN_WORD.search(text) or text.startswith(("/", "./", "http://", "https://", "arn:")):
        return False
    if WORDY.fullmatch(text):  # words and short numbers: a name or a password for one's own machine
        return False
    return any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text) and _bits(text) > 2.5


def _bits(text: str) -> float:
    """Return the bits that a character of the text carries on average."""
    return -sum((share := text.count(sign) / len(text)) * math.log2(share) for sign in set(text))
