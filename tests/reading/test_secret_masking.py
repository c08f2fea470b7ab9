import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.secret_masking import masked


@pytest.mark.parametrize(
    "text",
    [
        "DB_PASSWORD=hunter2hunter",
        "RUN |1 API_TOKEN=hunter2hunter /bin/sh -c pip install",
        "export SECRET_KEY='hunter2hunter'",
        "curl -H 'Authorization: Bearer hunter2hunter'",
        "login --password hunter2hunter",
        "postgres://me:hunter2hunter@db/shop",
    ],
)
def test_a_value_goes_and_what_tells_of_it_stays(text):
    shown = masked([text])[0]
    assert "hunter2hunter" not in shown
    assert "***" in shown
    assert shown.split()[:1] == text.split()[:1] or shown.startswith(text[:11])
    assert masked(shown) == shown


def test_what_a_secret_of_kubernetes_holds_goes():
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    secret = {
        "kind": "Secret",
        "metadata": {"name": "db", "annotations": {applied: '{"data": "aHVudGVy"}', "owner": "ada"}},
        "data": {"password": "aHVudGVy"},
        "stringData": {"user": "me"},
    }
    assert masked({"items": [secret]}) == {
        "items": [
            {
                "kind": "Secret",
                "metadata": {"name": "db", "annotations": {applied: "***", "owner": "ada"}},
                "data": {"password": "***"},
                "stringData": {"user": "***"},
            }
        ]
    }


def test_variables_of_a_container_are_told_by_their_names():
    variables = [{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "80"}, {"name": "A", "valueFrom": {}}]
    assert masked(variables) == [{"name": "DB_PASSWORD", "value": "***"}, *variables[1:]]


@pytest.mark.parametrize(
    "plain",
    ["PORT=8000", "TOKEN=${TOKEN}", "MAX_TOKENS=5", "http://host/path?a=b", "the password is wrong", 5, None, 0.5],
)
def test_everything_else_stays(plain):
    assert masked(plain) == plain


PLAIN = st.text("abc ,;()[]", max_size=20)
SECRET = st.text("0123456789ABCDEFxyz", min_size=8, max_size=20)


@given(PLAIN, SECRET, PLAIN, st.sampled_from(["", "'", '"']))
def test_an_assigned_secret_goes_wherever_it_stands(before, secret, after, quote):
    assert secret not in masked(f"{before} DB_PASSWORD={quote}{secret}{quote} {after}")
