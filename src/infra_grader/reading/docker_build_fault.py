"""Whose fault a failed build is.

The learner's is what their instructions do. It is the machine's where a registry does not answer, a disk is full, or a
well-known package index cannot be reached. A step that asks for the author's own machine (127.0.0.1) is the learner's,
and so is one that needs a network which the rubric takes away: that limit is the rubric's, as a time limit is.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from infra_grader.capabilities.docker_build import BuildFailed, BuildRequest, lacking
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, NotAssessed, Unavailable
from infra_grader.reading.docker_build_step import Place, find_base, find_place
from infra_grader.reading.dockerfile import Dockerfile

KILLED = 137
LOOK_S = 5.0
SHOWN_ERROR = 300

FULL = re.compile(r"(?i)no space left on device|disk quota exceeded|not enough (?:free )?space")
NETWORK = re.compile(
    r"(?i)name resolution|failure resolving|could ?n.t resolve|could not resolve|unable to resolve|no such host"
    r"|name or service not known|name does not resolve|nodename nor servname|EAI_AGAIN|ENOTFOUND|getaddrinfo"
    r"|connection refused|connection timed out|connect(?:ion)? time-?out|i/o timeout|read timed out"
    r"|network is unreachable|no route to host|connection reset|ETIMEDOUT|ECONNREFUSED|ENETUNREACH"
    r"|tls handshake|bad address|temporary error \(try again later\)|server misbehaving"
    r"|failed to establish a new connection"
)
OWN_MACHINE = re.compile(r"(?i)\b127\.0\.0\.1\b|\blocalhost\b|\[?::1\]?:|host\.docker\.internal|\b0\.0\.0\.0\b")
LACKING = re.compile(
    r"(?i)manifest unknown|not found|pull access denied|repository does not exist|name unknown|denied|unauthorized"
    r"|authorization failed|invalid reference format|insufficient_scope|invalid repository name"
    r"|could not parse reference"
)
BUSY = re.compile(r"(?i)toomanyrequests|rate limit|\b(?:429|500|502|503|504)\b|unexpected eof|temporarily")
UNREADABLE = re.compile(
    r"(?i)parse error|failed to parse|unknown (?:flag|instruction)|requires buildkit|unsupported modifier"
    r"|failed to process \"|unknown type|invalid reference format: repository name must be lowercase"
)
SECRET = re.compile(
    r"(?i)secret [^:]{1,80}: not found|no ssh (?:key|handler)|ssh forward|could not find ssh|secrets? .{0,60}not found"
)
NO_BRIDGE = re.compile(r"(?i)network bridge not found|network default not found")
DAEMON = re.compile(
    r"(?i)rpc error: code = unavailable|transport is closing|cannot connect to the docker daemon"
    r"|server did not provide an image id"
)
OTHER_MACHINE = re.compile(r"(?i)no match(?:ing manifest)? for (?:platform|[a-z]+/)")
INDEXES = (
    "pypi.org", "files.pythonhosted.org", "deb.debian.org", "security.debian.org", "archive.ubuntu.com",
    "security.ubuntu.com", "ports.ubuntu.com", "dl-cdn.alpinelinux.org", "registry.npmjs.org", "registry.yarnpkg.com",
    "proxy.golang.org", "sum.golang.org", "static.crates.io", "index.crates.io", "crates.io", "static.rust-lang.org",
    "rubygems.org", "repo.maven.apache.org", "repo1.maven.org", "conda.anaconda.org", "repo.anaconda.com",
    "download.pytorch.org", "huggingface.co", "github.com", "raw.githubusercontent.com",
    "objects.githubusercontent.com", "storage.googleapis.com", "apt.postgresql.org", "deb.nodesource.com",
    "nodejs.org", "astral.sh",
)  # fmt: skip
"""Hosts from which images install what everybody installs; one that does not answer is nobody's mistake."""
IMPLIED = ((re.compile(r"/simple/[\w.-]+/"), "pypi.org"), (re.compile(r"(?i)npm err"), "registry.npmjs.org"))
"""What tools print that do not name the host they could not reach."""


def verdict(
    failed: BuildFailed, request: BuildRequest, dockerfile: Dockerfile | None, answers: Callable[[str], bool]
) -> CheckFailed | NotAssessed:
    """Return what a failed build means. `answers` says whether this machine and its containers can reach a host."""
    said = "\n".join([failed.message, *failed.failure.output])
    place = find_place(failed.failure, dockerfile)
    if reason := _machine_lacks(failed, said, request):
        return reason
    if place.takes_secret:  # which fails in many ways without it, such as a file or a package that is not found
        return _no_secret(_evidence(failed, request, place))
    if UNREADABLE.search(failed.message) and dockerfile is not None and request.needs:
        return lacking(request.path, "the builder", request.needs[-1])
    if base := find_base(failed.failure, dockerfile):
        return _base(failed, request, base, place)
    if NETWORK.search(said) and request.network != "none" and (host := _unreached(said, answers)):
        return Unavailable(
            f"The build cannot reach {host}, and nothing else on this machine can.",
            f"Look at the network: `curl -I https://{host}`. Then grade again.",
            _evidence(failed, request, place),
        )
    return _learners(failed, request, place, said)


