"""What is not there earns nothing, and each fault has its own message with the place."""

from __future__ import annotations

import re

import pytest

SCALE = "Scale: 1-5."


def rated(lines):
    return (
        f"# Me\n\n{SCALE}\n\n"
        + "\n".join(lines)
        + "\n\n## Gaps\n\nKubernetes and Terraform are my largest gaps, since I have never run either at work. Both "
        "come first, because nearly every posting that I have read asks for them, and the rest follows in autumn.\n"
    )


RATED = ["Python", "Docker", "Kubernetes", "Linux", "Git", "Cloud", "Terraform", "PyTorch", "Monitoring", "Design"]


def test_each_copied_template_is_told(grader):
    grader.replace(
        assessment=grader.template("skills-assessment.md"),
        plan=grader.template("learning-plan-template.md"),
        roadmap=grader.template("career-roadmap-template.md"),
        research=grader.template("skills-assessment.md"),
    )
    lost = grader.lost()
    assert set(lost) == {"assessment-written", "plan-written", "roadmap-written", "research-written"}
    assert all("handed out, unchanged" in message for message in lost.values())


def test_template_with_a_changed_line_is_told(grader):
    grader.replace(assessment=grader.template("skills-assessment.md").replace("Name: ____________________", "Name: Me"))
    lost = grader.lost()
    assert set(lost) <= {"assessment-own", "assessment-written"}
    assert "template" in lost["assessment-own"]


@pytest.mark.parametrize("blank", ["___", "", "TBD", "…", "[ ]", "_/5", "___%", "?", "n/a"])
def test_blank_is_no_rating(grader, blank):
    lines = ["| Skill | Rating |", "|---|---|", *(f"| {area} | 3 |" for area in RATED[:-1]), f"| Design | {blank} |"]
    grader.replace(assessment=rated(lines))
    lost = grader.lost()
    assert "rates 9 of at least 10 areas; no rating on line 16" in lost["areas-rated"]


@pytest.mark.parametrize(
    ("rating", "where"),
    [
        ("6", "1 to 5"),
        ("0", "1 to 5"),
        ("7/5", "0 to 5"),
        ("★★★★★★", "0 to 5"),
        ("42", "1 to 5"),
        ("-1", "1 to 5"),
        ("120%", "0 to 100"),
    ],
)
def test_rating_off_the_scale_is_named_with_its_line(grader, rating, where):
    grader.replace(assessment=rated([*(f"- {area}: 3" for area in RATED), f"- Go: {rating}"]))
    lost = grader.lost()
    assert set(lost) == {"areas-rated"}
    assert f"outside the scale of {where}, on line 15: Go" in lost["areas-rated"]


def test_all_ratings_off_the_scale_are_named(grader):
    grader.replace(assessment=rated([f"- {area}: {n}" for n, area in enumerate(RATED, 20)]))
    assert "10 ratings outside the scale of 1 to 5" in grader.lost()["areas-rated"]


def test_without_a_scale_ten_is_the_top(grader):
    lines = [f"- {area}: 10" for area in RATED]
    grader.replace(assessment=rated(lines).replace(SCALE, "My figures."))
    assert grader.lost() == {}
    grader.replace(assessment=rated([*lines, "- Go: 11"]).replace(SCALE, "My figures."))
    assert "outside the scale of 0 to 10" in grader.lost()["areas-rated"]


@pytest.mark.parametrize(
    "line", ["- {}: $85,000", "- {} 3.11", "- {}: 3 years", "- {} since 2019", "- {}: 14 March", "- {}", "- {}: v2.1.0"]
)
def test_other_numbers_are_no_ratings(grader, line):
    grader.replace(assessment=rated([line.format(area) for area in RATED]))
    assert "rates 0 of at least 10 areas" in grader.lost()["areas-rated"]


@pytest.mark.parametrize("name", ["assessment", "plan", "roadmap", "research"])
@pytest.mark.parametrize(
    "hide",
    [
        lambda text: f"# Title\n\n<!--\n{text}\n-->\n",
        lambda text: f"# Title\n\n~~~~\n{text}\n~~~~\n",
        lambda text: "---\ntext: |\n" + "\n".join(f"  {line}" for line in text.split("\n")) + "\n---\n# Title\n",
        lambda text: re.sub("(?m)^", "    ", text),
        lambda text: "\n".join(line for line in text.split("\n") if line.startswith("#")),
        lambda text: "# Title\n\n" + "\u200b \u2060 \u200b\n\n" * 200,
        lambda text: "\n".join(f"[r{n}]: <> '{line}'" for n, line in enumerate(text.replace("'", "").split("\n"))),
        lambda text: f"<script>\n{text}\n</script>",
    ],
    ids=["comment", "fence", "front matter", "indented", "headings", "zero width", "references", "script"],
)
def test_hidden_text_earns_nothing(grader, name, hide):
    grader.replace(**{name: hide(grader.solution(name))})
    lost = grader.lost()
    assert set(lost) == {f"{name}-written"}, lost


LOREM = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore."


@pytest.mark.parametrize("name", ["assessment", "plan", "roadmap", "research"])
def test_lorem_ipsum_is_told(grader, name):
    grader.replace(**{name: "# Title\n\n" + f"{LOREM}\n\n" * 30})
    lost = [message for check_id, message in grader.lost().items() if check_id.startswith(name)]
    assert any("lorem ipsum" in message and "line=3" in message for message in lost), lost


