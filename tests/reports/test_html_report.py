from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from infra_grader.plugin import RenderOptions
from infra_grader.reports._page import TEMPLATES
from infra_grader.reports.html_report import infra_grader_report_formats, render

OPTIONS = RenderOptions()
ALLOWED = {
    "a", "b", "body", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3", "head", "header", "html",
    "li", "main", "mark", "meta", "ol", "p", "pre", "rect", "section", "small", "span", "strong", "style", "summary",
    "svg", "table", "tbody", "td", "th", "thead", "time", "title", "tr", "ul",
}  # fmt: skip
VOID = {"meta"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(HTMLParser):
    """The elements of a page, in order, each closed again."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.headings = []
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] in ("h1", "h2", "h3"):
            self.headings.append((self._open[-1], data.strip()))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_it_stands_alone_on_standard_output():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.render) == ("html", True, render)


def test_the_page_is_made_of_known_elements_each_closed(card):
    page = Page(render(card, OPTIONS))

    assert {tag for tag, _ in page.elements} <= ALLOWED


def test_nothing_is_loaded_and_no_script_can_run(card):
    page = Page(render(card, OPTIONS))

    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")]
        assert attributes.get("href", "#").startswith("#")


def test_the_policy_allows_only_our_own_style(card):
    text = render(card, OPTIONS)
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(meta for meta in Page(text).all("meta") if meta.get("http-equiv") == "Content-Security-Policy")

    assert policy["content"] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_text_of_learners_is_text(scorecards):
    text = render(scorecards.hostile(), OPTIONS)

    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7*7 }}" in text
    assert r"\x1b[31mred" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    text.encode()


def test_the_templates_switch_no_escaping_off():
    for template in TEMPLATES.glob("*.html"):
        source = template.read_text(encoding="utf-8")
        assert "safe" not in source
        assert "autoescape" not in source


def test_the_page_has_landmarks_language_and_title(card):
    page = Page(render(card, OPTIONS))

    assert page.all("html") == [{"lang": "en"}]
    for landmark in ("header", "main", "footer", "h1", "title"):
        assert len(page.all(landmark)) == 1
    assert all(section.get("aria-labelledby") for section in page.all("section"))


def test_headings_skip_no_level(card):
    levels = [int(tag[1]) for tag, _ in Page(render(card, OPTIONS)).elements if re.fullmatch("h[1-6]", tag)]

    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_id_is_unique_and_every_link_has_its_target(card):
    page = Page(render(card, OPTIONS))
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]

    assert len(ids) == len(set(ids))
    assert {link["href"].removeprefix("#") for link in page.all("a")} <= set(ids)
    assert {section["aria-labelledby"] for section in page.all("section")} <= set(ids)


def test_every_check_is_there_with_its_state_in_words(card):
    page = Page(render(card, OPTIONS))

    assert len(page.all("details")) == len(list(card.all_checks()))
    assert len([span for span in page.all("span") if span.get("class") == "status"]) == len(
        list(card.all_checks())
    ) + len(card.criteria)


def test_every_criterion_has_a_bar_that_says_its_numbers(scorecards):
    bars = Page(render(scorecards.open_interval(), OPTIONS)).all("svg")

    assert [bar["aria-label"] for bar in bars[1:]] == ["62 of 62", "0 of 30, up to 30", "0 of 8"]
    assert all(bar["role"] == "img" for bar in bars)


def test_what_is_not_passed_is_open_to_read(scorecards):
    details = Page(render(scorecards.lost_and_partial(), OPTIONS)).all("details")

    assert ["open" in attributes for attributes in details] == [True, False, True, True, True, True, True, False]


def _colours(scheme):
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))


def _luminance(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["text", "muted", "link", "done", "lost", "open"])
@pytest.mark.parametrize("ground", ["page", "panel"])
def test_text_stands_out_from_its_ground(scheme, text, ground):
    colours = _colours(scheme)

    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_parts_of_a_bar_stand_apart(scheme):
    colours = _colours(scheme)

    assert _contrast(colours["done-fill"], colours["rest-fill"]) >= 1.9
    assert _contrast(colours["text"], colours["code"]) >= 4.5


@pytest.fixture
def browse(tmp_path):
    """Open a page in a browser without a window; give back what it prints and what stands on its console."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: it must be there in CI")
        pytest.skip("Chromium is missing")

    def run(page: str, *options: str) -> tuple[str, list[str]]:
        file = tmp_path / "report.html"
        file.write_bytes(page.encode())
        ended = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--enable-logging=stderr",
                "--v=0",
                *options,
                file.as_uri(),
            ],
            capture_output=True,
            timeout=60,
            check=True,
        )
        console = [line for line in ended.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
        return ended.stdout.decode(), console

    return run


def test_a_browser_shows_every_check_and_complains_of_nothing(browse, scorecards):
    card = scorecards.lost_and_partial()
    shown, console = browse(render(card, OPTIONS), "--dump-dom")

    for check in card.all_checks():
        assert check.title in shown
    assert shown.count("<details") == 8
    assert console == []


def test_a_browser_finds_nothing_to_run_in_hostile_text(browse, scorecards):
    shown, console = browse(render(scorecards.hostile(), OPTIONS), "--dump-dom")

    assert "<script" not in shown
    assert "<img" not in shown
    assert console == []


def test_the_policy_holds_even_where_escaping_would_not(browse, scorecards):
    page = render(scorecards.all_passed(), OPTIONS)
    broken = page.replace("</body>", "<p id=probe>untouched</p><script>probe.textContent='ran'</script></body>")
    shown, console = browse(broken, "--dump-dom")

    assert '<p id="probe">untouched</p>' in shown
    assert "Content Security Policy" in " ".join(console)


@pytest.mark.parametrize("scheme", ["0", "1"], ids=["dark", "light"])
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_draws_it_in_every_scheme_and_width(browse, scorecards, tmp_path, scheme, width):
    picture = tmp_path / "page.png"
    browse(
        render(scorecards.lost_and_partial(), OPTIONS),
        f"--screenshot={picture}",
        f"--window-size={width},1600",
        f"--blink-settings=preferredColorScheme={scheme}",
    )

    assert picture.stat().st_size > 20_000


def test_a_browser_prints_it(browse, scorecards, tmp_path):
    paper = tmp_path / "page.pdf"
    browse(render(scorecards.all_passed(), OPTIONS), f"--print-to-pdf={paper}", "--no-pdf-header-footer")

    assert Path(paper).read_bytes().startswith(b"%PDF")
