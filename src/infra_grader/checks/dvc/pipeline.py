"""The dvc.pipeline check kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

import msgspec

from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.document import read_document
from infra_grader.reading.dvc import Stage, covers, lookup, read_metrics, read_stages
from infra_grader.reading.dvc_program import ABSENT, program_gaps
from infra_grader.reading.pieces import Piece, counted, judge, scaled, whole

MOST_SHOWN = 5
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

    Every script and module of a command is in the submission and does something when it is run, no stage needs itself,
    two stages never make the same, and each stage of `order` needs something that the one before makes, over others in
    between too. A stage whose program is missing or idle does not count, and what is asked of all of them is worth the
    share of those that run.
    """
    file = context.workspace.read_first(_found(context, params))
    stages = read_stages(file)
    return judge(file.path, list(_pieces(context, stages, read_metrics(file), params)))


def _found(context: Context, params: Pipeline) -> list[str]:
    return [path for place in places(params.path) for path in context.workspace.find(place)] or places(params.path)


def _pieces(context: Context, stages: Sequence[Stage], metrics: Sequence[str], params: Pipeline) -> Iterator[Piece]:
    meant = [stage for stage in stages if any(command.split()[0] not in SAYING for command in stage.commands)]
    gaps = [(stage, name, fault) for stage in meant for name, fault in program_gaps(context, stage)]
    running = [stage for stage in meant if not any(stage is gone for gone, _, _ in gaps)]
    place = Evidence(path=stages[0].path, line=stages[0].line, actual=f"{len(running)} stages run something")
    yield _first(gaps) if gaps else whole(bool(running), "no stage runs anything")
    yield counted(len(running), params.min_stages, f"{len(running)} of {params.min_stages} stages run something", place)
    part = Fraction(min(len(running), params.min_stages), params.min_stages)
    yield _sound(stages, part)
    yield from _order(stages, running, params.order)
    if params.metrics:
        measured = next((stage.metrics for stage in running if stage.metrics), metrics)
        seen = place.replace(expected="metrics", actual=", ".join(measured) or "none")
        yield scaled(bool(measured), part, "no stage that runs something leaves metrics", seen)
    if params.params:
        yield _params(context, running, place)


def _first(gaps: Sequence[tuple[Stage, str, str]]) -> Piece:
    shown = [
        Evidence(path=stage.path, line=stage.line, expected=name, actual=_seen(fault), text=stage.name)
        for stage, name, fault in gaps
    ]
    stage, name, fault = gaps[0]
    return whole(False, f"stage {stage.name} runs {name}, which {fault}", *shown[:MOST_SHOWN])


def _seen(fault: str) -> str:
    return "not in the submission" if fault == ABSENT else f"it {fault}"


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


def _sound(stages: Sequence[Stage], part: Fraction) -> Piece:
    """Return whether DVC accepts the stages, which is worth the part of them that runs something."""
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
    return scaled(True, part, "too few stages run something", place.replace(actual=f"{len(stages)} stages"))


def _order(stages: Sequence[Stage], running: Sequence[Stage], order: Sequence[Sequence[str]]) -> Iterator[Piece]:
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
        if stage not in running:
            yield whole(False, f"stage {stage.name} runs nothing yet", place.replace(actual="it runs nothing yet"))
        elif before is not None and before.name not in _all_before(edges, stage.name):
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


def _params(context: Context, running: Sequence[Stage], place: Evidence) -> Piece:
    everything = context.workspace.view(allow_starter=True)
    used = [(stage, file, key) for stage in running for file, key in stage.params]
    place = place.replace(expected="parameters that there are", actual="none")
    if not used:
        return whole(False, "no stage that runs something depends on a parameter", place)
    for stage, file, key in used:
        is_there = bool(everything.find(file)) and lookup(read_document(everything.read_first([file])), key)
        if not is_there:
            said = f"{key} of {file}, which stage {stage.name} depends on, is not there"
            return whole(False, said, place.replace(line=stage.line, actual=said))
    return whole(True, "", place.replace(actual=", ".join(key for _, _, key in used)))
