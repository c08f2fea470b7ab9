"""The env.documented check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    places,
)
from infra_grader.reading.dotenv import read_dotenv
from infra_grader.reading.pieces import cut
from infra_grader.reading.prometheus_known import is_named_by
from infra_grader.reading.python_environment import environment_readings
from infra_grader.reading.python_work import own_python
from infra_grader.reading.stand_in import secret_in
from infra_grader.reading.yaml import YamlError, read_documents

REFERENCE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)[^}]{0,200}\}|([A-Za-z_][A-Za-z0-9_]*))")
NOT_OURS = (
    "HOME",
    "PATH",
    "PWD",
    "USER",
    "HOSTNAME",
    "LANG",
    "TZ",
    "TERM",
    "SHELL",
    "TMPDIR",
    "CI",
    "PYTHON*",
    "GITHUB_*",
    "KUBERNETES_*",
    "PYTEST_*",
    "COMPOSE_*",
)
"""Variables that a machine or a tool sets by itself."""
REAL = re.compile(r"(?:^|/)\.env$")


class Documented(Params):
    """Where the template is, and what reads settings."""

    path: Annotated[Places, Meta(description="The template of settings; the first place that is there is read.")] = (
        ".env.example"
    )
    code: Annotated[Places, Meta(description="Python files, folders or globs that read settings.")] = "**/*.py"
    exclude: Annotated[tuple[RelativePath, ...], Meta(description="Python that is left out, such as `tests`.")] = (
        "tests",
    )
    compose: Annotated[
        tuple[RelativePath, ...], Meta(description="Compose files or globs whose variables count too.")
    ] = ("**/*compose*.yml", "**/*compose*.yaml")
    ignore: Annotated[tuple[str, ...], Meta(description="Settings that need not be named, `*` for anything.")] = ()
    at_least: Annotated[int, Meta(ge=1, description="Settings that must be read somewhere and named.")] = 1


@check("env.documented", measure="percent")
def documented(context: Context, params: Documented) -> Outcome:
    """The template of settings names every variable that code and compose files read, and holds no real secret.

    Read are `os.environ` and its like in Python that can run, pydantic settings, and `${NAME}` in the values of compose
    files. Names in comments do not count. A real secret in the template, or a `.env` that is committed, fails it. The
    measure is the percentage of the variables read that are named.
    """
    path = context.workspace.first(places(params.path))
    named = read_dotenv(context.workspace.read_text(path))
    unsafe = [
        Evidence(path=path, line=item.line, expected="no real secret", actual=kind, text=item.name)
        for item in named.variables
        if (kind := secret_in(item.name, item.value))
    ]
    unsafe += [
        Evidence(path=real, expected="ignored by git", actual="committed")
        for real in context.workspace.view(allow_starter=True).find("**/.env")
        if REAL.search(real)
    ]
    read, faults = _read(context, params)
    ignored = (*NOT_OURS, *params.ignore)
    wanted = {name: place for name, place in read.items() if not is_named_by(name, ignored)}
    if not wanted:
        shown = Evidence(path=places(params.code)[0], expected="settings that are read", actual="none")
        raise CheckFailed("Nothing reads a setting, so there is nothing to document.", shown, *cut(faults))
    known = {name.upper() for name in named.names}  # pydantic reads either case
    missing = [place for name, place in wanted.items() if name.upper() not in known]
    there = len(wanted) - len(missing)
    share = Fraction(there, len(wanted)) * Fraction(min(there, params.at_least), params.at_least)
    share = Fraction(0) if unsafe else share
    problem = (
        f"; {unsafe[0].path} {'holds ' + str(unsafe[0].actual) if unsafe[0].line else 'is committed'}" if unsafe else ""
    )
    return Outcome.partial(
        share,
        f"{path} names {there} of the {len(wanted)} settings that are read{problem}.",
        *cut(unsafe),
        *cut(missing, 15),
        Evidence(path=path, expected=f"{len(wanted)} settings", actual=f"{len(named.variables)} are named"),
        *cut(faults, 3),
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )


def _read(context: Context, params: Documented) -> tuple[dict[str, Evidence], list[Evidence]]:
    """Return the variables that are read, each with the place, and evidence for files that cannot be read."""
    files, faults = own_python(context, places(params.code), params.exclude)
    found: dict[str, Evidence] = {}
    for reading in environment_readings(files):
        place = Evidence(
            path=reading.path,
            line=reading.line,
            expected="named in the template",
            actual=f"{reading.name} is read here",
        )
        found.setdefault(reading.name, place)
    for path in context.workspace.find(*params.compose):
        try:
            text = context.workspace.read_text(path)
            for name, line in _references(text):
                place = Evidence(path=path, line=line, expected="named in the template", actual=f"{name} is read here")
                found.setdefault(name, place)
        except CheckFailed as verdict:
            faults += verdict.evidence
        except YamlError as error:
            faults.append(Evidence(path=path, line=error.line, expected="valid YAML", actual=error.message))
    return found, faults


def _references(text: str) -> Iterator[tuple[str, int]]:
    """Yield the variables in the values of a compose file, with their lines; `$$` is a plain dollar."""
    for document in read_documents(text):
        stack: list[tuple[tuple[str | int, ...], object]] = [((), document.data)]
        while stack:
            at, value = stack.pop()
            inner: Sequence[tuple[str | int, object]] = ()
            if isinstance(value, dict):
                inner = list(value.items())
            elif isinstance(value, list):
                inner = list(enumerate(value))
            elif isinstance(value, str):
                for found in REFERENCE.finditer(value.replace("$$", "  ")):
                    yield found[1] or found[2], document.place(at).line
            stack += [((*at, key), item) for key, item in inner]
