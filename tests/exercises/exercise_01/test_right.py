"""Correct documents pass, whatever their language, order, headings and form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

RIGHT = Path(__file__).parent / "right"


@pytest.mark.parametrize("variant", sorted(folder.name for folder in RIGHT.iterdir()))
def test_variant_passes(grader, variant):
    for file in (RIGHT / variant).iterdir():
        (grader.folder / "docs" / file.name).write_bytes(file.read_bytes())
    assert grader.lost() == {}
    assert grader.grade().score.passed is True


@pytest.mark.parametrize("form", ["crlf", "bom", "utf-16", "old mac"])
def test_file_may_be_written_on_any_system(grader, form):
    for name in ("assessment", "plan", "roadmap", "research"):
        text = grader.solution(name)
        content = {
            "crlf": text.replace("\n", "\r\n").encode(),
            "bom": b"\xef\xbb\xbf" + text.encode(),
            "utf-16": text.encode("utf-16"),
            "old mac": text.replace("\n", "\r").encode(),
        }[form]
        grader.replace(**{name: content})
    assert grader.lost() == {}


@pytest.mark.parametrize("level", [1, 2, 4, 6])
def test_heading_levels_are_free(grader, level):
    for name in ("assessment", "plan", "roadmap", "research"):
        grader.replace(**{name: re.sub(r"(?m)^#+ ", "#" * level + " ", grader.solution(name))})
    assert grader.lost() == {}


def test_order_of_the_sections_is_free(grader):
    for name in ("assessment", "plan", "roadmap", "research"):
        first, *sections = re.split(r"(?m)^(?=## )", grader.solution(name))
        grader.replace(**{name: "".join([first, *(section.rstrip() + "\n\n" for section in reversed(sections))])})
    assert grader.lost() == {}


def test_filled_template_passes(grader):
    filled = (
        grader.template("skills-assessment.md")
        .replace("Name: ____________________", "Name: Noor")
        .replace("Date: ____________________", "Date: 3 May")
        .replace("why: ____________________", "why: Kubernetes, since every posting asks for it, then Terraform.")
        .replace("[largest gap]", "Kubernetes, never used alone")
        .replace("[second gap]", "Terraform, only read about")
        .replace("[third gap]", "Monitoring, never set up by myself")
        .replace("- [ ]", "- [x]")
        .replace("___%", "20%")
    )
    filled = re.sub(r"\| ___ \| \|", "| ★★ | one project of my own |", filled)
    plan = (
        grader.template("learning-plan-template.md")
        .replace("Start: ____________________", "Start: 1 June")
        .replace("each week: ___", "each week: 9")
        .replace("Done: ___%", "Done: 0%")
    )
    gaps = iter(["Kubernetes", "Terraform", "Monitoring"])
    plan = re.sub(r"\[gap \d\] \| ___ \| ___ \| \[.*?\]", lambda _: f"{next(gaps)} | ★ | ★★★ | the docs", plan)
    topics = iter(["containers", "cluster", "workloads", "infrastructure", "observability", "delivery"])
    plan = re.sub(r"\[topic\]", lambda _: next(topics), plan)
    number = iter(range(100))
    plan = re.sub(r"\[goal\]", lambda _: f"finish chapter {next(number)} and its project", plan)
    plan = re.sub(r"\[title and link\]", lambda _: f"Book number {next(number)} of the library", plan)
    roadmap = grader.template("career-roadmap-template.md").replace("___%", "5%")
    roadmap = re.sub("____________________", lambda _: f"{next(number)} services are run by me", roadmap)
    roadmap = re.sub(r"\[[^\]]*\]", lambda match: f"{next(number)} good {match[0][1:-1]} of mine", roadmap)
    grader.replace(assessment=filled, plan=plan, roadmap=roadmap)
    assert grader.lost() == {}


RATED = ["Python", "Docker", "Kubernetes", "Linux", "Git", "Cloud", "Terraform", "PyTorch", "Monitoring", "Design"]
GAPS = (
    "\n## Gaps\n\nKubernetes and Terraform are my largest gaps, since I have never run either at work. Kubernetes "
    "comes first, because nearly every posting that I have read asks for it, and Terraform follows in the autumn.\n"
)


@pytest.mark.parametrize(
    "line",
    [
        "- {}: 3",
        "- {}: 3/5",
        "- {} - 3 out of 5",
        "- {} — ★★★☆☆",
        "- {} (3/5)",
        "- **{}**: 3 – used at work",
        "- {}: 60%",
        "- {}: Level 3",
        "- {} = 3",
        "- {}: 0",
        "- {}: Intermediate",
        "- 3/5 {}",
        "### {}: 3\n\nUsed at work.\n",
        "### {} (3/5)\n\nUsed at work.\n",
        "### {}\n\n- Rating: 3\n- Target: 9\n",
        "### {}\n\nCurrent level: 3/5. I used it at work.\n",
        "### {}\n\n⭐⭐⭐\n",
        "- {}\n  - 3/5\n  - used at work",
        "* {}: ⭐️⭐️⭐️",
        "* {}: :star::star:",
        "{}: 3  ",
        "- {} ... 3",
        "- {}: 2 → 4",
        "- {}: 3 stars",
        "- Python 3.11 and {}: 4",
    ],
)
def test_ratings_are_found_in_lines(grader, line):
    lines = "\n".join(line.format(area) for area in RATED)
    grader.replace(assessment=f"# Me\n\nScale: 0-5.\n\n{lines}\n{GAPS}")
    assert grader.lost() == {}


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("| Skill | Rating |\n|---|---|", "| {} | 3 |"),
        ("| Skill | Rating (0-5) | Target |\n|---|---|---|", "| {} | 0 | 5 |"),
        ("| # | Skill | Now | Goal | Hours per week |\n|---|---|---|---|---|", "| {n} | {} | 3/5 | 5/5 | 12 |"),
        ("| Rating | Skill |\n|---|---|", "| ★★☆☆☆ | {} |"),
        ("| Skill | Years | Level |\n|---|---|---|", "| {} | 12 | 3 |"),
        ("| Skill | 1 | 2 | 3 | 4 | 5 |\n|---|---|---|---|---|---|", "| {} |  | x |  |  |  |"),
        ("| Skill | Basic | Intermediate | Advanced | Expert |\n|---|---|---|---|---|", "| {} |  | ✓ |  |  |"),
        ("| Skill | Level |\n|---|---|", "| {} | Advanced |"),
        ("| Skill | % |\n|---|---|", "| {} | 65 |"),
        ("| Skill | Rating |\n|---|---|", "| {} | `***` |"),
        ("| Skill | Priority | Rating |\n|---|---|---|", "| {} | 1 | 10/10 |"),
    ],
)
def test_ratings_are_found_in_tables(grader, head, row):
    rows = "\n".join(row.format(area, n=n) for n, area in enumerate(RATED, 1))
    grader.replace(assessment=f"# Me\n\nMy figures, as of 14 May 2025.\n\n{head}\n{rows}\n{GAPS}")
    assert grader.lost() == {}


@pytest.mark.parametrize(
    "labels",
    [
        ("6 months", "1 year", "3 years"),
        ("Month 6", "Month 12", "Month 36"),
        ("Half a year", "One year", "Three years"),
        ("Six months", "12 months", "36 months"),
        ("Months 0-6", "Months 7-12", "Years 2-3"),
        ("In 26 weeks", "In 52 weeks", "In 3 yrs"),
        ("6-month goals", "1-year goals", "3-year goals"),
        ("Sechs Monate", "Ein Jahr", "Drei Jahre"),
        ("Sei mesi", "Un anno", "Tre anni"),
        ("Seis meses", "Um ano", "Três anos"),
        ("Zes maanden", "Eén jaar", "Drie jaar"),
        ("6 miesięcy", "Rok 1", "Trzy lata"),
        ("Altı ay", "Bir yıl", "Üç yıl"),
        ("6个月", "一年", "三年"),
        ("6개월", "1년", "3년"),
        ("Sex månader", "Ett år", "Tre år"),
    ],
)
@pytest.mark.parametrize("form", ["## {}\n\n{}\n", "- **{}**: {}", "{}: {}\n", "| {} | {} |"])
def test_horizons_are_found_in_words_and_digits(grader, labels, form):
    text = "I have finished 4 projects and can show each of them to a stranger."
    head = "| When | What |\n|---|---|\n" if form.startswith("|") else ""
    lines = "\n".join(form.format(label, text.replace("4", str(n + 4))) for n, label in enumerate(labels))
    steps = (
        "\n## Next steps\n\n- book the exam for October\n- write every Sunday about what is done\n- ask for a review\n"
    )
    grader.replace(roadmap=f"# Roadmap\n\nThis is where I want to go, step by step.\n\n{head}{lines}\n{steps}")
    assert grader.lost() == {}


@pytest.mark.parametrize(
    "label",
    [
        "Week {}",
        "W{}",
        "KW {}",
        "Wk {}",
        "Semana {}",
        "Semaine {}",
        "{}. Woche",
        "Неделя {}",
        "第{}周",
        "{}주차",
        "Week {} (8h)",
    ],
)
def test_weeks_are_found(grader, label):
    lines = "\n".join(f"- {label.format(n)}: finish part {n} of the {word}" for n, word in enumerate(WORDS, 1))
    grader.replace(
        plan=f"# Plan\n\nGaps: Kubernetes, Terraform, monitoring\n\n{lines}\n\nResources: the documentation.\n"
    )
    assert grader.lost() == {}


WORDS = [
    "course",
    "book",
    "lab",
    "video",
    "talk",
    "review",
    "project",
    "test",
    "chart",
    "module",
    "image",
    "network",
    "cluster",
    "secret",
    "probe",
    "chapter",
    "alert",
    "dashboard",
    "registry",
    "pipeline",
    "drill",
    "report",
    "demo",
    "recap",
]


def test_more_than_asked_passes(grader):
    extra = "\n## Communities\n\n- [ ] join the MLOps Slack\n- [ ] follow three people\n\n[Notes][1]\n\n[1]: https://example.org\n"
    for name in ("assessment", "plan", "roadmap", "research"):
        grader.replace(**{name: grader.solution(name) + extra})
    assert grader.lost() == {}


TERSE = {
    "assessment": "# Skills\n\n| Skill | Rating |\n|---|---|\n"
    + "".join(f"| {area} | {n % 5 + 1} |\n" for n, area in enumerate(RATED))
    + "\n## Gaps\n\n- Kubernetes\n- Terraform\n- Cloud\n\n## Priorities\n\n1. Kubernetes\n2. Terraform\n",
    "plan": "# Plan\n\n## Top 3 gaps\n\n- Kubernetes\n- Terraform\n- Cloud\n\n"
    + "".join(f"## Month {m}\n\n- Week {4 * m - 3}: Docker\n- Week {4 * m - 2}: labs\n\n" for m in range(1, 7))
    + "## Resources\n\n- The Kubernetes book\n",
    "roadmap": "# Roadmap\n\n## 6 months\n\n- Finish 3 projects\n\n## 1 year\n\n- Junior role, $90k\n\n## 3 years\n\n"
    "- Lead a team of 5\n\n## Action plan\n\n1. Study 10 hours a week\n2. Apply to 5 jobs a month\n",
    "research": "# Jobs\n\n"
    + "".join(f"{n}. Junior AI Infrastructure Engineer at Company {n}\n" for n in range(1, 11))
    + "\n## Common requirements\n\n- Python\n- Docker\n- Kubernetes\n\n## Salary ranges (Berlin)\n\n- Entry: €50,000\n",
}


def test_terse_documents_pass(grader):
    grader.replace(**TERSE)
    assert grader.lost() == {}
