"""The settings of a lab: all optional, and never guessed where they are wrong."""

from __future__ import annotations

import os
import time
from fractions import Fraction

import pytest

from infra_grader.capabilities import kubernetes_owner
from infra_grader.capabilities.home import Home
from infra_grader.capabilities.kubernetes_lab import Lab, lab_of
from infra_grader.model.outcome import NotAssessed


def test_nothing_has_to_be_set():
    assert lab_of({}) == Lab()


def test_all_of_it_may_be():
    given = {
        "registry": "127.0.0.1:5101",
        "mirror": "true",
        "probe-image": "registry.local:5000/python:3.12",
        "request-scale": "0.25",
        "namespaces": "8",
        "turn-seconds": "30",
        "internet": "true",
    }
    assert lab_of(given) == Lab(
        registry="127.0.0.1:5101",
        mirror=True,
        probe_image="registry.local:5000/python:3.12",
        request_scale=Fraction(1, 4),
        namespaces=8,
        turn_seconds=30,
        internet=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("registry", "http://127.0.0.1:5000"),
        ("request-scale", "0"),
        ("request-scale", "1.5"),
        ("request-scale", "a tenth"),
        ("namespaces", "0"),
        ("namespaces", "-1"),
        ("turn-seconds", "4"),
        ("probe-image", ""),
        ("mirror", "docker.io"),
        ("internet", "yes"),
        ("internet", "True"),
        ("probeImage", "python"),
    ],
)
def test_a_wrong_value_is_the_instructors(name, value):
    with pytest.raises(NotAssessed, match=name):
        lab_of({name: value})


@pytest.mark.skipif(os.name != "posix", reason="homes need POSIX")
class TestOwners:
    """Whether the grader that made a namespace has ended."""

    def test_on_this_machine_the_lock_of_its_home_tells(self):
        own = Home("infra-grader-owner-test-")
        annotations = kubernetes_owner.marks(own.folder)
        assert not kubernetes_owner.has_no_owner(annotations)
        own.close()
        assert kubernetes_owner.has_no_owner(annotations)

    def test_on_another_its_silence_does(self):
        there = {kubernetes_owner.MACHINE: "another"}
        assert not kubernetes_owner.has_no_owner({**there, kubernetes_owner.ALIVE: str(int(time.time()) - 300)})
        assert kubernetes_owner.has_no_owner({**there, kubernetes_owner.ALIVE: str(int(time.time()) - 1200)})
        assert kubernetes_owner.has_no_owner({**there, kubernetes_owner.ALIVE: "yesterday"})
        assert kubernetes_owner.has_no_owner({})
