from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from infra_grader.reports import _class_words
from infra_grader.reports._distribution import Bin
from tests.support.made_up_class import DUE, five


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.254, "0.25 s"),
        (9.96, "10 s"),
        (40, "40 s"),
        (60, "1 min"),
        (90, "1.5 min"),
        (7200, "2 h"),
        (400_000, "5 days"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_suits_it(seconds, words):
    assert _class_words.duration(seconds) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 300, "0 %"), (1, 1000, "1 %"), (999, 1000, "99 %"), (5, 5, "100 %"), (0, 0, "0 %"), (1, 3, "33 %")],
)
def test_a_share_is_nothing_or_all_only_where_it_is(part, whole, words):
    assert _class_words.percent(part, whole) == words


def test_averages_are_rounded_to_a_hundredth():
    assert _class_words.average(Decimal(10) / 3) == "3.33"
    assert _class_words.average(Decimal("0.005")) == "0.01"
    assert _class_words.average(4.0) == "4"


def test_a_moment_is_readable_and_what_is_none_is_shown_as_it_is():
    assert _class_words.moment("2026-10-01T12:00:30Z") == "2026-10-01 12:00"
    assert _class_words.moment("yesterday\x1b") == r"yesterday\x1b"


def test_lateness_counts_the_extension():
    late = five()[1]

    assert _class_words.lateness(late) == "3 h late"
    extended = late.learner.replace(extension_hours=Decimal(4))
    assert _class_words.lateness(late.replace(learner=extended)) == ""
    assert _class_words.lateness(late.replace(submitted="")) == ""
    assert _class_words.lateness(late.replace(submitted="soon")) == ""
    in_time = (DUE - timedelta(hours=1)).isoformat()
    assert _class_words.lateness(late.replace(submitted=in_time)) == ""


def test_bins_say_what_they_hold():
    assert _class_words.bin_words(Bin(start=60, end=65, final=1), "%") == "60 to 65"
    assert _class_words.bin_words(Bin(start=0, end=0.1, final=1), "s") == "under 0.1 s"
    assert _class_words.bin_words(Bin(start=3600, end=None, final=1), "s") == "1 h and more"


def test_links_cannot_leave_the_folder_of_results():
    assert _class_words.link("results", "ada") == "results/ada/feedback.html"
    assert _class_words.link("results", "javascript:x/../#?") == "results/javascript%3Ax%2F..%2F%23%3F/feedback.html"
