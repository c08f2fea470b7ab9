import re
import threading
import time

import pytest

from infra_grader.capabilities.deadline import Overrun
from infra_grader.engine.limits import interrupt_after


def test_a_regular_expression_that_never_ends_is_interrupted():
    started = time.monotonic()
    with pytest.raises(Overrun), interrupt_after(0.2):
        re.search(r"(a+)+$", "a" * 60 + "b")
    assert time.monotonic() - started < 10


def test_what_ends_in_time_is_left_alone():
    with interrupt_after(5):
        value = sum(range(1000))
    assert value == 499500
    time.sleep(0.01)


def test_a_loop_in_another_thread_is_interrupted():
    seen = []

    def work():
        try:
            with interrupt_after(0.1):
                while True:
                    time.sleep(0.01)
        except Overrun:
            seen.append("interrupted")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert seen == ["interrupted"]


def test_a_thread_that_ends_in_time_is_never_interrupted_later():
    seen = []

    def work():
        with interrupt_after(0.05):
            pass
        for _ in range(20):
            time.sleep(0.01)
        seen.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert seen == ["done"]
