from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def _load_scorecards():
    # Tests are no packages (importlib mode), so the module beside this file is loaded by its place.
    if "report_scorecards" not in sys.modules:
        spec = importlib.util.spec_from_file_location("report_scorecards", FOLDER / "scorecards.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["report_scorecards"] = module
        spec.loader.exec_module(module)
    return sys.modules["report_scorecards"]


SCORECARDS = _load_scorecards()


@pytest.fixture(params=sorted(SCORECARDS.ALL))
def name(request):
    """The name of each scorecard in turn."""
    return request.param


@pytest.fixture
def card(name):
    """Each scorecard in turn."""
    return SCORECARDS.ALL[name]()


@pytest.fixture(scope="session")
def scorecards():
    """The module that makes scorecards."""
    return SCORECARDS


@pytest.fixture
def same_as_golden():
    """Compare a text with the golden file of this name; INFRA_GRADER_UPDATE_GOLDEN=1 writes the file instead."""

    def compare(text: str, file: str) -> None:
        golden = FOLDER / "golden" / file
        if os.environ.get("INFRA_GRADER_UPDATE_GOLDEN"):
            golden.write_bytes(text.encode())
        assert golden.read_bytes().decode() == text, f"{file} differs; INFRA_GRADER_UPDATE_GOLDEN=1 rewrites it"

    return compare
