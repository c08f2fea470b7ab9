from __future__ import annotations

import pytest

from infra_grader.capabilities.starter import NO_STARTER
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.excerpt import MAX_PLACES, with_excerpts
from infra_grader.model.outcome import Evidence, EvidenceKind, Outcome
from infra_grader.model.rubric import CheckSpec, Visibility
from infra_grader.plugin import Params

DEPLOYMENT = """\
apiVersion: v1
kind: Service
---
apiVersion: apps/v1
kind: Deployment
spec:
  replicas: 3

  template:
    # what each pod is
    spec:
      containers:
      - name: first
        image: first:1
      - name: api
        image: api:1
        resources:
          limits: {cpu: 500m}
        ports: []
"""


class Nothing(Params):
    """No parameters."""


@pytest.fixture
def quote(tmp_path):
    """Return the lines that are quoted for evidence about files with these texts."""

    def quote(files, *evidence, uses="manifest.resources", visibility=Visibility.VISIBLE):
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        check = CheckSpec(id="c", title="C", uses=uses, params=Nothing(), visibility=visibility)
        outcome = with_excerpts(Outcome.failed("It fell short.", *evidence), check, Workspace(tmp_path, NO_STARTER))
        return [[(line.number, line.text) for line in piece.excerpt] for piece in outcome.evidence]

    return quote


def test_of_yaml_the_keys_that_lead_to_the_place_are_quoted(quote):
    [lines] = quote({"k8s/app.yaml": DEPLOYMENT}, Evidence(path="k8s/app.yaml", line=17))

    assert [number for number, _ in lines] == [6, 9, 11, 12, 15, 17, 18]
    assert lines[-2] == (17, "        resources:")


def test_an_item_of_a_list_stands_below_the_key_of_its_list(quote):
    [lines] = quote({"a.yml": "receivers:\n- name: a\n- name: b\n"}, Evidence(path="a.yml", line=3))

    assert lines == [(1, "receivers:"), (3, "- name: b")]


def test_of_other_files_the_lines_around_are_quoted(quote):
    [lines] = quote({"Dockerfile": "FROM a\nRUN b\nCOPY . .\nUSER app\n"}, Evidence(path="Dockerfile", line=3))

    assert lines == [(1, "FROM a"), (2, "RUN b"), (3, "COPY . ."), (4, "USER app")]


def test_places_that_do_not_exist_are_not_quoted(quote, tmp_path):
    (tmp_path / "out.txt").symlink_to("/etc/passwd")
    nowhere = ["absent.txt", "out.txt", "../a.txt", "/etc/passwd", "a\0b", "\ud800", "x" * 5000]
    evidence = [Evidence(path=path, line=1) for path in nowhere]

    for piece in [*evidence, Evidence(path="a.txt", line=9), Evidence(path="a.txt"), Evidence(text="words")]:
        assert quote({"a.txt": "one\n"}, piece) == [[]]


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"a\0b", b"x" * 2_000_000])
def test_what_is_no_text_of_a_size_is_not_quoted(quote, content):
    assert quote({"a.yaml": content}, Evidence(path="a.yaml", line=1)) == [[]]


def test_utf_16_and_windows_line_ends_are_read(quote):
    files = {"a.yaml": "a:\r\n  b: 1\r\n".encode("utf-16")}

    assert quote(files, Evidence(path="a.yaml", line=2)) == [[(1, "a:"), (2, "  b: 1")]]


def test_a_place_is_quoted_once_and_only_the_first_places_are(quote):
    evidence = [Evidence(path="a.txt", line=line) for line in (1, 1, 2, 3, 4, 5, 6)]
    quotes = quote({"a.txt": "x\n" * 9}, *evidence)

    assert [bool(lines) for lines in quotes] == [True, False, True, True, True, False, False]
    assert len(quotes[:MAX_PLACES]) == MAX_PLACES


def test_no_excerpt_beside_a_text_of_several_lines_or_of_what_is_no_file(quote):
    shown = Evidence(path="a.txt", line=1, text="one\ntwo")
    field = Evidence(kind=EvidenceKind.FIELD, path="a.txt", line=1)

    assert quote({"a.txt": "one\n"}, shown, field) == [[], []]


def test_hidden_checks_and_secrets_are_not_quoted(quote):
    place = Evidence(path="a.py", line=1)

    assert quote({"a.py": "x = 1\n"}, place, uses="secrets.absent") == [[]]
    assert quote({"a.py": "x = 1\n"}, place, visibility=Visibility.HIDDEN) == [[]]
    assert quote(
        {".env": "A=1\n", "k/tls.key": "A\n"}, Evidence(path=".env", line=1), Evidence(path="k/tls.key", line=1)
    ) == [[], []]


@pytest.mark.parametrize("kind", ["kind: Secret", 'kind: "Secret" # ours', "kind: SealedSecret"])
def test_a_secret_among_other_manifests_is_not_quoted(quote, kind):
    text = f"kind: Service\nspec: 1\n---\n{kind}\ndata:\n  a: aGVsbG8=\n---\nkind: Service\n"
    evidence = [Evidence(path="a.yaml", line=line) for line in (2, 6, 8)]

    assert [bool(lines) for lines in quote({"a.yaml": text}, *evidence)] == [True, False, True]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("POSTGRES_PASSWORD: hunter2", "POSTGRES_PASSWORD: …"),
        ("- API_KEY=abc", "- API_KEY=…"),
        ("ENV AUTH_TOKEN='abc'", "ENV AUTH_TOKEN='…'"),
        ('"db_password": "a b"', '"db_password": "…"'),
        ("url: postgres://user:hunter2@db/x", "url: postgres://user:…@db/x"),
        ("PASSWORD: ${PASSWORD}", "PASSWORD: ${PASSWORD}"),
        ("password: {{ .Values.password }}", "password: {{ .Values.password }}"),
        ("secretName: tls", "secretName: tls"),
        ('curl -H "Authorization: Bearer q8Zt41mmPz71" x', 'curl -H "Authorization: Bearer …" x'),
        ('["app", "--token", "q8Zt41mmPz71"]', '["app", "--token", "…"]'),
        ('curl -H "Authorization: Bearer $TOKEN" x', 'curl -H "Authorization: Bearer $TOKEN" x'),
        ("tokens: 5", "tokens: 5"),
    ],
)
def test_values_of_secrets_are_left_out(quote, line, shown):
    assert quote({"a.txt": line}, Evidence(path="a.txt", line=1)) == [[(1, shown)]]


def test_the_value_of_a_named_secret_is_left_out(quote):
    text = "env:\n  - name: DB_PASSWORD\n    value: hunter2\n"
    [lines] = quote({"a.yaml": text}, Evidence(path="a.yaml", line=3))

    assert lines[-1] == (3, "    value: …")


def test_long_lines_are_cut(quote):
    [[(_, text)]] = quote({"a.json": "x" * 100_000}, Evidence(path="a.json", line=1))

    assert len(text) == 120
    assert text.endswith("…")
