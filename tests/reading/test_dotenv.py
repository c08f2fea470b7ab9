from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.dotenv import read_dotenv
from infra_grader.reading.stand_in import is_stand_in, is_undone, names_secret, secret_in


def values(text: str) -> dict[str, str]:
    return {variable.name: variable.value for variable in read_dotenv(text).variables}


def test_values_lose_quotes_and_comments():
    text = "A=1 # one\nexport B='two # not'\nC=\"a\nb\"\nD=\n# E=5\nF=a#b\nG=x=y\n"
    assert values(text) == {"A": "1", "B": "two # not", "C": "a\nb", "D": "", "F": "a#b", "G": "x=y"}
    assert read_dotenv(text).faults == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A=1\nA=2", "A is set twice, first on line 1"),
        ("\nnothing", "is no NAME=value"),
        ("1A=2", "is no NAME=value"),
        ("A = 2", "a space beside its equals sign"),
        ('A="open\nB=1', "a quote is never closed"),
    ],
)
def test_faults_name_the_line(text, fault):
    [(line, found), *_] = read_dotenv(text).faults
    assert fault in found
    assert line == (2 if text.startswith(("A=1\nA", "\n")) else 1)


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    read_dotenv(text)


@pytest.mark.parametrize("text", ["", " ", "TODO", "TODO: write", "changeme", "xxx", "...", "tbd", "N/A"])
def test_values_that_say_there_is_none_yet(text):
    assert is_undone(text)
    assert is_stand_in(text)


@pytest.mark.parametrize("text", ["5", "Todoist is down", "The service is down", "-1"])
def test_values_that_say_something(text):
    assert not is_undone(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", "your-key-here"),
        ("PASSWORD", "change_me"),
        ("TOKEN", "${TOKEN}"),
        ("SECRET", "<secret>"),
        ("PASSWORD", "postgres"),
        ("DB_PASSWORD", "mlflow123"),
        ("SECRET_FILE", "q8Kd93LmQ0x7Yt2V"),
        ("PORT", "q8Kd93LmQ0x7Yt2V"),
        ("TOKEN_PATH", "/run/secrets/x1y2z3"),
        ("DATABASE_URL", "postgresql://user:password@db:5432/x"),
        ("JWT_SECRET", "dev-secret-1a2b3c"),
    ],
)
def test_values_that_are_no_secret(name, value):
    assert secret_in(name, value) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_KEY", "q8Kd93LmQ0x7Yt2V"), ("url", "https://bob:q8Kd93LmQ0x7@db/x"), ("ANY", "AKIA" + "Q3Z7K9M2X5B8N1C4")],
)
def test_values_that_are_secrets(name, value):
    assert secret_in(name, value)


def test_names_of_secrets():
    assert names_secret("GRAFANA_PASSWORD")
    assert not names_secret("API_KEY_HEADER")
    assert not names_secret("TOKEN_EXPIRE_MINUTES")
