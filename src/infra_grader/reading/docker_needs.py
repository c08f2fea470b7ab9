"""What of a Dockerfile not every builder understands, and a copy of it that fetches no other one to read it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.docker_build import Need
from infra_grader.reading.dockerfile import PLATFORM, Dockerfile
from infra_grader.reading.dockerfile_instruction import Instruction, declared_arguments
from infra_grader.reading.dockerfile_lines import DIRECTIVE

SINCE = {
    ("RUN", "mount"): (1, 2),
    ("RUN", "network"): (1, 3),
    ("RUN", "security"): (1, 14),
    ("RUN", "device"): (1, 14),
    ("COPY", "link"): (1, 4),
    ("ADD", "link"): (1, 4),
    ("COPY", "chmod"): (1, 2),
    ("ADD", "chmod"): (1, 2),
    ("ADD", "checksum"): (1, 6),
    ("ADD", "keep-git-dir"): (1, 6),
    ("ADD", "unpack"): (1, 17),
    ("COPY", "parents"): (1, 20),
    ("COPY", "exclude"): (1, 19),
    ("ADD", "exclude"): (1, 19),
    ("HEALTHCHECK", "start-interval"): (1, 6),
}
"""Flags, and the version of the Dockerfile syntax that brought each."""
HEREDOC = (1, 4)
BOM = b"\xef\xbb\xbf"
SYNTAX = re.compile(rb"[ \t]*(?:#|//)[ \t]*syntax[ \t]*=", re.IGNORECASE)


def find_needs(dockerfile: Dockerfile) -> tuple[Need, ...]:
    """Return what the file asks of its builder, in its order. Stages that are not built count: all are read."""
    return tuple(
        need
        for stage in dockerfile.stages
        for item in (stage.start, *stage.instructions)
        for need in _of(item, dockerfile.escape)
    )


def _of(item: Instruction, escape: str) -> Iterator[Need]:
    if item.heredocs:
        yield Need(title="a heredoc", line=item.line, since=HEREDOC)
    for flag in item.flags:
        if since := SINCE.get((item.keyword, flag)):
            yield Need(title=f"{item.keyword} --{flag}", line=item.line, since=since)
    if item.keyword == "FROM" and "$BUILD" in item.flag("platform").replace("{", ""):
        yield Need(title="FROM --platform=$BUILDPLATFORM", line=item.line)
    if item.keyword == "ARG":
        for name, _ in declared_arguments(item, escape):
            if name in PLATFORM:
                yield Need(title=f"the argument {name}", line=item.line)


def without_frontend(content: bytes) -> bytes:
    """Return a Dockerfile without the line that has BuildKit fetch another program to read it; lines keep their number.

    Other directives are moved up, since they count only above the first comment.
    """
    content = content.removeprefix(BOM)
    if content.lstrip().startswith(b"{"):  # newer ones look for it in JSON as well, which is no Dockerfile
        content = b"# " + content
    lines = content.split(b"\n")
    top = 0
    while top < len(lines) and (not lines[top].strip() or lines[top].lstrip().startswith((b"#", b"//"))):
        top += 1
    head = [line for line in lines[:top] if not SYNTAX.match(line)]
    directives = 0
    while directives < len(head) and DIRECTIVE.match(head[directives].decode("utf-8", "replace").strip()):
        directives += 1
    blanks = [b"#"] * (top - len(head))
    return b"\n".join([*head[:directives], *blanks, *head[directives:], *lines[top:]])
