"""Scorecards made by hand, one for each situation that a report must show."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from infra_grader.model.outcome import Evidence, EvidenceKind, ExcerptLine, Measure, Status
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import (
    BonusScore,
    CheckScore,
    CriterionScore,
    PenaltyScore,
    RubricRef,
    Score,
    Scorecard,
    SubmissionRef,
)

HUNDREDTH = Decimal("0.01")
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07\u202egnp.exe\u2066\r\n::error::x\n</script><script>alert(1)</script>"
    "<img src=x onerror=alert(1)>` ``` ````|a|b|[x](https://evil.example/)![i](https://evil.example/i.png)"
    "@everyone #1 \udc80\ud800 \x00\x08\x7f\x85\ufffe {{ 7*7 }} {% raw %} &amp; ]]> 'q' \"q\""
)


def check(
    check_id: str, title: str, status: Status, points: str = "10", fraction: str = "", **more: object
) -> CheckScore:
    share = Fraction(fraction) if fraction else Fraction(status is Status.PASSED)
    total = Decimal(points)
    earned = (total * share.numerator / share.denominator).quantize(HUNDREDTH, rounding=ROUND_DOWN)
    facts: dict[str, object] = {
        "uses": "file.exists",
        "message": f"{title}.",
        "weight": Fraction(1 if total else 0),
        "earned": earned,
        "possible": total if status.is_open else earned,
    }
    return CheckScore(id=check_id, title=title, status=status, fraction=share, points=total, **{**facts, **more})


def criterion(
    criterion_id: str, title: str, *checks: CheckScore, required: bool = False, done: str = ""
) -> CriterionScore:
    return CriterionScore(
        id=criterion_id,
        title=title,
        points=total(check.points for check in checks),
        earned=total(check.earned for check in checks),
        possible=total(check.possible for check in checks),
        required=required,
        done=done,
        checks=checks,
    )


def penalty(check: CheckScore) -> PenaltyScore:
    lost = check.points if check.status.is_open else check.points - check.earned
    return PenaltyScore(
        check=check.replace(earned=Decimal(0), possible=Decimal(0)),
        lost=lost,
        lost_at_least=Decimal(0) if check.status.is_open else lost,
    )


def total(numbers: Iterable[Decimal]) -> Decimal:
    return sum(numbers, Decimal(0))


def scorecard(
    *criteria: CriterionScore,
    pass_mark: str = "70",
    bonus: BonusScore | None = None,
    penalties: tuple[PenaltyScore, ...] = (),
    passed: bool | None,
    grade: str | None = None,
    title: str = "Simple Model API Deployment",
    submission: SubmissionRef | None = None,
    complete: str = "",
) -> Scorecard:
    lost = total(penalty.lost for penalty in penalties)
    least = total(penalty.lost_at_least for penalty in penalties)
    points = total(criterion.points for criterion in criteria)
    earned = max(Decimal(0), total(c.earned for c in criteria) + (bonus.earned if bonus else 0) - lost)
    possible = max(Decimal(0), total(c.possible for c in criteria) + (bonus.possible if bonus else 0) - least)
    card = Scorecard(
        rubric=RubricRef(
            id="project-01-simple-model-api", version=1, sha256="0" * 64, title=title, pass_mark=Decimal(pass_mark)
        ),
        submission=submission or SubmissionRef(id="learner-07", path="work/learner-07", root="."),
        score=Score(
            earned=earned,
            possible=possible,
            points=points,
            bonus=bonus.earned if bonus else Decimal(0),
            penalty=lost,
            percent=(100 * earned / points).quantize(HUNDREDTH, rounding=ROUND_DOWN),
            grade=grade,
            passed=passed,
            provisional=False,
        ),
        criteria=criteria,
        bonus=bonus,
        penalties=penalties,
        environment={"version": "0.1.0", "platform": "Linux x86_64", "seed": 7},
        started="2026-01-31T09:00:00Z",
        finished="2026-01-31T09:00:02Z",
        complete=complete,
    )
    is_open = any(check.status.is_open for check in card.all_checks() if check.counts)
    return card.replace(score=card.score.replace(provisional=is_open))


def all_passed() -> Scorecard:
    """An exercise that is done: the six lines of design section 1."""
    return scorecard(
        criterion(
            "skills",
            "Skills assessment",
            check(
                "skills-rated",
                "At least ten areas are rated",
                Status.PASSED,
                "25",
                evidence=(Evidence.number(12, 10, "areas"), Evidence(path="skills-assessment.md", line=5, end_line=16)),
            ),
            required=True,
            done="Skills assessment completed",
        ),
        criterion(
            "plan",
            "Learning plan",
            check("plan-there", "A learning plan is there", Status.PASSED, "25", evidence=(Evidence(path="plan.md"),)),
            required=True,
            done="Learning plan created",
        ),
        criterion(
            "roadmap",
            "Career roadmap",
            check("roadmap-there", "A roadmap is there", Status.PASSED, "25", evidence=(Evidence(path="roadmap.md"),)),
            required=True,
            done="Career roadmap defined",
        ),
        criterion(
            "market",
            "Job market research",
            check("market-done", "Ten postings", Status.PASSED, "25", evidence=(Evidence.number(10, 10, "postings"),)),
            required=True,
            done="Job market research done",
        ),
        title="Exercise 01: Overview",
        pass_mark="100",
        passed=True,
        grade="A",
        complete="🎉 Exercise 01 Complete! Ready for Exercise 02.",
    )


def lost_and_partial() -> Scorecard:
    """Points lost in every way, with evidence of every kind; a cause and what it blocks."""
    return scorecard(
        criterion(
            "code",
            "Code Quality",
            check(
                "lint",
                "The code follows PEP 8",
                Status.PARTIAL,
                "12.5",
                "2/5",
                uses="python.lint",
                message="ruff finds 12 issues in 3 files.",
                hint="Run `ruff check src`\nand fix what it prints.",
                own_fraction=Fraction(0),
                measure=Measure(value=12, unit="issues", threshold=0),
                evidence=(
                    Evidence.number(12, "at most 5", "issues"),
                    Evidence(
                        path="src/app.py",
                        line=3,
                        end_line=4,
                        text="F401 `os` imported but unused",
                        excerpt=excerpt({1: '"""The service."""', 2: "", 3: "import os", 4: "\timport sys", 5: ""}),
                    ),
                    Evidence(
                        kind=EvidenceKind.COMMAND,
                        path="ruff check --isolated src",
                        text="src/app.py:3:8: F401 unused import\nsrc/model.py:10:1: E302 expected 2 blank lines\n",
                    ),
                ),
            ),
            check("docs", "Functions have docstrings", Status.PASSED, "12.5", evidence=(Evidence(path="src/app.py"),)),
        ),
        criterion(
            "service",
            "Service",
            check(
                "source",
                "A Flask or FastAPI application is there",
                Status.FAILED,
                "5",
                message="No module makes a Flask or FastAPI application.",
                hint="Create the application in src/app.py.",
                evidence=(Evidence(path="src", expected="Flask(...) or FastAPI(...)", actual="no call of either"),),
            ),
            check(
                "health",
                "GET /health answers 200",
                Status.BLOCKED,
                "20",
                message="It was not run: A Flask or FastAPI application is there.",
                needs=("source",),
                blocked_by="source",
            ),
            check(
                "errors",
                "A bad request is answered with 400",
                Status.FAILED,
                "10",
                uses="http.answers",
                message="POST /predict without a body is answered with 500.",
                evidence=(
                    Evidence(
                        kind=EvidenceKind.HTTP, path="POST http://127.0.0.1:8000/predict", expected=400, actual=500
                    ),
                ),
            ),
        ),
        criterion(
            "kubernetes",
            "Kubernetes",
            check(
                "limits",
                "Containers have memory limits",
                Status.FAILED,
                "30",
                message="The container api has no memory limit.",
                hint="Set resources.limits.memory.",
                evidence=(
                    Evidence(
                        kind=EvidenceKind.FIELD,
                        path="Deployment/api spec.template.spec.containers[0].resources.limits.memory",
                        expected="a quantity",
                        actual="nothing",
                    ),
                    Evidence(
                        path="k8s/deployment.yaml",
                        line=17,
                        expected="limits.memory",
                        actual="only cpu",
                        excerpt=excerpt(
                            {7: "spec:", 11: "  template:", 13: "    spec:", 14: "      containers:"}
                            | {
                                15: "        - name: api",
                                17: "          resources:",
                                18: "            limits: {cpu: 500m}",
                            }
                        ),
                    ),
                ),
            ),
            check("tidy", "Labels follow the convention", Status.FAILED, "0", message="3 labels have capitals."),
        ),
        criterion("docs", "Documentation", check("readme", "README explains the start", Status.PASSED, "10")),
        passed=False,
        grade="F",
        submission=SubmissionRef(
            id="learner-07", path="work/learner-07", root="projects/project-01", commit="a" * 40, dirty=True
        ),
    )


def open_interval() -> Scorecard:
    """Passed or not: open points decide. 62 of 100, up to 92."""
    docker = {"message": "Docker is not available here.", "remedy": "Start Docker, then grade again."}
    return scorecard(
        criterion("code", "Code Quality", check("lint", "The code follows PEP 8", Status.PASSED, "62")),
        criterion(
            "image",
            "Image",
            check("build", "The image builds", Status.NOT_ASSESSED, "20", uses="docker.build", **docker),
            check(
                "size",
                "The image is small",
                Status.NOT_ASSESSED,
                "10",
                message="It waits for the image.",
                needs=("build",),
                blocked_by="build",
            ),
        ),
        criterion("docs", "Documentation", check("readme", "README explains the start", Status.FAILED, "8")),
        passed=None,
    )


def errors_and_people() -> Scorecard:
    """The grader's own fault, a row for a person, a claimed check, an open penalty."""
    return scorecard(
        criterion(
            "tests",
            "Tests",
            check("own", "The tests cover the code", Status.PARTIAL, "20", "3/4", claimed=True, message="75% covered."),
            check("crash", "The tests find faults", Status.ERROR, "20", message="The check itself failed."),
        ),
        criterion(
            "review",
            "Review",
            check("style", "Reads well", Status.AWAITING, "60", uses="manual.levels", message="A person grades this."),
            required=True,
        ),
        penalties=(
            penalty(check("secret", "No secret in the history", Status.NOT_ASSESSED, "5", message="No git here.")),
        ),
        passed=None,
    )


