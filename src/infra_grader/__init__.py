"""infra-grader: a rubric and a repository in, an explained score out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_grader.api import grade, load_rubric, rescore
    from infra_grader.model.scorecard import Scorecard

__version__ = "0.1.0"

__all__ = ["Scorecard", "__version__", "grade", "load_rubric", "rescore"]

_PLACES = {
    "grade": "infra_grader.api",
    "load_rubric": "infra_grader.api",
    "rescore": "infra_grader.api",
    "Scorecard": "infra_grader.model.scorecard",
}


def __getattr__(name: str) -> object:
    # Resolved on use (PEP 562), so that `--help` pays for nothing.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
