"""Grades the commit that was checked out, and says how the job ends: `python -I grade.py`, in the action's step.

Reads the inputs of the action from variables, and starts infra-grader from its own environment. Annotations, the
summary of the job and the score among the outputs are infra-grader's. Added to these are `result-file`, `reports` (a
folder), `classroom-result`, `exit-code` (infra-grader's), `fails` (what the job ends with) and `words` (a command to
the runner). No text of the learner's stands in any of them, and no line printed here is a command unless we wrote it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

FILES = {
    "html": "report.html",
    "junit": "junit.xml",
    "badge": "score.json",
    "markdown": "report.md",
    "sarif": "report.sarif",
    "gradescope": "results.json",
    "json": "result.json",
}
"""What `reports` may name, and the file of each in the artifact."""
CLASSROOMS = ("", "classroom", "classroom50")
LIVES = re.compile(r"auto|none|[a-z]+(,[a-z]+)*")
SANDBOXES = ("auto", "docker", "bubblewrap", "none", "host")
PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)
PASSED, NOT_PASSED, WRONG_USE, UNDECIDED, GRADER_FAILED = 0, 1, 2, 3, 4
WITHHELD = re.compile(r"ACTIONS_|INPUT_|.*(TOKEN|SECRET|PASSWORD|CREDENTIAL)", re.IGNORECASE)
"""Variables that grading has no use for, and that nothing started by it shall hold."""
BUBBLEWRAP_TRIAL = ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true")
"""Ubuntu has a bubblewrap that must not make namespaces, unless its administrator says so."""
PULL_S = 300
NAME = re.compile(r"[^A-Za-z0-9._-]")
GIT_SETTINGS = {"safe.directory": "*", "core.hooksPath": os.devnull, "core.fsmonitor": "false", "gc.auto": "0"}


class InputError(Exception):
    """An input of the action that cannot be used; the text says which, and what to give."""


class End(NamedTuple):
    """How the job ends."""

    code: int
    words: str


def main() -> int:
    """Grade, write the outputs, and return 0: a later step lets the job fail, once the reports are uploaded."""
    out = Path(tempfile.mkdtemp(prefix="infra-grader-", dir=os.environ["RUNNER_TEMP"]))
    reports = out / "reports"
    reports.mkdir()
    record = out / "result.json"
    try:
        code = run(grade_command(out, reports, record))
        end = ending(code, score_of(record), os.environ.get("FAIL_UNDER", ""))
    except InputError as error:
        code, end = WRONG_USE, End(WRONG_USE, message("error", "infra-grader cannot grade", str(error)))
    except OSError as error:  # such as a full disk
        text = f"It is no fault of the work: {error}."
        code, end = GRADER_FAILED, End(GRADER_FAILED, message("error", "The grader itself failed", text))
    found = {
        "result-file": str(record) if record.exists() else "",
        "reports": str(reports) if any(reports.iterdir()) else "",
        "classroom-result": classroom_result(out),
        "exit-code": str(code),
        "fails": str(end.code),
        "words": end.words,
    }
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in found.items())
    return 0


def grade_command(out: Path, reports: Path, record: Path) -> list[str]:
    """Return the command that grades. Raises `InputError` for an input that it could not be made of."""
    inputs = os.environ
    if not inputs["RUBRIC"] or inputs["RUBRIC"].startswith("-"):
        raise InputError("rubric must be the id of a bundled rubric, or a file in the workspace")
    if inputs["SANDBOX"] not in SANDBOXES:
        raise InputError(f"sandbox must be one of {', '.join(SANDBOXES)}")
    if not LIVES.fullmatch(inputs["LIVE"]):
        raise InputError("live must be auto, none, or what to look at, such as docker")
    if inputs["FAIL_UNDER"] and not PERCENT.fullmatch(inputs["FAIL_UNDER"]):
        raise InputError("fail-under must be a percentage, such as 70")
    wanted = destinations(out, reports, inputs["REPORTS"], inputs["CLASSROOM_FORMAT"])
    work = in_workspace(inputs["SUBMISSION"] or ".")
    rubric = inputs["RUBRIC"]
    if "/" in rubric or rubric.endswith(".yaml"):
        rubric = str(rubric_file(rubric, work))
    submission = commit_of(work, out)
    if inputs["SANDBOX"] in ("auto", "docker"):
        fetch_image(inputs["EXTRAS"].split(","), inputs["SANDBOX"])
    command = [str(Path(inputs["FOLDER"], "bin", "infra-grader")), "grade", str(submission), "--rubric", rubric]
    command += [
        "--live",
        inputs["LIVE"],
        "--sandbox",
        inputs["SANDBOX"],
        "--report",
        "github",
        "--report",
        f"json={record}",
    ]
    return command + [part for each in wanted for part in ("--report", each)]


def destinations(out: Path, reports: Path, asked: str, classroom: str) -> list[str]:
    """Return what `--report` is given for the inputs `reports` and `classroom`."""
    names = list(dict.fromkeys(asked.replace(",", " ").split()))
    if unknown := [name for name in names if name not in FILES]:
        raise InputError(f"reports names {unknown[0]!a}; there are {', '.join(FILES)}")
    if classroom not in CLASSROOMS:
        raise InputError("classroom must be classroom50, classroom, or nothing")
    wanted = [f"{name}={reports / FILES[name]}" for name in names]
    if classroom == "classroom50":
        wanted.append(f"classroom50={reports / 'classroom50.json'}")
    elif classroom:
        wanted.append(f"classroom={out / 'classroom.txt'}")
    return wanted


def in_workspace(path: str) -> Path:
    """Return a path as seen from the workspace."""
    return Path(os.path.abspath(Path(os.environ["GITHUB_WORKSPACE"], path)))


def rubric_file(name: str, work: Path) -> Path:
    """Return the path of a rubric. Raises `InputError` where the learner could have written it."""
    file = in_workspace(name)
    theirs = repository_of(work) or work
    for place in (file, Path(os.path.realpath(file))):
        if {theirs, Path(os.path.realpath(theirs))} & {place, *place.parents}:
            raise InputError(
                "rubric lies inside the submission; check the course's repository out beside it, not in it"
            )
    return file


def repository_of(folder: Path) -> Path | None:
    """Return the nearest folder above, or this one, that is a checkout of git, or nothing."""
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def commit_of(place: Path, out: Path) -> Path:
    """Return a copy of a folder as it is in the commit that is checked out; the folder itself where there is no git.

    So what earlier steps have left in the checkout is not graded, and what grading does leaves the checkout alone.
    """
    refuse_links(place, in_workspace("."))
    top = repository_of(place)
    if top is None or shutil.which("git") is None:
        say("There is no git repository here, so the folder is graded as it is.")
        return place
    commit = git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not commit:
        raise InputError("the repository has no commit yet")
    repository = os.environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    copy = out / (NAME.sub("-", repository).strip(".") or "submission")
    git(out, "init", "--quiet", str(copy))
    fetch = ("fetch", "--quiet", "--update-shallow", "--update-head-ok", "--no-tags")
    git(copy, *fetch, str(top), "+refs/*:refs/*", "+HEAD:refs/graded")
    branch = git(top, "symbolic-ref", "--quiet", "HEAD")
    if branch:
        git(copy, "symbolic-ref", "HEAD", branch)
    else:
        git(copy, "update-ref", "--no-deref", "HEAD", commit)
    git(copy, "update-ref", "-d", "refs/graded")
    git(copy, "reset", "--hard", "--quiet", commit)
    if git(copy, "rev-parse", "HEAD") != commit:
        raise InputError("the commit could not be copied from the checkout")
    say(f"Graded is commit {commit}.")
    graded = copy / place.relative_to(top)
    refuse_links(graded, copy)
    if not graded.is_dir():
        raise InputError("path is no folder of the commit that is checked out")
    return graded


def refuse_links(place: Path, folder: Path) -> None:
    """Raise `InputError` where a link stands on the way from a folder to a place in it: it could lead to other work."""
    if folder in place.parents and place.resolve() != folder.resolve() / place.relative_to(folder):
        raise InputError("path leads through a symbolic link; name the folder itself")


def git(folder: Path, *words: str) -> str:
    """Return what git prints; nothing where it fails. No setting but ours, and none of a learner's hooks, is heeded."""
    settings = {
        f"GIT_CONFIG_{part}_{at}": text
        for at, pair in enumerate(GIT_SETTINGS.items())
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": str(len(GIT_SETTINGS)),
        "GIT_TERMINAL_PROMPT": "0",
        **settings,
    }
    ended = subprocess.run(
        ["git", "-C", str(folder), *words],
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    for line in text_of(ended.stderr).splitlines():
        say(f"git {words[0]}: {line}")
    return "" if ended.returncode else text_of(ended.stdout).strip()


def fetch_image(extras: Sequence[str], sandbox: str) -> None:
    """Get the image of the Docker sandbox where code may run in it and it is missing; what fails is only told.

    The grader itself pulls nothing. Without the image its checks are not assessed, and their points stay open.
    """
    image = os.environ.get("INFRA_GRADER_SANDBOX_IMAGE") or f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim"
    if not {"docker", "all"} & {*extras} or shutil.which("docker") is None:
        return
    try:
        if sandbox == "auto" and shutil.which("bwrap") and succeeds(*BUBBLEWRAP_TRIAL):  # which is chosen first
            return
        if succeeds("docker", "version") and not succeeds("docker", "image", "inspect", image):
            say(f"Getting the sandbox's image {image} ...")
            if not succeeds("docker", "pull", "--quiet", image):
                say(f"{image} could not be had; checks that run code will not be assessed.")
    except subprocess.TimeoutExpired:
        say(f"Docker did not answer within {PULL_S} s.")


def succeeds(*command: str) -> bool:
    """Whether a command ends well, in time. Raises `TimeoutExpired`."""
    quiet = subprocess.DEVNULL
    return not subprocess.run(
        command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=PULL_S, env=variables(), check=False
    ).returncode


def run(command: Sequence[str]) -> int:
    """Run infra-grader and return its exit code.

    What it tells on the way is shown as it comes. Its standard output, which is commands to the runner, comes at the
    end and whole, so that no line of the one gets into a line of the other.
    """
    with tempfile.TemporaryFile() as commands:
        process = subprocess.Popen(
            command,
            cwd=os.environ["RUNNER_TEMP"],
            env=variables() | {"COMMIT_TIME": commit_time(os.environ)},
            stdin=subprocess.DEVNULL,
            stdout=commands,
            stderr=subprocess.PIPE,
        )
        with process as running:
            for line in running.stderr or ():
                for part in text_of(line).splitlines():
                    say(part)
        commands.seek(0)
        shutil.copyfileobj(commands, sys.stdout.buffer)
        sys.stdout.flush()
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def variables() -> dict[str, str]:
    """Return the variables of the step, without what could be a secret."""
    return {name: value for name, value in os.environ.items() if not WITHHELD.match(name)}


def commit_time(given: Mapping[str, str]) -> str:
    """Return when the commit was made as Classroom 50 wants it, `2026-01-31T09:00:00Z`, or nothing."""
    if told := given.get("COMMIT_TIME"):
        return told
    try:
        moment = datetime.fromisoformat(given.get("HEAD_TIME", ""))
    except ValueError:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else ""


def score_of(record: Path) -> dict[str, Any]:
    """Return the score of a record, or nothing where there is none."""
    try:
        found = json.loads(record.read_bytes())["score"]
    except (OSError, ValueError, KeyError):
        return {}
    return dict(found)


def ending(code: int, score: Mapping[str, Any], fail_under: str) -> End:
    """Return how the job ends: undecided does not fail it, unless more must be certain than is."""
    if code == WRONG_USE:
        return End(code, message("error", "infra-grader cannot grade", "The lines of the step before say why."))
    if code not in (PASSED, NOT_PASSED, UNDECIDED) or not score:
        text = "It is no fault of the work: the lines of the step before say more."
        return End(code or GRADER_FAILED, message("error", "The grader itself failed", text))
    points = f"{score['earned']} of {score['points']} points"
    if score["possible"] != score["earned"]:
        points += f" are certain, up to {score['possible']} are possible"
    if code == NOT_PASSED:
        return End(code, message("error", "Did not pass", f"{points}."))
    if fail_under and score["percent"] < float(fail_under):
        text = f"{points}. {score['percent']} % are certain, and this workflow asks for {fail_under} %."
        return End(NOT_PASSED, message("error", "Under what is asked for", text))
    if code == UNDECIDED:
        return End(0, message("notice", "Undecided", f"{points}. Points that are still open decide."))
    return End(0, "")


def classroom_result(out: Path) -> str:
    """Return the result for GitHub Classroom's reporter, base64 on one line, or nothing."""
    file = out / "classroom.txt"
    return file.read_text(encoding="ascii").strip() if file.exists() else ""


def message(level: str, title: str, text: str) -> str:
    """Return a command to the runner that shows a text."""
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{level} title={title}::{data}"


def text_of(output: bytes) -> str:
    """Return what a program printed, fit to be printed."""
    return output.decode(errors="backslashreplace")


def say(text: str) -> None:
    """Print a line that GitHub's runner takes for text, whatever stands in it."""
    printable = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
    print(f"| {printable.replace('##[', '# #[')}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
