"""Files as streams of words, by their kinds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.similar_files import is_made, kind_of, read_streams

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: api
          image: registry/api:1.0
"""
SHUFFLED = """\
# mine
kind: Deployment
spec: {template: {spec: {containers: [{image: "other:2", name: "web"}]}}, replicas: 5}
metadata: {name: web}
apiVersion: apps/v1
"""
DOCKERFILE = """\
FROM python:3.11-slim AS build
RUN apt-get update && \\
    # why
    apt-get install -y curl
COPY --from=build /a /b
CMD ["python", "app.py"]
"""


def words(path, text):
    return [word for stream in read_streams(path, text) for word in stream.words]


def test_layout_order_and_values_of_yaml_make_no_difference():
    assert words("a.yaml", MANIFEST) == words("b.yml", SHUFFLED)


def test_keys_and_kinds_of_yaml_make_a_difference():
    assert words("a.yaml", MANIFEST.replace("Deployment", "StatefulSet")) != words("a.yaml", MANIFEST)
    assert words("a.yaml", MANIFEST.replace("replicas", "paused")) != words("a.yaml", MANIFEST)


def test_scripts_in_yaml_are_read_word_by_word_with_their_lines():
    [stream] = read_streams("ci.yaml", "run: |\n  set -e\n  make all\n")
    assert dict(zip(stream.words, stream.lines, strict=True))["make"] == 3


def test_each_document_is_a_stream():
    assert len(read_streams("all.yaml", MANIFEST + "---\n" + MANIFEST)) == 2


def test_layout_comments_and_stages_of_a_dockerfile_make_no_difference():
    changed = DOCKERFILE.replace("AS build", "as base").replace("--from=build", "--from=base")
    changed = changed.replace("    # why\n", "").replace("3.11", "3.12").replace("RUN", "run")
    assert words("Dockerfile", changed) == words("docker/api.Dockerfile", DOCKERFILE)


def test_words_of_a_dockerfile_stand_on_their_lines():
    [stream] = read_streams("Dockerfile", DOCKERFILE)
    assert dict(zip(stream.words, stream.lines, strict=True))["curl"] == 4


def test_quotations_are_not_compared():
    assert words("a.md", "# Mine\n> What somebody wrote.\n\nOwn *words*.") == ["mine", "own", "words"]


def test_code_of_a_notebook_is_compared_as_python():
    cells = [{"cell_type": "code", "source": ["import os\n", "x = 1\n"]}, {"cell_type": "markdown", "source": "Why so"}]
    code, prose = read_streams("a.ipynb", json.dumps({"cells": cells}, indent=1))
    assert (code.kind, prose.kind) == ("Python", "text")
    assert list(code.words) == words("a.py", "import os\nx = 1\n")
    assert code.lines[0] < code.lines[-1]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "a: [1,\n"),
        ("a.json", "{"),
        ("a.yaml", "- " * 5000),
        ("a.ipynb", "[1, 2"),
        ("Dockerfile", "FROM a\nRUN <<EOF\nnever closed\n"),
        ("templates/a.yaml", "a: {{ .Values.a }}\n{{- if b }}\n"),
    ],
)
def test_what_its_reader_refuses_is_read_as_plain_words(path, text):
    assert words(path, text)
    assert {stream.kind for stream in read_streams(path, text)} <= {"other text", "Dockerfile"}


@given(
    st.text(), st.sampled_from(["a.py", "a.yaml", "a.json", "a.ipynb", "Dockerfile", "a.md", "a.tf", "a.sh", "a.js"])
)
def test_nothing_that_a_file_holds_raises(path_text, path):
    for stream in read_streams(path, path_text):
        assert len(stream.words) == len(stream.lines)
        assert all(1 <= line <= path_text.count("\n") + 1 for line in stream.lines)


def test_kinds_and_made_files_are_told_by_their_names():
    assert kind_of("src/app.py") == "Python"
    assert kind_of("docker/Dockerfile.gpu") == "Dockerfile"
    assert kind_of("model.bin") is None
    assert is_made("web/package-lock.json")
    assert is_made("vendor/lib/a.py")
    assert not is_made("src/vendor.py")
