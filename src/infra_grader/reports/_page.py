"""What the HTML pages share: templates that escape, and a policy that lets nothing run or load but our own files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def environment(functions: Iterable[Callable[..., Any]], **names: object) -> Environment:
    """Return an environment of our templates that may call the functions, each under its own name.

    What they give back is escaped, unless it is `Markup`.
    """
    # Imported on use: a template engine is of no use to the other reports.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {function.__name__: function for function in functions}
    made.globals |= names
    return made


@cache
def source(name: str) -> str:
    """Return a style sheet or script that stands beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return what lets an inline style or script with exactly this text through a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
