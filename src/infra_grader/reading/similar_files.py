"""Which files of a submission are compared with those of others, and as what; and a file as streams of words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from infra_grader.reading.dockerfile_lines import DockerfileError, Line, read_lines
from infra_grader.reading.similar_code import plain_words, read_code
from infra_grader.reading.similar_data import read_data, read_notebook
from infra_grader.reading.similar_fingerprints import Stream
from infra_grader.reading.yaml import YamlError

TEXT, NOTEBOOK = "text", "notebook"
KINDS = {
    **dict.fromkeys(("py", "pyi"), "Python"),
    **dict.fromkeys(("yaml", "yml"), "YAML"),
    **dict.fromkeys(("json", "jsonl"), "JSON"),
    "ipynb": NOTEBOOK,
    **dict.fromkeys(("tf", "tfvars", "hcl"), "HCL"),
    **dict.fromkeys(("sh", "bash", "zsh", "ksh", "bats"), "shell"),
    **dict.fromkeys(("md", "markdown", "rst", "txt", "adoc"), TEXT),
    **dict.fromkeys(("toml", "ini", "cfg", "conf", "env", "properties", "mk"), "settings"),
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "mjs", "go", "java", "kt", "rs", "c", "h", "cc", "cpp", "cs", "css",
                     "groovy", "proto", "rego", "scala", "lua"), "code"),
    **dict.fromkeys(("html", "htm", "xml", "j2", "jinja", "jinja2", "tpl", "tmpl"), "markup"),
    "sql": "SQL",
}  # fmt: skip
"""By the suffix of a file's name, without its dot."""
NAMES = {
    "Makefile": "settings",
    "GNUmakefile": "settings",
    "Jenkinsfile": "code",
    "Procfile": "settings",
    ".env.example": "settings",
    ".env": "settings",
}
DOCKERFILE = re.compile(r"(?:[\w.-]+\.)?(?:Dockerfile|Containerfile|dockerfile)(?:\.[\w.-]+)?")
MADE_FILES = re.compile(
    r"(?:package-lock|npm-shrinkwrap|composer\.lock)\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|uv\.lock|pdm\.lock"
    r"|Pipfile\.lock|pixi\.lock|Cargo\.lock|go\.sum|\.terraform\.lock\.hcl|dvc\.lock|Chart\.lock"
    r"|.*\.min\.(?:js|css)|.*_pb2(?:_grpc)?\.pyi?|terraform\.tfstate.*|.*\.tfstate"
)
MADE_FOLDERS = frozenset(
    {
        "vendor", "third_party", "site-packages", "dist-packages", "bower_components", "mlruns", ".ipynb_checkpoints",
        ".eggs", "htmlcov", ".dvc", ".idea", ".vscode",
    }
)  # fmt: skip
STAGE = re.compile(r"\s+as\s+\S+\s*$", re.IGNORECASE)
QUOTATION = re.compile(r" {0,3}>")
"""A line of Markdown that quotes somebody."""


def kind_of(path: str) -> str | None:
    """Return what a file is compared as; nothing for what is no text of a kind that is compared."""
    name = path.rpartition("/")[2]
    if DOCKERFILE.fullmatch(name):
        return "Dockerfile"
    return NAMES.get(name) or KINDS.get(name.rpartition(".")[2].lower() if "." in name else "")


def is_made(path: str) -> bool:
    """Whether a tool wrote the file, or it came with somebody else's software, by its name or a folder's."""
    *folders, name = path.split("/")
    return bool(MADE_FILES.fullmatch(name)) or not MADE_FOLDERS.isdisjoint(folders)


def read_streams(path: str, text: str) -> list[Stream]:
    """Return the words of a file of a kind that is compared. What its own reader refuses is read as plain words."""
    kind = kind_of(path)
    try:
        if kind == NOTEBOOK:
            return read_notebook(text)
        if kind in ("YAML", "JSON"):
            return read_data(kind, text)
        if kind == "Dockerfile":
            return [_dockerfile(text)]
    except (YamlError, DockerfileError, RecursionError):
        return [_plain("other text", text)]
    if kind == TEXT:
        return [_prose(text)]
    return [_plain(kind, text) if kind == "markup" else read_code(kind or "settings", text)]


def _prose(text: str) -> Stream:
    """Return the words of a document, without quotations and signs."""
    lines = text.split("\n")
    words = ((word, line) for word, line in plain_words(text) if word.isalnum() and not QUOTATION.match(lines[line]))
    return _made("text", words)


def _plain(kind: str, text: str) -> Stream:
    return _made(kind, plain_words(text))


def _made(kind: str, words: Iterable[tuple[str, int]]) -> Stream:
    found = list(words)
    return Stream(kind, [word for word, _ in found], [line + 1 for _, line in found])


def _dockerfile(text: str) -> Stream:
    """Return the words of a Dockerfile's instructions, of `RUN` as those of a shell; names of stages do not count."""
    found: list[tuple[str, int]] = []
    for item in read_lines(text)[0]:
        found.append((item.keyword, item.line))
        found += ((f"--{name}", item.line) for name in sorted(item.flags))
        found += _instruction(item)
        for heredoc in item.heredocs:
            read = read_code("shell", heredoc.content, first_line=heredoc.line)
            found += zip(read.words, read.lines, strict=True)
    return Stream("Dockerfile", [word for word, _ in found], [line for _, line in found])


def _instruction(item: Line) -> Iterable[tuple[str, int]]:
    """Yield the words of an instruction, each with the line of the file that it stands on."""
    if item.keyword == "FROM":
        text = STAGE.sub(" as", item.text)
        return ((word, item.line) for word in read_code("shell", text).words)
    ends = [start for start, _ in item.starts[1:]] + [len(item.text)]
    pieces = [item.text[start:end] for (start, _), end in zip(item.starts, ends, strict=True)]
    read = read_code("shell", "\\\n".join(pieces), first_line=0)
    return ((word, item.starts[line][1]) for word, line in zip(read.words, read.lines, strict=True))
