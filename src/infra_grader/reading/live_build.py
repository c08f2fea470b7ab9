"""An image built from a Dockerfile of the submission, once for all checks that ask for the same."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.docker_build import BuildFailed, BuildRequest, build
from infra_grader.capabilities.docker_build_cache import BuildCache
from infra_grader.capabilities.docker_image import BuiltImage
from infra_grader.capabilities.docker_reach import containers_find
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context, TextFile
from infra_grader.reading.docker_build_fault import answers, verdict
from infra_grader.reading.docker_context import choose_folder, copy_context, find_left_out, ignore_patterns
from infra_grader.reading.docker_needs import find_needs, without_frontend
from infra_grader.reading.dockerfile import Dockerfile, read_dockerfile
from infra_grader.reading.live_image import HANDLE

MAX_DOCKERFILE_BYTES = 256 * 1024
FETCHES = ("build load ", "build resolve", "build step 1 of")


class Asked(Record):
    """What is to be built."""

    dockerfile: str
    """Its path in the submission; it is the learner's own, see `Workspace.first`."""
    folder: str = ""
    """The context, relative to the submission; chosen by what the Dockerfile copies where left out."""
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    network: str = "default"
    context_mb: float = 200.0
    seconds: float | None = None
    """Time that the rubric gives the build."""


class Built(Record):
    """An image, and what it was built from."""

    image: BuiltImage
    folder: str
    """The context that was used."""
    sent_bytes: int
    handle: tuple[str, str]
    """What a kind that builds it provides."""


def built(context: Context, asked: Asked) -> Built:
    """Return the image, built at most once a submission for the same question.

    Raises `CheckFailed` where the learner's files are why it does not build, `NotAssessed` where this machine is.
    """
    facts = msgspec.json.encode((asked, context.workspace.allow_starter))
    key = hashlib.sha256(facts).hexdigest()[:16]
    made = context.shared(("docker build", key), lambda: _built(context, asked, key))
    context.shared((HANDLE, key), lambda: made.image, reads_files=False)
    return made


def _built(context: Context, asked: Asked, key: str) -> Built:
    content = context.workspace.read_bytes(asked.dockerfile, MAX_DOCKERFILE_BYTES)
    dockerfile = _read(context, asked.dockerfile)
    stage = dockerfile.target(asked.target) if dockerfile else None
    folder = _inside(context, asked.folder or choose_folder(context, asked.dockerfile, dockerfile, stage))
    place = context.docker.scratch / context.docker.name("build")
    place.mkdir()
    try:
        sent = copy_context(
            context.workspace.folder / folder,
            place / "context",
            ignore_patterns(context, asked.dockerfile, folder),
            limit_mb=asked.context_mb,
            deadline=context.deadline,
        )
        (place / "Dockerfile").write_bytes(without_frontend(content))
        # What is left out has been left out; without a list beside the Dockerfile, that of the context counts.
        (place / "Dockerfile.dockerignore").write_bytes(b"# all of it\n")
        image = _build(context, asked, _request(asked, folder, place, dockerfile), dockerfile)
    except CheckFailed as failed:
        if left_out := find_left_out(context, asked.dockerfile, folder, failed.message):
            message = f"{failed.message.rstrip('.')}; {left_out.path} keeps it out."
            raise CheckFailed(message, failed.evidence[0], left_out, *failed.evidence[1:]) from failed
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Built(image=image, folder=folder, sent_bytes=sent, handle=(HANDLE, key))


def _read(context: Context, path: str) -> Dockerfile | None:
    """Return what a Dockerfile says, or nothing where only the builder may judge it."""
    with suppress(CheckFailed):
        return read_dockerfile(TextFile(path, context.workspace.read_text(path, MAX_DOCKERFILE_BYTES)))
    return None


def _inside(context: Context, folder: str) -> str:
    """Return the folder, plain. Raises `CheckFailed` for one that is missing or leads out of the submission."""
    root = Path(context.workspace.folder).resolve()
    plain = folder.strip("/").removeprefix("./") or "."
    place = (root / plain).resolve()
    if not place.is_relative_to(root) or not place.is_dir():
        raise CheckFailed(
            f"{plain} is no folder of the submission.",
            Evidence(path=plain, expected="the folder to build in", actual="no such folder"),
        )
    return plain


def _request(asked: Asked, folder: str, place: Path, dockerfile: Dockerfile | None) -> BuildRequest:
    prefix = "" if folder == "." else f"{folder}/"
    is_inside = asked.dockerfile.startswith(prefix)
    inside = asked.dockerfile.removeprefix(prefix) if is_inside else ""
    return BuildRequest(
        folder=place,
        path=asked.dockerfile,
        inside=inside,
        target=asked.target,
        arguments=asked.arguments,
        network=asked.network,
        needs=find_needs(dockerfile) if dockerfile else (),
        from_ends=tuple(stage.start.end_line for stage in dockerfile.stages) if dockerfile else (),
        command=by_hand(asked, folder),
    )


def by_hand(asked: Asked, folder: str) -> str:
    """Return the command that builds the same in the root of the submission."""
    words = ["docker", "build"]
    if asked.dockerfile != ("Dockerfile" if folder == "." else f"{folder}/Dockerfile"):
        words += ["-f", asked.dockerfile]
    words += ["--target", asked.target] if asked.target else []
    words += ["--network", "none"] if asked.network == "none" else []
    for name, value in asked.arguments:
        words += ["--build-arg", f"{name}={value}"]
    return shlex.join([*words, folder])


def _build(context: Context, asked: Asked, request: BuildRequest, dockerfile: Dockerfile | None) -> BuiltImage:
    docker = context.docker
    cache = context.shared(("docker build cache",), lambda: BuildCache(docker), reads_files=False)
    deadline = Deadline(min(asked.seconds, context.deadline.remaining())) if asked.seconds else context.deadline
    last = ""

    def tell(step: str) -> None:
        nonlocal last
        last = step
        cache.touch()
        context.tell(step)

    try:
        with cache.building():
            return build(docker, request, deadline, tell)
    except BuildFailed as failed:
        bases = {stage.base for stage in dockerfile.stages if stage.parent is None} if dockerfile else set()
        raise verdict(
            failed, request, dockerfile, lambda host: answers(host) and containers_find(docker, sorted(bases), host)
        ) from failed
    except Overrun:
        if not asked.seconds or context.deadline.remaining() <= 0:
            raise
        raise _too_slow(asked.seconds, request, last) from None


def _too_slow(seconds: float, request: BuildRequest, step: str) -> CheckFailed | NotAssessed:
    evidence = Evidence.number(seconds, f"less than {seconds:g}", "s", f"stopped at {step or 'the start'}")
    if not step or (step.startswith(FETCHES) and "RUN" not in step):
        return NotAssessed("The base image was not there in time.", "Pull it before, and grade again.", evidence)
    return CheckFailed(
        f"{request.path} is not built within {seconds:g} s; it was stopped at {step}.",
        evidence,
        Evidence(path=request.path, expected=f"an image within {seconds:g} s", actual=f"stopped at {step}"),
    )
