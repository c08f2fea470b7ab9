"""One instruction of a Dockerfile, held against what BuildKit accepts of its kind."""

from __future__ import annotations

from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_lines import DockerfileError, Heredoc, Line, split_words
from infra_grader.reading.dockerfile_words import exec_form

FLAGS = {
    "ADD": {"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"},
    "COPY": {"from", "chown", "chmod", "link", "parents", "exclude"},
    "FROM": {"platform"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "start-interval", "retries"},
    "RUN": {"mount", "network", "security", "device"},
}
KEYWORDS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
     "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)  # fmt: skip
LEAST_WORDS = {
    "ADD": 2,
    "COPY": 2,
    "EXPOSE": 1,
    "ONBUILD": 1,
    "USER": 1,
    "WORKDIR": 1,
    "STOPSIGNAL": 1,
    "ARG": 1,
    "VOLUME": 1,
}
MAY_BE_LIST = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})


class Instruction(Record):
    """One instruction, as written."""

    keyword: str
    text: str
    flags: dict[str, tuple[str, ...]]
    words: tuple[str, ...]
    """The words of a list in JSON form; else the text split at spaces, quotes kept."""
    is_exec: bool
    """Whether it is written as a list in JSON form."""
    heredocs: tuple[Heredoc, ...]
    line: int
    end_line: int
    source: Line

    def flag(self, name: str) -> str:
        """Return the last value of a flag, or nothing."""
        return self.flags.get(name, ("",))[-1]


def read_instruction(line: Line) -> Instruction:
    """Return the instruction on a line. Raises `DockerfileError` where BuildKit refuses it."""
    if line.keyword not in KEYWORDS:
        raise DockerfileError(f"there is no instruction {line.keyword[:40]}", line.line)
    words = exec_form(line.text, line.line) if line.keyword in MAY_BE_LIST else None
    plain = tuple(line.text.split())
    made = Instruction(
        keyword=line.keyword,
        text=line.text,
        flags=line.flags,
        words=plain if words is None else words,
        is_exec=words is not None,
        heredocs=line.heredocs,
        line=line.line,
        end_line=line.end_line,
        source=line,
    )
    _hold(made)
    return made


def _hold(item: Instruction) -> None:
    """Raise `DockerfileError` for an instruction that lacks words, or has flags that it does not know."""
    for flag in item.flags:
        if flag not in FLAGS.get(item.keyword, set()):
            raise DockerfileError(f"{item.keyword} knows no flag --{flag[:40]}", item.line)
    if len(item.words) < LEAST_WORDS.get(item.keyword, 0):
        least = LEAST_WORDS[item.keyword]
        raise DockerfileError(f"{item.keyword} needs {'two words' if least > 1 else 'a value'}", item.line)
    if item.keyword == "RUN" and not item.words:
        raise DockerfileError("RUN has no command", item.line)
    if item.keyword == "SHELL" and not item.is_exec:
        raise DockerfileError("SHELL takes a list in JSON form", item.line)
    if item.keyword == "HEALTHCHECK":
        kind = item.words[0].upper() if item.words else ""
        if kind not in ("CMD", "NONE") or (kind == "CMD") == (len(item.words) < 2):
            raise DockerfileError("HEALTHCHECK takes CMD with a command, or NONE", item.line)
    if item.keyword == "ONBUILD" and item.words[0].upper() in ("ONBUILD", "FROM", "MAINTAINER"):
        raise DockerfileError(f"ONBUILD cannot hold {item.words[0].upper()}", item.line)
    if item.keyword == "ONBUILD" and item.words[0].upper() not in KEYWORDS:
        raise DockerfileError(f"there is no instruction {item.words[0][:40]}", item.line)


def read_mounts(item: Instruction) -> list[dict[str, str]]:
    """Return the options of each `RUN --mount=type=…,target=…`."""
    mounts = []
    for value in item.flags.get("mount", ()):
        pairs = (part.partition("=") for part in value.split(","))
        mounts.append({name.strip().lower(): text.strip() for name, _, text in pairs})
    return mounts


def declared_arguments(item: Instruction, escape: str) -> list[tuple[str, str | None]]:
    """Return the names that ARG declares, with their defaults as written."""
    found = (word.partition("=") for word in split_words(item.text, escape))
    return [(name, value if sign else None) for name, sign, value in found]
