"""Pipelines of GitHub Actions and GitLab CI: events, jobs and steps with their lines, in one model for both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.reading.document import invalid
from infra_grader.reading.yaml import Document, YamlError, read_document

PLACES = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    "cicd/.github/workflows/*.yml",
    "cicd/.github/workflows/*.yaml",
    ".gitlab-ci.yml",
    "cicd/.gitlab-ci.yml",
)
"""Where pipelines are found; those below `cicd/` are run by nobody, but the course names them."""
CONSTANTS = re.compile(r"('[^']*'|[0-9]+)(==|!=)('[^']*'|[0-9]+)")
"""A condition that compares what never changes: `1==2`, `'a'!='a'`."""
GITLAB_NAMES = (".gitlab-ci.yml", ".gitlab-ci.yaml")


class Step(Record):
    """One step: a script, or an action with its inputs."""

    path: str
    line: int
    name: str = ""
    uses: str = ""
    """The action, with its version."""
    script: str = ""
    script_line: int = 0
    """The line on which the script's first line stands."""
    inputs: Mapping[str, Any] = {}
    """What an action is given by `with`."""
    variables: Mapping[str, Any] = {}
    condition: Any = None
    may_fail: bool = False
    """Whether a failure of it is passed over (`continue-on-error`, `allow_failure`)."""
    shell: str = ""
    folder: str = ""
    """Where its script runs, below the root of the repository."""

    @property
    def never_runs(self) -> bool:
        """Whether its condition is plainly false."""
        return is_false(self.condition)


class Job(Record):
    """One job."""

    id: str
    path: str
    line: int
    name: str = ""
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    uses: str = ""
    """The workflow that it calls, where it is not made of steps."""
    inputs: Mapping[str, Any] = {}
    """What that workflow is given by `with`."""
    environment: str = ""
    condition: Any = None
    may_fail: bool = False
    services: tuple[str, ...] = ()
    """Images or names of its service containers."""
    strategy: Mapping[str, Any] = {}
    permissions: Any = None
    is_manual: bool = False
    """Whether a person has to start it (GitLab)."""

    @property
    def never_runs(self) -> bool:
        """Whether its condition is plainly false."""
        return is_false(self.condition)


class Pipeline(Record):
    """A workflow of GitHub Actions, or the pipeline of GitLab CI."""

    path: str
    is_gitlab: bool
    document: Document
    name: str = ""
    events: Mapping[str, Any] = {}
    """What starts it, in GitHub's words, each with its filters."""
    jobs: tuple[Job, ...] = ()
    permissions: Any = None

    def line(self, *path: str | int) -> int:
        """Return the line of a key."""
        return self.document.key_place(path).line


def find_pipelines(workspace: Workspace, places: Sequence[str]) -> tuple[list[Pipeline], list[CheckFailed]]:
    """Return the pipelines of the learner's own that can be read, and what is wrong with the others.

    Raises `CheckFailed` if there is none at all.
    """
    paths = sorted({path for suffix in (".yml", ".yaml") for path in workspace.find_in(places, suffix)})
    pipelines: list[Pipeline] = []
    faults: list[CheckFailed] = []
    for path in paths:
        try:
            pipelines.append(read_pipeline(TextFile(path, workspace.read_text(path))))
        except CheckFailed as fault:
            faults.append(fault)
    if not pipelines and faults:
        raise faults[0]
    if not pipelines:
        raise CheckFailed(
            f"There is no workflow of your own in {' or '.join(places)}.",
            Evidence(path=places[0], expected="a workflow of your own", actual="none, or only what was handed out"),
        )
    return pipelines, faults


