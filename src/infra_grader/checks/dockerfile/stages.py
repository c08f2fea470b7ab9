"""The dockerfile.stages check kind."""

from __future__ import annotations

from infra_grader.checks.dockerfile._files import DockerfileParams, find_dockerfile, point_at
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage, stage_index
from infra_grader.reading.dockerfile_image import Copied


class Stages(DockerfileParams):
    """How many stages the image needs."""

    min: Annotated[
        int, Meta(ge=2, le=20, description="Fewest stages that the built one really uses, itself included.")
    ] = 2


@check("dockerfile.stages")
def stages(context: Context, params: Stages) -> Outcome:
    """The image is built in several stages, and the last one takes over what an earlier one made.

    Stages that the built one does not reach by `FROM` or `--from` do not count, nor do stages that make nothing.
    """
    dockerfile, stage = find_dockerfile(context, params)
    reached = [item for item in dockerfile.reached(stage) if item is stage or item.works]
    taken = _taken_over(dockerfile, stage)
    expected = f"at least {params.min} stages, the last of which copies from an earlier one"
    evidence = [
        point_at(dockerfile, item.start, expected, f"{item.title}{'' if item in reached else ', which is not used'}")
        for item in dockerfile.stages
    ]
    if taken:
        copied = [
            point_at(dockerfile, copy.instruction, expected, f"copies from {other.title}") for copy, other in taken
        ]
        evidence = copied + evidence
    else:
        nothing = Evidence(
            path=dockerfile.path, line=stage.start.line, expected=expected, actual="copies from no stage"
        )
        evidence.insert(0, nothing)
    use = f"{len(reached)} of its {len(dockerfile.stages)} stages"
    does = "takes over what others made" if taken else "copies nothing from another"
    return Outcome.passed_if(
        len(reached) >= params.min and bool(taken), f"{dockerfile.path} uses {use}; the last one {does}.", *evidence
    )


def _taken_over(dockerfile: Dockerfile, stage: Stage) -> list[tuple[Copied, Stage]]:
    """Return what the image copies from stages that it does not itself build on."""
    chain = dockerfile.chain(stage)
    found = []
    for copy in stage.image.copies:
        index = stage_index(copy.origin, dockerfile.stages) if copy.origin else None
        if index is not None and dockerfile.stages[index] not in chain and dockerfile.stages[index].works:
            found.append((copy, dockerfile.stages[index]))
    return found