def excerpt(lines: dict[int, str]) -> tuple[ExcerptLine, ...]:
    """Return quoted lines by their numbers."""
    return tuple(ExcerptLine(number=number, text=text) for number, text in lines.items())


def hostile() -> Scorecard:
    """Text that tries to break out of every format, everywhere where a learner can put it."""
    return scorecard(
        criterion(
            "names",
            "Names",
            check(
                "odd",
                "File names are fine",
                Status.FAILED,
                "50",
                message=HOSTILE,
                evidence=(
                    Evidence(
                        path=HOSTILE,
                        line=1,
                        expected=HOSTILE,
                        actual=HOSTILE,
                        unit=HOSTILE,
                        text=HOSTILE,
                        excerpt=excerpt({1: HOSTILE, 2: "```", 3: f"   {HOSTILE}"}),
                    ),
                    Evidence(kind=EvidenceKind.COMMAND, path="cat x", text=HOSTILE * 60),
                    Evidence(text="`" * 30 + "\n```\n" + "x" * 10_000),
                    Evidence(kind=EvidenceKind.NUMBER, expected=float("nan"), actual=float("inf"), unit="s"),
                ),
            ),
            check("odder", HOSTILE, Status.PARTIAL, "50", "1/3", hint=HOSTILE, message="x" * 10_000),
        ),
        passed=False,
        submission=SubmissionRef(id=HOSTILE, path=HOSTILE, root=HOSTILE),
    )


