"""What was disturbed is waited for by the next one who looks."""

from __future__ import annotations

import time

from infra_grader.capabilities.deadline import Deadline
from infra_grader.reading.live_deployed import Settling


def test_what_was_left_is_waited_for_once():
    settling, waited = Settling(), []
    settling.leave(lambda: waited.append("back"))
    settling.settle(Deadline(5))
    settling.settle(Deadline(5))
    assert waited == ["back"]


def test_the_one_who_waits_does_not_pay_for_it():
    settling, deadline = Settling(), Deadline(5)
    settling.leave(lambda: time.sleep(0.2))
    before = deadline.remaining()
    settling.settle(deadline)
    assert before - deadline.remaining() < 0.2
