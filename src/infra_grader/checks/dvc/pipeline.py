"""The dvc.pipeline check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

import msgspec

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.document import read_document
from infra_grader.reading.dvc import Stage, covers, lookup, read_metrics, read_stages
from infra_grader.reading.pieces import Piece, counted, judge, whole

MODULE = re.compile(r"python[0-9.]*\s+(?:-[a-zA-Z]\s+)*?-m\s+([\w.]+)")
SCRIPT = re.compile(r"(?<![\w/.-])((?:\./)?[\w./-]+\.(?:py|sh))\b")
SAYING = ("echo", "true", ":", "printf", "sleep")


class Pipeline(Params):
    """What the pipeline has to be like."""

    path: Annotated[Places, Meta(description="The dvc.yaml, or several places of which the first counts.")] = (
        msgspec.field(default_factory=lambda: ["dvc.yaml", "dvc/dvc.yaml", "**/dvc.yaml"])
    )
    min_stages: Annotated[int, Meta(ge=1, description="How many stages it has that run something.")] = 1
    order: Annotated[
        list[Annotated[list[str], Meta(min_length=1)]],
        Meta(description="Stages that follow each other: for each step patterns of its name, any of which will do."),
    ] = msgspec.field(default_factory=list)
    metrics: Annotated[bool, Meta(description="Whether a stage has to leave metrics.")] = False
    params: Annotated[bool, Meta(description="Whether stages have to depend on parameters that there are.")] = False


@check("dvc.pipeline")
def pipeline(context: Context, params: Pipeline) -> Outcome:
    """The stages of a DVC pipeline fit together: they run code that is there, and use what others make.

    Every script and module of a command is in the submission, no stage needs itself, two stages never make the same,
    and each stage of `order` needs something that the one before makes, over others in between too.
    """
    file = context.workspace.read_first(_found(context, params))
    stages = read_stages(file)
    return judge(file.path, list(_pieces(context, stages, read_metrics(file), params)))


def _found(context: Context, params: Pipeline) -> list[str]:
    return [path for place in places(params.path) for path in context.workspace.find(place)] or places(params.path)


def _pieces(context: Context, stages: Sequence[Stage], metrics: Sequence[str], params: Pipeline) -> Iterator[Piece]:
    running = [stage for stage in stages if any(command.split()[0] not in SAYING for command in stage.commands)]
    place = Evidence(path=stages[0].path, line=stages[0].line, actual=f"{len(running)} stages run something")
    yield counted(len(running), params.min_stages, f"{len(running)} of {params.min_stages} stages run something", place)
    missing = [(stage, name) for stage in running for name in _missing(context, stage)]
    gaps = [
        Evidence(path=stage.path, line=stage.line, expected=name, actual="not in the submission", text=stage.name)
        for stage, name in missing
    ]
    said = f"stage {missing[0][0].name} runs {missing[0][1]}, which is not there" if missing else ""
    yield whole(bool(running) and not missing, said or "no stage runs anything", *gaps[:5])
    yield _sound(stages)
    yield from _order(stages, params.order)
    if params.metrics:
        measured = next((stage.metrics for stage in stages if stage.metrics), metrics)
        seen = place.replace(expected="metrics", actual=", ".join(measured) or "none")
        yield whole(bool(measured), "no stage leaves metrics", seen)
    if params.params:
        yield _params(context, stages)


def _missing(context: Context, stage: Stage) -> Iterator[str]:
    """Yield the scripts and modules that a stage runs and that are not the learner's own work."""
    for command in stage.commands:
        wanted = [[script.removeprefix("./")] for script in SCRIPT.findall(command)]
        for module in MODULE.findall(command):
            name = module.replace(".", "/")
            if "/" in name:  # else it may be of an installed package
                wanted.append([f"{name}.py", f"{name}/__main__.py"])
        for names in wanted:
            # DVC runs a command in the stage's folder; where the command leaves it, the root will do as well.
            starts = [f"{stage.folder}/".lstrip("/")] + [""] * ("cd " in command or "PYTHONPATH" in command)
            candidates = [f"{start}{name}" for name in names for start in starts]
            try:
                context.workspace.first(candidates)
            except CheckFailed:
                yield names[0]


def _edges(stages: Sequence[Stage]) -> dict[str, set[str]]:
    """Return for each stage those that make something it needs."""
    return {
        stage.name: {
            other.name
            for other in stages
            if other is not stage and any(covers(made, needed) for made in other.makes for needed in stage.needs)
        }
        for stage in stages
    }


def _sound(stages: Sequence[Stage]) -> Piece:
    place = Evidence(path=stages[0].path, line=stages[0].line, expected="stages that DVC accepts")
    makers: dict[str, Stage] = {}
    for stage in stages:
        for made in stage.makes:
            if made in makers and makers[made] is not stage:
                said = f"{stage.name} and {makers[made].name} both make {made}"
                return whole(False, said, place.replace(line=stage.line, actual=said))
            makers[made] = stage
    try:
        TopologicalSorter(_edges(stages)).prepare()
    except CycleError as error:
        said = f"stages need each other: {' -> '.join(error.args[1])}"
        return whole(False, said, place.replace(actual=said))
    return whole(True, "", place.replace(actual=f"{len(stages)} stages"))


def _order(stages: Sequence[Stage], order: Sequence[Sequence[str]]) -> Iterator[Piece]:
    edges = _edges(stages)
    before: Stage | None = None
    for patterns in order:
        stage = next((item for item in stages if any(fnmatchcase(item.name, pattern) for pattern in patterns)), None)
        wanted = " or ".join(patterns)
        if stage is None:
            gap = Evidence(path=stages[0].path, line=stages[0].line, expected=f"a stage {wanted}", actual="none")
            yield whole(False, f"there is no stage {wanted}", gap)
            continue
        place = Evidence(path=stage.path, line=stage.line, expected=f"a stage {wanted}", actual=stage.name)
        if before is not None and before.name not in _all_before(edges, stage.name):
            said = f"stage {stage.name} uses nothing that {before.name} makes"
            yield whole(False, said, place.replace(actual=said))
        else:
            yield whole(True, "", place)
        before = stage


def _all_before(edges: dict[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in edges.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return found


def _params(context: Context, stages: Sequence[Stage]) -> Piece:
    everything = context.workspace.view(allow_starter=True)
    used = [(stage, file, key) for stage in stages for file, key in stage.params]
    place = Evidence(path=stages[0].path, line=stages[0].line, expected="parameters that there are", actual="none")
    if not used:
        return whole(False, "no stage depends on a parameter", place)
    for stage, file, key in used:
        is_there = bool(everything.find(file)) and lookup(read_document(everything.read_first([file])), key)
        if not is_there:
            said = f"{key} of {file}, which stage {stage.name} depends on, is not there"
            return whole(False, said, place.replace(line=stage.line, actual=said))
    return whole(True, "", place.replace(actual=", ".join(key for _, _, key in used)))
