"""The mlflow.runs check kind."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    RelativePath,
    check,
)
from infra_grader.reading.yaml import YamlError, read_document

FINISHED = (3, "3", "FINISHED")
MOST_RUNS = 2000
MOST_SHOWN = 20


class Runs(Params):
    """What recorded runs have to show."""

    path: Annotated[RelativePath, Meta(description="Folder in which MLflow's file store keeps the runs.")] = "mlruns"
    min_runs: Annotated[int, Meta(ge=1, description="How many finished runs there are.")] = 1
    params: Annotated[list[str], Meta(description="Parameters that each of them recorded.")] = msgspec.field(
        default_factory=list
    )
    metrics: Annotated[list[str], Meta(description="Metrics that each of them recorded.")] = msgspec.field(
        default_factory=list
    )
    distinct: Annotated[bool, Meta(description="Whether runs with the same figures count once.")] = True


class Run(Record):
    """A recorded run."""

    path: str
    params: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...]

    def has(self, params: Sequence[str], metrics: Sequence[str]) -> bool:
        """Whether it recorded all of these."""
        return set(params) <= {name for name, _ in self.params} and set(metrics) <= {name for name, _ in self.metrics}


@check("mlflow.runs", measure="runs")
def runs(context: Context, params: Runs) -> Outcome:
    """Recorded runs are handed in: finished, with the parameters and metrics that are asked for.

    They are files that anybody can write, so that what they say is the learner's claim.
    """
    folder = params.path.rstrip("/")
    files = [path for path in context.workspace.all_files() if path.startswith(f"{folder}/")]
    found = [run for path in files if path.endswith("/meta.yaml") and (run := _run(context, path, files))][:MOST_RUNS]
    if not found:
        raise CheckFailed(
            f"{folder} holds no finished run.",
            Evidence(path=folder, expected=f"{params.min_runs} finished runs", actual="none"),
        )
    good = [run for run in found if run.has(params.params, params.metrics)]
    if params.distinct:
        good = list({(run.params, run.metrics): run for run in good}.values())
    lacking = next((run for run in found if not run.has(params.params, params.metrics)), None)
    evidence = [Evidence(path=run.path, actual=_shown(run)) for run in good[:MOST_SHOWN]]
    if lacking is not None:
        wanted = ", ".join([*params.params, *params.metrics])
        evidence.insert(0, Evidence(path=lacking.path, expected=wanted, actual=_shown(lacking)))
    outcome = Outcome.partial(
        Fraction(min(len(good), params.min_runs), params.min_runs),
        f"{folder} holds {len(good)} of {params.min_runs} different finished runs with what is asked for.",
        *evidence,
        measure=Measure(value=len(good), unit="runs", threshold=params.min_runs),
    )
    return outcome.replace(claimed=True)


def _run(context: Context, path: str, files: Sequence[str]) -> Run | None:
    """Return the finished run whose facts stand in a file, or `None` for anything else."""
    folder = path.rpartition("/")[0]
    try:
        facts = read_document(context.workspace.read_text(path)).data
    except (CheckFailed, YamlError):  # not handed in by the learner, or broken
        return None
    if not isinstance(facts, dict) or "run_id" not in facts or facts.get("status") not in FINISHED:
        return None
    return Run(
        path=folder,
        params=tuple(_values(context, f"{folder}/params/", files)),
        metrics=tuple(_values(context, f"{folder}/metrics/", files)),
    )


def _values(context: Context, prefix: str, files: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and values; of a metric the last one: a line has time, value and step."""
    found = []
    for file in files:
        if file.startswith(prefix):
            last = context.workspace.view(allow_starter=True).read_text(file).strip().rpartition("\n")[2]
            parts = last.split()
            value = parts[1] if prefix.endswith("/metrics/") and len(parts) > 1 else last
            found.append((file.removeprefix(prefix), value))
    return found


def _shown(run: Run) -> str:
    return ", ".join(f"{name}={value}" for name, value in (*run.params, *run.metrics))[:300] or "nothing"
