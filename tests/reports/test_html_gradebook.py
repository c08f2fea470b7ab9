"""The class page: what it says, that nothing in it can act, and how it works in a browser."""

from __future__ import annotations

import io
import re
import tracemalloc
from html.parser import HTMLParser

import pytest

from infra_grader.model.gradebook import State
from infra_grader.model.outcome import Status
from infra_grader.model.roster import Learner
from infra_grader.reports import _page, html_gradebook
from tests.support.browser import open_browser
from tests.support.made_up_class import HOSTILE, Many, five, gradebook, graded, standing, ungraded

OURS = ("report.css", "class.css", "plot.min.js", "class.js")


def page_of(rows, points="100", **more):
    stream = io.StringIO(newline="")
    html_gradebook.write(gradebook(rows, points), stream, **more)
    return stream.getvalue()


def without_ours(page):
    """Return the page with the names of our styles and scripts in their places, and no digests."""
    for name in OURS:
        page = page.replace(_page.source(name), f"[{name}]")
    return re.sub("sha256-[^&']+", "[digest]", page)


def hostile():
    row = graded(
        1,
        standing("builds", Status.FAILED, 40, "0", "0", HOSTILE),
        standing("small", Status.AWAITING, 20, "0", "20", HOSTILE),
    )
    learner = Learner(id="</script>", name=HOSTILE, columns={"group": HOSTILE})
    opened = ungraded(2, State.OPEN, HOSTILE)
    return [row.replace(learner=learner, work=HOSTILE, submitted=HOSTILE, at=HOSTILE), opened]


