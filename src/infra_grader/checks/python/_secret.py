"""Strings in Python code that are secrets by the name they are given, or by their form."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from infra_grader.reading.python_flow import call_name, literal
from infra_grader.reading.python_names import Names

SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:password|passwd|passphrase|pwd|secret|token|api_?key|secret_?key|access_?key|private_?key"
    r"|auth_?key|signing_?key|encryption_?key|credentials?)\d*$",
    re.IGNORECASE,
)
"""The end of a name says what it is: `db_password` is one, `password_field` and `token_url` are not."""

SPECIAL_TOKEN = re.compile(r"(?:^|_)(?:pad|eos|bos|unk|sep|cls|mask|special|stop|start|end)_?token$", re.IGNORECASE)
"""Tokens of language models."""

CREDENTIAL = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22}|glpat-[A-Za-z0-9_-]{20}"
    r"|sk-[A-Za-z0-9_-]{32}|xox[abprs]-[A-Za-z0-9-]{10}|hf_[A-Za-z0-9]{30}|AIza[0-9A-Za-z_-]{35})"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
)
"""What is a credential whatever it is called."""

CONNECTION = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@{}]{1,100}:([^\s/@]{1,200})@")
"""A password in an address."""

PLACEHOLDER = re.compile(
    r"change.?me|replace|your|example|placeholder|dummy|sample|fake|todo|redacted|insert|not.?set|unset|default|local"
    r"|insecure|^dev|^test|x{3}|\*{3}|^\.+$|^<.*>$|^\[.*\]$|^\$?\{.*\}$|^%\(|^none$|^null$|^bearer$|^basic$",
    re.IGNORECASE,
)
VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""The name of an environment variable, or of a key in a Secret."""

LOOKUPS = ("getenv", "environ.get", "setdefault")
"""Calls whose second argument is the value that a name falls back on."""

SHORTEST = 4
SHORTEST_TOKEN = 16
LONGEST = 4096


def hard_coded(file: Names, *, is_test: bool) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and masked value of each secret; with `is_test`, files of tests give only credentials."""
    by_form_only = is_test and _is_test(file.path)
    seen: set[int] = set()
    for node in file.live:
        for name, value in () if by_form_only else _named(node):
            text = _text(value)
            if text is not None and SECRET_NAME.search(name) and _is_secret(name, text):
                seen.add(id(value))
                yield value.lineno, name, mask(text)
    for node in file.live:
        if not isinstance(node, ast.Constant | ast.JoinedStr) or id(node) in seen:
            continue
        text = (_text(node) or "")[:LONGEST]
        address = CONNECTION.search(text)
        if CREDENTIAL.search(text) and not PLACEHOLDER.search(text):
            yield node.lineno, "a credential", mask(text)
        elif address and not by_form_only and _is_secret("password", address[1]):
            yield node.lineno, "a password in an address", mask(address[1])


def mask(text: str) -> str:
    """Return a secret as it may be shown: its first two signs where it is long, and its length."""
    return f"{text[:2] if len(text) >= 8 else ''}… ({len(text)} characters)"


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the values that a node gives to names, keys, keywords and parameters, or compares with them."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((_name(target), value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield _name(target), value
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            yield from ((_text(key) or "", value) for key, value in zip(keys, values, strict=True) if key)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            yield _name(left), right
            yield _name(right), left
        case ast.arguments():
            named = [*node.posonlyargs, *node.args]
            yield from (
                (item.arg, value) for item, value in zip(reversed(named), reversed(node.defaults), strict=False)
            )
            pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            yield from ((item.arg, value) for item, value in pairs if value)
        case ast.Call(args=[first, second, *_]) if call_name(node.func).endswith(
            ("getenv", "environ.get", "setdefault")
        ):
            yield _text(first) or "", second


def _name(target: ast.AST) -> str:
    if isinstance(target, ast.Subscript):
        return _text(target.slice) or ""
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def _text(node: ast.AST) -> str | None:
    """Return the text of an expression of literals, `b"..."` and `"...".encode()` among them."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "strip"):
        node = node.func.value
    value = literal(node)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None


def _is_secret(name: str, text: str) -> bool:
    if SPECIAL_TOKEN.search(name) or len(text) < SHORTEST or VARIABLE_NAME.fullmatch(text[:LONGEST]):
        return False
    if name.lower().endswith("token") and text.isalpha() and len(text) < SHORTEST_TOKEN:  # a word that was read
        return False
    if " " in text.strip() or text.startswith(("http://", "https://", "/")):  # a sentence, an address, a path
        return False
    return not PLACEHOLDER.search(text[:LONGEST])


def _is_test(path: str) -> bool:
    *folders, name = path.split("/")
    return bool({"test", "tests"} & set(folders)) or name.startswith("test_") or name == "conftest.py"