def bonus_and_penalties() -> Scorecard:
    """More than the full mark is possible, and a penalty takes some of it."""
    extra = (
        check("ci", "A workflow runs the tests", Status.PASSED, "5"),
        check("cache", "Answers are cached", Status.PARTIAL, "5", "1/2", message="Only GET is cached."),
    )
    return scorecard(
        criterion("code", "Code & Tests", check("lint", "The code follows PEP 8", Status.PASSED, "60")),
        criterion("docs", "Documentation", check("readme", "README explains the start", Status.PASSED, "40")),
        bonus=BonusScore(points=Decimal(10), earned=Decimal("7.5"), possible=Decimal("7.5"), checks=extra),
        penalties=(
            penalty(
                check(
                    "secret",
                    "No secret in the history",
                    Status.FAILED,
                    "5",
                    message="A key stands in config.py.",
                    hint="Revoke the key.",
                    evidence=(Evidence(path="config.py", line=4),),
                )
            ),
            penalty(check("large", "No large file", Status.PASSED, "2", message="The largest file has 4 kB.")),
        ),
        passed=True,
        grade="A",
    )


def hidden() -> Scorecard:
    """Checks that a learner sees by title and points only."""
    secret = {
        "message": "SECRET message",
        "hint": "SECRET hint",
        "remedy": "SECRET remedy",
        "uses": "call.secret",
        "tags": ("SECRET",),
        "evidence": (
            Evidence(
                path="SECRET.py",
                line=1,
                expected="SECRET",
                actual="SECRET",
                text="SECRET",
                excerpt=excerpt({1: "SECRET"}),
            ),
        ),
        "measure": Measure(value=41, unit="SECRETS"),
    }
    return scorecard(
        criterion(
            "answers",
            "Answers",
            check("seen", "The published example works", Status.PASSED, "50"),
            check("drawn", "Other inputs work too", Status.FAILED, "30", visibility=Visibility.HIDDEN, **secret),
            check(
                "late", "Large inputs work", Status.NOT_ASSESSED, "20", visibility=Visibility.AFTER_DUE_DATE, **secret
            ),
        ),
        passed=None,
        pass_mark="60",
    )


ALL = {
    make.__name__: make
    for make in (
        all_passed,
        lost_and_partial,
        open_interval,
        errors_and_people,
        hostile,
        bonus_and_penalties,
        hidden,
    )
}