class Tags(HTMLParser):
    """Every element of a page with its attributes, and the text of the cells of its tables."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.rows = [], []
        self._in_cell = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data):
        if self._in_cell:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_of_a_small_class_is_as_it_was(same_as_golden):
    same_as_golden(without_ours(page_of(five())), "class.html")


def test_without_scripts_every_learner_stands_in_the_table():
    rows = {row[0]: row[1:] for row in Tags(page_of(five())).rows}

    ada = rows["Ada Lovelace id0001 feedback"]
    assert ada[:6] == ["graded", "92.5", "A", "passed", "60", "32.5"]
    cyd = rows["Cyd Charisse id0003 feedback"]
    assert cyd[:6] == ["graded awaiting a person", "20 up to 75", "", "undecided", "20 up to 60", "0 up to 15"]
    ben = rows["Ben Okri id0002 feedback"]
    assert ben[3:] == ["not passed", "0", "40", "", "−10 Handed in late", "2026-10-01 15:00 3 h late"]
    assert rows["Learner 4 id0004"][0] == "absent"
    assert rows["Learner 4 id0004"][-1] == "There is no branch main."


def test_a_full_mark_other_than_a_hundred_has_a_column_of_percent():
    assert '<th scope="col" class="num">%</th>' in page_of(five(), points="80")
    assert '<th scope="col" class="num">%</th>' not in page_of(five())


def test_links_lead_to_the_feedback_or_are_left_out():
    links = [link["href"] for link in Tags(page_of(five())).all("a") if not link["href"].startswith("#")]
    assert links == [f"results/id000{number}/feedback.html" for number in (1, 2, 3)]
    assert "feedback.html" not in page_of(five(), results="")


def test_rows_are_gone_through_once():
    rows = Many(20)
    page_of(rows)
    assert rows.times_read == 1


def test_a_class_that_is_not_graded_has_a_page():
    page = page_of([ungraded(1, State.WAITING, "Not graded yet.")])
    assert "Nobody is graded yet." in page
    assert "No time is recorded." in page
    assert page_of([]).endswith("</html>\n")


def test_the_policy_lets_our_own_files_run_and_nothing_else():
    page = page_of(five())
    [policy] = [meta["content"] for meta in Tags(page).all("meta") if meta.get("http-equiv")]
    css, plot, script = (_page.source(name) for name in ("class.css", "plot.min.js", "class.js"))
    style = _page.digest(_page.source("report.css") + css)

    assert policy == (
        f"default-src 'none'; style-src {style} {html_gradebook.PLOT_STYLE}; "
        f"script-src {_page.digest(plot)} {_page.digest(script)}; "
        "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", OURS)
def test_our_files_do_not_end_the_element_they_stand_in(name):
    assert not re.search("</(script|style)|<!--|<script", _page.source(name), re.IGNORECASE)


def test_the_chart_library_comes_with_its_licences():
    licence = (_page.TEMPLATES / "plot.LICENSE").read_text(encoding="utf-8")
    version = re.match(r"/\*! Observable Plot (\S+) with", _page.source("plot.min.js"))[1]

    packages = re.findall(r"^    (\S+) \d", licence, re.MULTILINE)
    assert f"@observablehq/plot {version}" in licence
    assert len(packages) == licence.count("Permission to use, copy, modify, and/or distribute this software") == 15


def test_what_learners_wrote_is_text():
    text = without_ours(page_of(hostile()))
    tags = Tags(text)

    assert "img" not in {tag for tag, _ in tags.elements}
    assert len(tags.all("script")) == 3
    assert not [name for _, attributes in tags.elements for name in attributes if name.startswith("on")]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    assert "{{ 7*7 }}" in text
    text.encode()


def test_the_page_is_small_beside_its_data():
    page = page_of(five())
    assert len(page.encode()) < 350_000


def test_memory_does_not_grow_with_the_class(tmp_path):
    def peak(count):
        with (tmp_path / "class.html").open("w", encoding="utf-8") as stream:
            tracemalloc.start()
            try:
                html_gradebook.write(gradebook(Many(count)), stream)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak(5)  # what is read once for all pages
    assert peak(1000) <= 1.3 * peak(100)


# --- In a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("browser") / "profile") as found:
        yield found


@pytest.fixture
def show(browser, tmp_path):
    """Open the page of a class in the browser; whatever a test does with it, it neither complains nor loads."""
    file = tmp_path / "class.html"

    def opened(rows, **window):
        file.write_text(page_of(rows), encoding="utf-8")
        browser.open(file, **window)
        return browser

    yield opened
    browser.run("new Promise((done) => requestAnimationFrame(done))")
    assert browser.console == []
    assert browser.requests == [file.as_uri()]


SHOWN = """[...document.querySelectorAll("#class tbody tr:not(.detail)")]
    .filter((row) => row.checkVisibility()).map((row) => row.cells[0].querySelector("bdi").textContent)"""


def choose(browser, name, value):
    browser.run(f"{{ const it = document.getElementById({name!r}); it.{value}; it.dispatchEvent(new Event('input')) }}")


def sort_by(browser, words):
    browser.run(f"""[...document.querySelectorAll("#class thead button")]
        .find((button) => button.textContent.startsWith({words!r})).click()""")


@pytest.mark.parametrize("count", [5, 300, 1000])
def test_a_class_is_shown_a_page_at_a_time(show, count):
    page = show(Many(count))

    assert page.run(SHOWN) == [f"Learner {number}" for number in range(min(count, 100))]
    assert page.run("document.getElementById('shown').textContent") == f"{count} learners"
    assert page.run("document.getElementById('pages').hidden") == (count <= 100)
    assert page.run("document.querySelectorAll('figure svg[role=img]').length") == 2
    assert page.run("document.querySelectorAll('figure g[aria-label]').length") == 0


@pytest.mark.parametrize("count", [300, 1000])
def test_pages_are_turned(show, count):
    page = show(Many(count))
    page.run("document.getElementById('on').click()")

    assert page.run(SHOWN)[0] == "Learner 100"
    assert page.run("document.getElementById('page').textContent") == f"101 to 200 of {count}"
    page.run("document.getElementById('back').click()")
    assert page.run(SHOWN)[0] == "Learner 0"
    assert page.run("document.getElementById('back').disabled")


def test_a_column_sorts_up_then_down_then_as_the_roster(show):
    page = show(five())
    state = "document.querySelector('#class thead th:nth-child(3)').ariaSort"

    sort_by(page, "Score")
    assert page.run(SHOWN) == ["Cyd Charisse", "Ben Okri", "Ada Lovelace", "Learner 4", "Learner 5"]
    assert page.run(state) == "ascending"
    sort_by(page, "Score")
    assert page.run(SHOWN) == ["Ada Lovelace", "Ben Okri", "Cyd Charisse", "Learner 4", "Learner 5"]
    assert page.run(state) == "descending"
    sort_by(page, "Score")
    assert page.run(SHOWN) == ["Ada Lovelace", "Ben Okri", "Cyd Charisse", "Learner 4", "Learner 5"]
    assert page.run(state) is None
    sort_by(page, "Documentation")
    assert page.run(SHOWN)[:3] == ["Cyd Charisse", "Ada Lovelace", "Ben Okri"]


def test_a_thousand_are_sorted_as_numbers(show):
    page = show(Many(1000))
    sort_by(page, "Score")
    scores = page.run("""[...document.querySelectorAll("#class tbody td:nth-child(3)")]
        .map((cell) => cell.dataset.value ?? null)""")
    known = [float(score) for score in scores if score is not None]

    assert known == sorted(known)
    assert scores[len(known) :] == [None] * 20


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("find", "value = 'okri'", ["Ben Okri"]),
        ("find", "value = 'team-3 ID0003'", ["Cyd Charisse"]),
        ("find", "value = 'nobody of this name'", []),
        ("state", "value = 'state absent'", ["Learner 4"]),
        ("state", "value = 'state open'", ["Learner 5"]),
        ("state", "value = 'result passed'", ["Ada Lovelace"]),
        ("state", "value = 'result not passed'", ["Ben Okri"]),
        ("state", "value = 'result undecided'", ["Cyd Charisse"]),
        ("with-open", "checked = true", ["Cyd Charisse", "Learner 5"]),
        ("awaiting", "checked = true", ["Cyd Charisse"]),
    ],
)
def test_filters_find(show, name, value, found):
    page = show(five())
    choose(page, name, value)

    assert page.run(SHOWN) == found
    assert page.run("document.getElementById('shown').textContent") == (
        f"{len(found)} of 5 learners" if found else "nobody matches"
    )


def test_filters_look_beyond_the_page(show):
    page = show(Many(1000))
    choose(page, "find", "value = 'id0777'")

    assert page.run(SHOWN) == ["Learner 777"]
    choose(page, "find", "value = ''")
    assert len(page.run(SHOWN)) == 100


def test_a_check_leads_to_those_who_lost_points_at_it(show):
    page = show(five())
    page.run("document.querySelector('[data-check=readme] .who button').click()")

    assert page.run(SHOWN) == ["Cyd Charisse"]
    assert page.run("document.activeElement.textContent") == "Only who lost points at “The check readme” ✕"
    page.run("document.getElementById('only').click()")
    assert len(page.run(SHOWN)) == 5


@pytest.mark.parametrize(("status", "found"), [("awaiting", "Cyd Charisse"), ("submission open", "Learner 5")])
def test_a_reason_leads_to_those_it_holds_for(show, status, found):
    page = show(five())
    page.run(f"""document.querySelector("[data-status='{status}'] .who button").click()""")

    assert page.run(SHOWN) == [found]


def test_a_learner_opens_by_the_keyboard_and_shows_what_was_lost_and_why(show):
    page = show(five())
    page.run("document.querySelectorAll('#class tbody button')[1].focus()")
    page.press("Enter")
    detail = page.run("document.getElementById('detail-1').innerText")

    assert page.run("document.activeElement.ariaExpanded") == "true"
    assert page.run("document.activeElement.getAttribute('aria-controls')") == "detail-1"
    for words in (
        "The image",
        "−40",
        "Line 3 of the Dockerfile does not parse.",
        "0 of 60",
        "−20",
        "It waits for the image.",
        "40 of 40 · 2 checks passed",
        "Handed in late",
        "team-2",
    ):
        assert words in detail
    assert page.run("document.querySelector('#detail-1 a').getAttribute('href')") == "results/id0002/feedback.html"
    page.press(" ")
    assert page.run("document.getElementById('detail-1').checkVisibility()") is False


def test_what_is_open_stays_with_its_learner(show):
    page = show(five())
    page.run("document.querySelectorAll('#class tbody button')[2].click()")
    assert "15 open" in page.run("document.getElementById('detail-2').innerText")
    sort_by(page, "Score")
    assert page.run("document.getElementById('detail-2').previousElementSibling.innerText").startswith("Cyd Charisse")
    choose(page, "find", "value = 'okri'")
    assert page.run("document.getElementById('detail-2').checkVisibility()") is False


def test_the_tab_key_reaches_every_control(show):
    page = show(five())
    page.run("document.getElementById('find').focus()")
    met = []
    for _ in range(6):
        page.press("Tab")
        met.append(page.run("(({id, className, tagName}) => id || className || tagName)(document.activeElement)"))

    assert met[:4] == ["state", "with-open", "awaiting", "wide"]
    assert met[4:] == ["BUTTON", "BUTTON"]


def test_hostile_text_stays_text_in_the_browser(show):
    page = show(hostile())
    page.run("document.querySelectorAll('#class tbody button').forEach((button) => button.click())")
    page.run("document.querySelectorAll('.who button').forEach((button) => button.click())")

    assert page.run("document.querySelectorAll('img').length") == 0
    assert page.run("document.scripts.length") == 3
    assert "<img src=x onerror=alert(1)>" in page.run("document.getElementById('detail-0').innerText")


def test_no_text_can_become_markup_even_by_a_mistake(browser, tmp_path):
    file = tmp_path / "class.html"
    file.write_text(page_of(five()), encoding="utf-8")
    browser.open(file)
    refused = browser.run("try { document.body.innerHTML = '<p>'; 'taken' } catch (error) { error.name }")

    assert refused == "TypeError"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_window(show, width, scheme):
    page = show(Many(300), width=width, scheme=scheme)
    page.run("document.querySelectorAll('#class tbody button')[1].click()")

    assert page.run("document.documentElement.scrollWidth") == width
    assert (
        page.run("""Math.max(...[...document.querySelectorAll("figure svg")]
        .map((chart) => chart.getBoundingClientRect().right))""")
        <= width
    )
    assert page.run("document.querySelector('#detail-1 .pane').getBoundingClientRect().right") <= width


def test_paper_has_all_learners_and_no_controls(show):
    page = show(Many(300), width=1100)
    page.ask("Emulation.setEmulatedMedia", media="print")

    assert len(page.run(SHOWN)) == 300
    for control in ("tools", "pages", "only"):
        assert page.run(f"document.getElementById('{control}').checkVisibility()") is False
    paper = page.paper()
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", paper)) >= 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(show, scheme):
    page = show(five(), scheme=scheme)
    page.run("document.querySelectorAll('#class tbody button').forEach((button) => button.click())")
    poor = page.run(CONTRAST)

    assert poor == []


CONTRAST = """(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const bright = (colour) => channels(colour).slice(0, 3).map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    throw new Error("no ground");
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || ["SCRIPT", "STYLE"].includes(element.tagName.toUpperCase())) continue;
    const look = getComputedStyle(element);
    const colour = element.ownerSVGElement ? look.fill : look.color;
    const [low, high] = [bright(colour), bright(ground(element))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) >= 4.5) continue;
    poor.push([element.tagName, element.className, element.textContent, colour]);
  }
  return poor;
})()"""