@pytest.mark.parametrize("name", ["assessment", "plan", "roadmap", "research"])
def test_one_sentence_repeated_is_told(grader, name):
    grader.replace(**{name: "# Title\n\n" + "I will learn many new things about infrastructure. " * 60})
    assert "repeats the same text" in grader.lost()[f"{name}-filler"]


def test_few_words_over_and_over_are_told(grader):
    text = " ".join(f"good {word} good" for word in ("skill", "better", "more", "job") * 40)
    grader.replace(roadmap=f"# Title\n\n{text}\n")
    assert "over and over" in grader.lost()["roadmap-filler"]


@pytest.mark.parametrize("missing", ["Month 6", "Month 12", "Month 36"])
def test_missing_horizon_is_named(grader, missing):
    text = re.sub(rf"(?s)## {missing}\n.*?(?=\n## )", "", grader.solution("roadmap"))
    grader.replace(roadmap=text)
    name = {"Month 6": "6 months", "Month 12": "1 year", "Month 36": "3 years"}[missing]
    lost = grader.lost()
    assert set(lost) == {"horizons"}
    assert f"says nothing of its own about: {name}." in lost["horizons"]


def test_horizon_of_headings_only_is_no_horizon(grader):
    text = (
        "# Map\n\n## 6 months\n\n## 1 year\n\n## 3 years\n\n## Next steps\n\n"
        + "I will book, read, write and ask. " * 3
    )
    grader.replace(roadmap=text + "Then I publish 3 projects and tell ten people.")
    assert "6 months, 1 year, 3 years" in grader.lost()["horizons"]


def test_past_years_are_no_horizon(grader):
    text = re.sub(r"(?s)## Month 36\n.*?(?=\n## )", "", grader.solution("roadmap"))
    grader.replace(
        roadmap=text.replace("# My way", "I have 3 years of experience as an administrator of 40 servers.\n\n# My way")
    )
    assert "3 years" in grader.lost()["horizons"]


def test_dates_are_no_horizons(grader):
    text = grader.solution("roadmap").replace("Month 36", "1 March 2028")
    grader.replace(roadmap=text)
    assert "3 years" in grader.lost()["horizons"]


POSTING = "| Junior AI Infrastructure Engineer | Nordlys Vision | Gothenburg | Python, Docker |"


def test_ten_identical_postings_count_once(grader):
    rows = "\n".join(f"| {n} {POSTING}" for n in range(1, 11))
    text = re.sub(r"(?s)\| 1 \|.*?(?=\n\n)", rows, grader.solution("research"))
    grader.replace(research=text)
    assert "lists 1 different job posting; 9 repeated ones on lines" in grader.lost()["postings"]


@pytest.mark.parametrize(
    "form",
    [
        "- {0} at {1}\n",
        "1. {0}, {1}\n",
        "### {0} ({1})\n\nDocker, Python and Linux.\n\n",
        "{1} is looking for a {0} who knows Docker.\n\n",
        "{1} is looking for a {0} who knows Docker. ",
        "**{0}, {1}**\n\nDocker, Python.\n\n",
        "- Company: {1}\n  - Role: {0}\n",
    ],
)
@pytest.mark.parametrize("number", [9, 10, 12])
def test_postings_are_counted_in_every_form(grader, form, number):
    firms = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper", "Koa", "Larch"]
    postings = "".join(form.format("Platform Engineer", firm) for firm in firms[:number])
    text = (
        f"# Market\n\n## Postings\n\n{postings}\n\n## Requirements in common\n\n"
        "- Docker: everywhere\n- Kubernetes: in seven of them\n"
        "- Linux: in all that mention servers\n- Git\n- Python\n- Terraform\n- Go\n- AWS\n- GCP\n- Helm\n- CI\n\n"
        "## Salary in Leeds\n\n- Junior engineer: £30,000\n- Platform engineer: £40,000\n"
    )
    grader.replace(research=text)
    lost = grader.lost()
    assert set(lost) == ({"postings"} if number < 10 else set()), lost
    if number < 10:
        assert "lists 9 different job postings, 10 are asked for" in lost["postings"]


def test_missing_document_is_one_message(grader):
    (grader.folder / "docs" / "learning-plan.md").unlink()
    lost = grader.lost()
    assert set(lost) == {"plan-written"}
    assert "docs/learning-plan.md is missing" in lost["plan-written"]


@pytest.mark.parametrize(
    "text",
    [
        "[x]",
        "see [1]",
        "[docs](https://example.org)",
        "`__init__.py`",
        "a [sic] remark",
        "snake_case_name",
        "- [ ] later",
    ],
)
def test_signs_that_are_no_blanks(grader, text):
    grader.replace(plan=grader.solution("plan") + f"\n{text}\n")
    assert grader.lost() == {}


@pytest.mark.parametrize(
    "text",
    [
        "Done: ___%",
        "[your name]",
        "Goal: [goal 1]",
        "Budget: TBD",
        "- \n",
        "| a | b |\n|---|---|\n| c | |",
        "Name: ______",
    ],
)
def test_blanks_are_found_with_their_line(grader, text):
    plan = grader.solution("plan")
    grader.replace(plan=f"{plan}\n{text}\n")
    lost = grader.lost()
    assert set(lost) == {"plan-blanks"}
    assert "1 blank left, on line" in lost["plan-blanks"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", b"\xff\xfe\xfa" * 50, b"\xe4\xf6\xfc und so weiter", b" \n" * 50],
    ids=["empty", "nul", "bytes", "latin", "spaces"],
)
def test_file_that_is_no_text_is_told(grader, content):
    grader.replace(roadmap=content)
    assert set(grader.lost()) == {"roadmap-written"}
