"""Secrets that are known by the name that they are assigned to, told from placeholders, references and defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.reading.secret_formats import Match, entropy

KEY = r"(?:api|access|secret|private|auth|encryption|signing|account|storage|client|master|service|fernet)[-_]?key"
NAME = (
    rf"(?P<name>password|passwd|passphrase|pwd|(?<=_)pass|secret|token|credentials?|{KEY})"
    r"(?:[-_]?[0-9]{1,3}|[-_](?:prod|production|dev|staging|value|default))?"
)
HINTS = ("pass", "pwd", "secret", "token", "credential")
"""Parts of every name but those of keys, looked for first: most text has none, and this is a hundred times faster."""
KEY_NAME = re.compile(KEY)

QUOTED = r"(?P<quote>[\"'`])(?P<value>[^\"'`\n]{4,500})(?P=quote)"
BARE = r"(?P<value>(?!#)[^\s\"'`,;(){}\[\]<>|]{4,500})(?=\s|$)"
ANNOTATION = r"(?: {0,4}: {0,4}[A-Za-z_][\w\[\], |.]{0,40}?)?"
SET = rf"[\"'`]?\]?{ANNOTATION}[ \t]{{0,20}}(?:=>|:=|={{1,3}}|:)[ \t]{{0,20}}"

IN_CODE = re.compile(rf"(?i){NAME}{SET}[rbuf]{{0,2}}@?{QUOTED}")
"""A name and a quoted text: in every language."""
AS_DEFAULT = re.compile(rf"(?i)(?:getenv|environ\.get)\( {{0,4}}[\"']\w{{0,60}}?{NAME}[\"'] {{0,4}}, {{0,4}}{QUOTED}")
"""The default of an environment variable."""
IN_SETTINGS = re.compile(rf"(?i){NAME}{SET}{BARE}")
"""A name and a bare word: only where bare words are texts."""
AS_ARGUMENT = re.compile(rf"(?i)(?<![\w-])--[\w-]{{0,40}}?{NAME}[ =]{BARE}")

SEALED = re.compile(r"[ \t]+[\"']?[\w.-]+[\"']?:[ \t]*[\"']?Ag[A-Za-z0-9+/]{30,}={0,2}[\"']?[ \t]*")
"""A value that only the cluster's own key opens; all of them begin so."""
CODE = re.compile(
    r"(?i)\.(?:py|pyi|ipynb|jsx?|tsx?|mjs|go|java|kt|rb|rs|c|h|cpp|cs|php|scala|swift|lua|pl|r|tf|hcl|sql)$"
)
"""Files in which a bare word is a name, not a text."""

STAND_IN = re.compile(
    r"(?i)change|replace|your|example|placeholder|insert|redacted|to-?do|fix-?me|x{3}|\.{3}|\*{3}|…|here$"
    r"|[<>{}]|\(\?|^\$|\$[{(]|%[({]|^(?:vault|arn|ref|env|file|secret|ssm|gs|s3|op)[:/]|://|^[~./@]|\bsha(?:256|512|1)[:-]"
)
"""Parts of placeholders, templates, references, paths and digests."""
STAND_IN_WORD = re.compile(
    r"(?i)(?<![a-z])(?:test|testing|demo|default|sample|dummy|fake|local|dev|none|null|undefined)(?![a-z])"
)
SEGMENTS = re.compile(r"[-_./: ]")
SEGMENT = re.compile(r"[A-Za-z]*|[0-9]*|[vV][0-9]+")
PATH = re.compile(r"[\w.-]*(?:/[\w.-]+)+")
AWS_SECRET = re.compile(r"[A-Za-z0-9/+]{40}")
UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHORTEST = {"token": 16, "credential": 12, "credentials": 12, "secret": 8}
SHORTEST_PASSWORD, SHORTEST_KEY = 6, 8
RANDOM_LETTERS, RANDOM_BITS = 20, 4.2
"""Letters alone are words, unless they are many and carry more bits than any language."""


def find_assigned(text: str, path: str) -> Iterator[Match]:
    """Yield the texts that look like real secrets and are assigned to a name that says so."""
    if not _may_name_secret(text):
        return
    expressions = [IN_CODE, AS_DEFAULT] if CODE.search(path) else [IN_CODE, AS_DEFAULT, IN_SETTINGS, AS_ARGUMENT]
    start = 0
    is_sealed = "SealedSecret" in text
    for line in text.split("\n"):  # no expression goes beyond a line
        is_safe = is_sealed and SEALED.fullmatch(line.rstrip("\r")) is not None
        for expression in expressions if _may_name_secret(line) and not is_safe else ():
            for found in expression.finditer(line):
                name = found["name"].lower()
                if is_real(found["value"], _shortest(name)):
                    yield Match(f"value of a {name}", start + found.start("value"), found["value"])
        start += len(line) + 1


def _may_name_secret(text: str) -> bool:
    small = text.lower()
    return any(hint in small for hint in HINTS) or ("key" in small and KEY_NAME.search(small) is not None)


def is_real(text: str, shortest: int = SHORTEST_PASSWORD) -> bool:
    """Whether a text looks like a secret that somebody uses, not like a word, a placeholder or a reference."""
    if len(text) < shortest or len(set(text)) < 5 or any(sign.isspace() for sign in text):
        return False
    if STAND_IN.search(text) or STAND_IN_WORD.search(text) or UUID.fullmatch(text):
        return False
    if all(SEGMENT.fullmatch(segment) for segment in SEGMENTS.split(text)):
        # Words and numbers with marks between them are names; letters alone are a word.
        return text.isalpha() and len(text) >= RANDOM_LETTERS and entropy(text) > RANDOM_BITS
    if PATH.fullmatch(text) and not AWS_SECRET.fullmatch(text):
        return False
    return any(sign.isalpha() for sign in text)


def _shortest(name: str) -> int:
    if name in SHORTEST:
        return SHORTEST[name]
    return SHORTEST_KEY if name.endswith("key") else SHORTEST_PASSWORD
