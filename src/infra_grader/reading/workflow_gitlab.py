"""The pipeline of GitLab CI, in the model of workflows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.workflow import Job, Pipeline, Step, is_true, mapping_of, script_line, text_of, texts_of
from infra_grader.reading.yaml import Document

NOT_JOBS = frozenset(
    {"stages", "variables", "default", "include", "workflow", "image", "services", "cache", "before_script", "pages_",
     "after_script", "spec"}
)  # fmt: skip
STAGES = (".pre", "build", "test", "deploy", ".post")
EVENTS = {"merge_request_event": "pull_request", "push": "push", "schedule": "schedule", "web": "workflow_dispatch"}
"""What GitLab calls what starts a pipeline, and GitHub's word for it."""
MOST_EXTENDED = 10
STOPPING: dict[str, Any] = {"shell": "bash"}
"""The shell of runners, which stops at the first command that fails, in a pipe as well."""


def read_gitlab(path: str, document: Document) -> Pipeline:
    """Return the pipeline. Raises `CheckFailed` if it has no job."""
    data: dict[str, Any] = document.data
    stages = texts_of(data.get("stages")) or list(STAGES)
    extended = {
        key: _extended(data, key)
        for key, job in data.items()
        if key not in NOT_JOBS and not key.startswith(".") and isinstance(job, dict)
    }
    jobs = [_job(path, document, key, job) for key, job in extended.items() if "script" in job or "trigger" in job]
    if not jobs:
        raise CheckFailed(
            f"{path} has no job with a script.", Evidence(path=path, line=1, expected="jobs", actual="none")
        )
    ordered = [job.replace(needs=_needs(job, extended, stages)) for job in jobs]
    return Pipeline(path=path, is_gitlab=True, document=document, events=_events(data, extended), jobs=tuple(ordered))


def _extended(data: dict[str, Any], key: str, depth: int = 0) -> dict[str, Any]:
    """Return a job with what it takes from the jobs that it extends."""
    job = mapping_of(data.get(key))
    made: dict[str, Any] = {}
    for base in texts_of(job.get("extends")) if depth < MOST_EXTENDED else []:
        made |= _extended(data, base, depth + 1)
    return made | job


def _job(path: str, document: Document, key: str, job: dict[str, Any]) -> Job:
    environment = job.get("environment")
    rules = [rule for rule in job.get("rules") or [] if isinstance(rule, dict)] if "rules" in job else []
    when = {text_of(job.get("when")), *(text_of(rule.get("when")) for rule in rules)}
    return Job(
        id=key,
        path=path,
        line=document.key_place([key]).line,
        name=key,
        needs=tuple(_named(job.get("needs"))) if "needs" in job else (),
        steps=tuple(_steps(path, document, key, job)),
        environment=text_of(environment.get("name")) if isinstance(environment, dict) else text_of(environment),
        condition="false" if _never_runs(job, rules) else None,
        may_fail=is_true(job.get("allow_failure")),
        services=tuple(_named(job.get("services"), "name")),
        strategy={"matrix": job["parallel"]} if "parallel" in job else {},
        is_manual="manual" in when,
    )


def _never_runs(job: dict[str, Any], rules: list[dict[str, Any]]) -> bool:
    """Whether nothing starts a job: every rule says never, or the job does and has no rules."""
    return all(text_of(rule.get("when")) == "never" for rule in rules or [job])


def _steps(path: str, document: Document, key: str, job: dict[str, Any]) -> Iterator[Step]:
    """Yield a step for each line of the job's scripts."""
    defaults = mapping_of(mapping_of(document.data).get("default"))
    for part in ("before_script", "script", "after_script"):
        place: tuple[str | int, ...] = (key, part)
        lines = job.get(part)
        if lines is None and part != "script":
            lines = mapping_of(document.data).get(part, defaults.get(part))
            place = (part,) if part in mapping_of(document.data) else ("default", part)
        for index, line in enumerate(_flat(lines)):
            where = (*place, index) if isinstance(lines, list) else place
            yield Step(
                **STOPPING,
                path=path,
                line=document.place(where).line,
                script=line,
                script_line=script_line(document, where),
                variables=mapping_of(job.get("variables")),
                may_fail=part == "after_script",
            )


def _flat(lines: object) -> Iterator[str]:
    for line in lines if isinstance(lines, list) else [lines]:
        if isinstance(line, list):  # what an anchor stands for
            yield from _flat(line)
        elif isinstance(line, str):
            yield line


def _needs(job: Job, jobs: dict[str, dict[str, Any]], stages: list[str]) -> tuple[str, ...]:
    """Return the jobs that come before one: those that it names, else all of the earlier stages."""
    if "needs" in jobs[job.id]:
        return job.needs
    own = _stage(jobs[job.id], stages)
    return tuple(key for key, other in jobs.items() if _stage(other, stages) < own)


def _stage(job: dict[str, Any], stages: list[str]) -> int:
    stage = text_of(job.get("stage")) or "test"
    return stages.index(stage) if stage in stages else len(stages)


def _named(listed: object, key: str = "job") -> Iterator[str]:
    for item in listed if isinstance(listed, list) else []:
        yield text_of(item.get(key)) if isinstance(item, dict) else text_of(item)


def _events(data: dict[str, Any], jobs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what starts the pipeline: pushes, unless its rules say otherwise, and what its rules name."""
    listed = _list(mapping_of(data.get("workflow")).get("rules"))
    for job in jobs.values():
        listed = [*listed, *_list(job.get("rules")), *texts_of(job.get("only"))]
    conditions = " ".join(text_of(rule.get("if")) if isinstance(rule, dict) else text_of(rule) for rule in listed)
    events: dict[str, Any] = {"push": None}
    events |= {event: None for word, event in EVENTS.items() if word in conditions}
    if "merge_requests" in conditions or "CI_MERGE_REQUEST" in conditions:
        events["pull_request"] = None
    if not _list(mapping_of(data.get("workflow")).get("rules")) or _has_manual(jobs):
        events["workflow_dispatch"] = None  # anybody may run a pipeline by hand where no rule forbids it
    return events


def _has_manual(jobs: dict[str, dict[str, Any]]) -> bool:
    """Whether a job waits for a person."""
    rules = [rule for job in jobs.values() for rule in _list(job.get("rules"))]
    return any(text_of(mapping_of(each).get("when")) == "manual" for each in (*jobs.values(), *rules))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
