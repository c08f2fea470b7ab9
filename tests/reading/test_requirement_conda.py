"""What conda's environments ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.requirement_conda import read_conda


def asked(entry: str) -> list[str]:
    text = f"dependencies:\n  - {entry}\n"
    return [item.versioned for item in read_conda(TextFile("environment.yml", text)).wanted]


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("pandas", ["pandas"]),
        ("pandas=2.1", ["pandas==2.1.*"]),
        ("pandas=2.1.*", ["pandas==2.1.*"]),
        ("pandas==2.1.4", ["pandas==2.1.4"]),
        ("pandas 2.1.4", ["pandas==2.1.4"]),
        ("pandas=2.1.4=py311_0", ["pandas==2.1.4"]),
        ("conda-forge/linux-64::pandas=2", ["pandas==2.*"]),
        ('"pandas>=2,<3"', ["pandas<3,>=2"]),
        ('"pandas[version=2.1]"', ["pandas"]),
        ("python=3.11", []),
        ("pip", []),
        ("pip: [mlflow==2.22.4, -r more.txt]", ["mlflow==2.22.4"]),
    ],
)
def test_versions_are_read_as_conda_means_them(entry, wanted):
    assert asked(entry) == wanted


@pytest.mark.parametrize(
    "text", ["", "[]", "dependencies: pandas", "dependencies: [1]", "dependencies: [{a: b}]", "a: ["]
)
def test_what_is_no_environment_is_refused(text):
    with pytest.raises(CheckFailed):
        read_conda(TextFile("environment.yml", text))


@given(st.text("ab12=<>!~,|*.:[]() -", max_size=30))
def test_any_entry_is_read_or_refused(entry):
    try:
        found = asked(f"'{entry}'")
    except CheckFailed:
        return
    assert len(found) <= 1
