"""What of a Dockerfile not every builder has, and the lines that would fetch another one."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.docker_needs import find_needs, without_frontend
from infra_grader.reading.dockerfile import read_dockerfile


@pytest.mark.parametrize(
    ("written", "copied"),
    [
        (b"# syntax=docker/dockerfile:1\nFROM a\n", b"#\nFROM a\n"),
        (b"#syntax = evil/it\r\nFROM a\r\n", b"#\nFROM a\r\n"),
        (b"\xef\xbb\xbf# SYNTAX=evil/it\nFROM a\n", b"#\nFROM a\n"),
        (b"// syntax=evil/it\nFROM a\n", b"#\nFROM a\n"),
        (b"# syntax=a\n# escape=`\nFROM a\n", b"# escape=`\n#\nFROM a\n"),
        (b"# escape=`\n# syntax=a\n\n# a comment\nFROM a\n", b"# escape=`\n#\n\n# a comment\nFROM a\n"),
        (b"FROM a\n# syntax=text\n", b"FROM a\n# syntax=text\n"),
        (b'{"syntax": "evil/it"}\n', b'# {"syntax": "evil/it"}\n'),
        (b"", b""),
    ],
)
def test_no_other_frontend_is_fetched(written, copied):
    assert without_frontend(written) == copied
    assert without_frontend(written).count(b"\n") == written.count(b"\n")


def needs(text):
    return [(need.title, need.line) for need in find_needs(read_dockerfile(TextFile("Dockerfile", text)))]


def test_needs_are_named_with_their_lines():
    text = (
        "FROM a\nRUN --mount=type=cache,target=/x \\\n  true\nCOPY --link a b\nRUN <<EOF\ntrue\nEOF\nARG TARGETARCH\n"
    )
    assert needs(text) == [("RUN --mount", 2), ("COPY --link", 4), ("a heredoc", 5), ("the argument TARGETARCH", 8)]


def test_a_plain_file_needs_nothing():
    assert (
        needs("FROM a AS b\nCOPY --chown=1 a b\nFROM c\nCOPY --from=b a b\nHEALTHCHECK --interval=5s CMD true\n") == []
    )