def _machine_lacks(failed: BuildFailed, said: str, request: BuildRequest) -> NotAssessed | None:
    """Return the verdict where something is amiss that no Dockerfile could mend."""
    evidence = _evidence(failed, request, Place())
    if SECRET.search(failed.message):
        return _no_secret(evidence)
    if DAEMON.search(failed.message):
        return Unavailable("The Docker daemon ended in the middle of the build.", "Grade again.", evidence)
    lacks = (
        (FULL.search(said), "There is no space left for the build.", "`docker system df` shows what Docker uses."),
        (
            NO_BRIDGE.search(failed.message),
            "Docker on this machine gives builds no network.",
            "Start the daemon with its bridge network.",
        ),
        (
            OTHER_MACHINE.search(failed.message),
            "The image is for another kind of machine than this one.",
            "Grade on a machine of that kind.",
        ),
        (
            failed.failure.exit_code == KILLED,
            "A step of the build was killed, which happens where memory runs out.",
            "Grade on a machine with more memory.",
        ),
    )
    return next((NotAssessed(reason, remedy, evidence) for holds, reason, remedy in lacks if holds), None)


def _no_secret(evidence: Evidence) -> NotAssessed:
    return NotAssessed(
        "The build asks for a secret, and the grader gives none.", "Tell the author of the rubric.", evidence
    )


def _base(failed: BuildFailed, request: BuildRequest, base: str, place: Place) -> CheckFailed | NotAssessed:
    """Return the verdict where the image that a build starts from cannot be had."""
    evidence = _evidence(failed, request, place)
    by_hand = _by_hand(failed, request)
    error = failed.message
    if OWN_MACHINE.search(base) or OWN_MACHINE.search(base.partition("/")[0]):
        return CheckFailed(f"{request.path} builds on {base}, which only its author's machine has.", evidence, by_hand)
    if BUSY.search(error) or NETWORK.search(error) or not LACKING.search(error):
        return Unavailable(
            f"The registry does not give {base}: {_short(error)}.",
            f"Try `docker pull {base}`; then grade again.",
            evidence,
        )
    return CheckFailed(f"{request.path} builds on {base}, which its registry does not have.", evidence, by_hand)


def _unreached(said: str, answers: Callable[[str], bool]) -> str:
    """Return a well-known host that a build could not reach and this machine cannot either, or nothing."""
    lines = [line for line in said.split("\n") if NETWORK.search(line)]
    if any(OWN_MACHINE.search(line) for line in lines):
        return ""
    named = [host for host in INDEXES if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", said)]
    named += [host for pattern, host in IMPLIED if pattern.search(said)]
    return next((host for host in dict.fromkeys(named) if not answers(host)), "")


def answers(host: str) -> bool:
    """Whether a host can be reached from here, by the port that every index has."""
    try:
        with socket.create_connection((host, 443), timeout=LOOK_S):
            return True
    except OSError:
        return False


def _learners(failed: BuildFailed, request: BuildRequest, place: Place, said: str) -> CheckFailed:
    failure = failed.failure
    where = f" on line {place.line}" if place.line else ""
    if failure.step:
        what = f"{place.keyword or 'a step'}{where} fails"
    else:
        what = f"line {place.line} is refused" if place.line else "it is refused"
    code = f" with exit code {failure.exit_code}" if failure.exit_code is not None else ""
    why = "" if code else f": {_short(failed.message)}"
    if NETWORK.search(said) and request.network == "none":
        why += "; the rubric gives the build no network"
    return CheckFailed(
        f"{request.path} does not build: {what}{code}{why}.",
        _evidence(failed, request, place),
        _by_hand(failed, request),
    )


def _evidence(failed: BuildFailed, request: BuildRequest, place: Place) -> Evidence:
    failure = failed.failure
    ended = f"exit code {failure.exit_code}" if failure.exit_code is not None else _short(failed.message)
    return Evidence(
        path=request.path,
        line=place.line or None,
        end_line=place.end_line if place.end_line > place.line else None,
        expected="an instruction that succeeds",
        actual=ended,
        text=place.text or failed.step or None,
    )


def _by_hand(failed: BuildFailed, request: BuildRequest) -> Evidence:
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=request.command,
        expected="an image",
        actual=_short(failed.message),
        text=failed.failure.shown or "nothing was printed",
    )


def _short(error: str) -> str:
    plain = re.sub(r"\A(?:failed to (?:solve|compute cache key|create LLB definition)[^:]*: )+", "", error.strip())
    plain = plain.replace("not found: not found", "not found")  # as an older BuildKit says it
    return plain[:SHOWN_ERROR].rstrip(". ") or "it ends without a reason"