def read_pipeline(file: TextFile) -> Pipeline:
    """Return the pipeline in a file. Raises `CheckFailed` for what is no YAML, or no pipeline."""
    try:
        document = read_document(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error
    if not isinstance(document.data, dict):
        raise invalid(file, "as a workflow", "it is no mapping", 1)
    if file.path.rpartition("/")[2] in GITLAB_NAMES:
        from infra_grader.reading.workflow_gitlab import read_gitlab  # few submissions have one

        return read_gitlab(file.path, document)
    data = document.data
    jobs = data.get("jobs")
    if not isinstance(jobs, dict) or not jobs:
        raise invalid(file, "as a workflow", "it has no jobs", document.key_place(["jobs"]).line)
    return Pipeline(
        path=file.path,
        is_gitlab=False,
        document=document,
        name=text_of(data.get("name")),
        events=_events(data.get("on")),
        jobs=tuple(_job(file.path, document, key, job) for key, job in jobs.items() if isinstance(job, dict)),
        permissions=data.get("permissions"),
    )


def read_steps(
    path: str, document: Document, prefix: tuple[str | int, ...], listed: object, run: Mapping[str, Any] | None = None
) -> Iterator[Step]:
    """Yield the steps of a list in a workflow or a composite action; `run` is what they get by `defaults.run`."""
    run = run or {}
    for index, step in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(step, dict):
            place = (*prefix, index)
            yield Step(
                path=path,
                line=document.place(place).line,
                name=text_of(step.get("name")),
                uses=text_of(step.get("uses")),
                script=text_of(step.get("run")),
                script_line=script_line(document, (*place, "run")),
                inputs=mapping_of(step.get("with")),
                variables=mapping_of(step.get("env")),
                condition=step.get("if"),
                may_fail=is_true(step.get("continue-on-error")),
                shell=text_of(step.get("shell", run.get("shell"))),
                folder=text_of(step.get("working-directory", run.get("working-directory"))),
            )


def _job(path: str, document: Document, key: str, job: dict[str, Any]) -> Job:
    environment = job.get("environment")
    run = mapping_of(mapping_of(document.data.get("defaults")).get("run"))
    run = run | mapping_of(mapping_of(job.get("defaults")).get("run"))
    return Job(
        id=key,
        path=path,
        line=document.key_place(["jobs", key]).line,
        name=text_of(job.get("name")),
        needs=tuple(texts_of(job.get("needs"))),
        steps=tuple(read_steps(path, document, ("jobs", key, "steps"), job.get("steps"), run)),
        uses=text_of(job.get("uses")),
        inputs=mapping_of(job.get("with")),
        environment=text_of(environment.get("name")) if isinstance(environment, dict) else text_of(environment),
        condition=job.get("if"),
        may_fail=is_true(job.get("continue-on-error")),
        services=tuple(_services(job.get("services"))),
        strategy=mapping_of(job.get("strategy")),
        permissions=job.get("permissions"),
    )


def _services(services: object) -> Iterator[str]:
    for name, service in mapping_of(services).items():
        yield text_of(service.get("image")) or name if isinstance(service, dict) else name


def _events(on: object) -> dict[str, Any]:
    if isinstance(on, dict):
        return dict(on)
    return dict.fromkeys(texts_of(on))


def script_line(document: Document, path: tuple[str | int, ...]) -> int:
    """Return the line on which a script starts: that of its key for a plain text, the next one for a block."""
    place, key = document.place(path), document.key_place(path)
    return place.line if place.line > key.line else key.line + _is_block(document, path)


def _is_block(document: Document, path: tuple[str | int, ...]) -> bool:
    """Whether a text is written as a block below its key: such a text has line ends."""
    value: Any = document.data
    for step in path:
        value = value[step] if isinstance(value, list) and isinstance(step, int) else mapping_of(value).get(str(step))
    return isinstance(value, str) and "\n" in value


def text_of(value: object) -> str:
    """Return a text as it is, a number or truth value as it is written, anything else as nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def texts_of(value: object) -> list[str]:
    """Return a text or a list of texts as a list."""
    return [text for item in (value if isinstance(value, list) else [value]) if (text := text_of(item))]


def mapping_of(value: object) -> dict[str, Any]:
    """Return a mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def is_true(value: object) -> bool:
    """Whether a setting is plainly true."""
    return _bare(value) == "true"


def is_false(condition: object) -> bool:
    """Whether a condition is plainly false."""
    found = CONSTANTS.fullmatch(_plain(condition))
    is_unequal = found is not None and (found[1] == found[3]) != (found[2] == "==")
    return is_unequal or _bare(condition) in ("false", "!true", "0")


def _bare(condition: object) -> str:
    return _plain(condition).strip("'\"")


def _plain(condition: object) -> str:
    return text_of(condition).replace("${{", "").replace("}}", "").replace(" ", "").lower()
