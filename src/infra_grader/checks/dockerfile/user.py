"""The dockerfile.user check kind."""

from __future__ import annotations

from collections.abc import Sequence

from infra_grader.checks.dockerfile._files import DockerfileParams, commands_of, filled, find_dockerfile, point_at
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_reference import default_user, may_have_user, read_reference

EXPECTED = "a user other than root"


class User(DockerfileParams):
    """What is asked of the user."""

    numeric: Annotated[bool, Meta(description="Only a number will do, which Kubernetes needs for `runAsNonRoot`.")] = (
        False
    )


@check("dockerfile.user")
def user(context: Context, params: User) -> Outcome:
    """The container runs as a user other than root, and that user exists in the image.

    A name must be created by useradd or adduser, or be one that the base image brings; a number needs no account.
    """
    dockerfile, stage = find_dockerfile(context, params)
    setting = stage.image.user
    if setting is None:
        own = default_user(read_reference(stage.image.base))
        found = f"no USER; {stage.image.base} runs as {own or 'root'}"
        evidence = point_at(dockerfile, stage.start, EXPECTED, found)
        says = f"The container runs as {own}, the user of {stage.image.base}." if own else "The container runs as root."
        return Outcome.passed_if(bool(own) and (own.isdigit() or not params.numeric), says, evidence)
    name = setting.value.partition(":")[0].strip()
    problem = _problem(dockerfile, stage, name, params)
    found = f"{setting.value}{f': {problem}' if problem else ''}"
    return Outcome.passed_if(
        not problem,
        f"The container runs as {name or 'root'}{f': {problem}' if problem else ''}.",
        point_at(dockerfile, setting.instruction, "a number other than 0" if params.numeric else EXPECTED, found),
    )


def _problem(dockerfile: Dockerfile, stage: Stage, name: str, params: User) -> str:
    """Say what is wrong with the user, or nothing."""
    if name.isascii() and name.isdigit():
        return "" if int(name[:20]) else "0 is root"
    if name.lower() == "root" or not name:
        return "that is root" if name else "the name is empty"
    if params.numeric:
        return "it is a name, no number"
    created = _created(dockerfile, stage, name)
    if created:
        return "it was created as another name of root" if _is_uid_zero(created) else ""
    if _has_own_accounts(dockerfile, stage) or may_have_user(read_reference(stage.image.base), name):
        return ""
    return f"no instruction creates it, and {stage.image.base} has no such user"


def _created(dockerfile: Dockerfile, stage: Stage, name: str) -> Sequence[str]:
    """Return the words of the command that creates the user, or nothing."""
    for owner, _, commands in commands_of(dockerfile.chain(stage)):
        for command in commands:
            words = [filled(owner, word) for word in command.words]
            if command.program in ("useradd", "adduser", "newusers") and name in words[1:]:
                return words
    return ()


def _is_uid_zero(words: Sequence[str]) -> bool:
    text = " ".join(words) + " "
    return any(f" {option}0 " in text for option in ("-u ", "-u", "--uid ", "--uid="))


def _has_own_accounts(dockerfile: Dockerfile, stage: Stage) -> bool:
    """Whether the image gets its accounts in a way that is not looked into: a copied or written /etc/passwd."""
    copied = any(
        copy.target.rstrip("/") in ("/etc/passwd", "/etc") or copy.target == "/" for copy in stage.image.copies
    )
    return copied or any("/etc/passwd" in item.text for _, item, _ in commands_of(dockerfile.chain(stage)))
