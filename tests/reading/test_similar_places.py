"""Where two submissions are alike, as lines of both."""

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.similar_files import read_streams
from infra_grader.reading.similar_fingerprints import fingerprints
from infra_grader.reading.similar_places import find_places

FIRST = """\
def load(path, limit):
    rows = []
    for line in open(path):
        if len(rows) >= limit:
            break
        rows.append(line.strip().split(",")[0])
    return sorted(set(rows), key=len)
"""
SECOND = """\
class Store:
    def __init__(self, engine):
        self.engine = engine
        self.items = {}

    def put(self, key, value):
        if key in self.items:
            raise KeyError(key)
        self.items[key] = self.engine.pack(value)
        return len(self.items)
"""


def streams(**files):
    return {name.replace("__", "."): read_streams(name.replace("__", "."), text) for name, text in files.items()}


def shared(left, right):
    def values(files):
        return {value for found in files.values() for stream in found for value, _ in fingerprints(stream)}

    return values(left) & values(right)


def places(left, right):
    return find_places(left, right, shared(left, right))


def test_functions_in_another_order_and_files_of_another_name_are_found():
    left = streams(a__py=f"{FIRST}\n\n{SECOND}")
    right = streams(other__py=f"{SECOND}\n\n{FIRST.replace('rows', 'found')}")
    found = places(left, right)
    assert len(found) == 2
    first, second = sorted(found, key=lambda place: place.left.lines)
    assert first.left.path == "a.py"
    assert first.right.path == "other.py"
    assert {1, 7} <= set(first.left.lines) <= set(range(1, 11))
    assert {15, 18} <= set(first.right.lines)
    assert {11, 19} <= set(second.left.lines)


def test_nothing_shared_is_no_place():
    assert places(streams(a__py=FIRST), streams(a__py=SECOND)) == []


def test_a_repeated_line_does_not_multiply():
    table = "\n".join(f"add(row, {number}, open(name), self.items[key] + len(rows))" for number in range(300))
    found = places(streams(a__py=table), streams(b__py=table))
    assert 0 < len(found) < 10


@given(st.text(max_size=200))
def test_an_unrelated_file_takes_no_place_away(text):
    left, right = streams(a__py=FIRST), streams(b__py=f"{SECOND}\n{FIRST}")
    before = places(left, right)
    left["zzz.py"] = read_streams("zzz.py", text)
    after = places(left, right)
    assert {(place.left, place.right) for place in before} <= {(place.left, place.right) for place in after}


def test_places_of_the_one_are_places_of_the_other():
    left, right = streams(a__py=f"{FIRST}\n{SECOND}"), streams(b__py=f"{SECOND}\n{FIRST}")
    there = {(place.left, place.right) for place in places(left, right)}
    back = {(place.right, place.left) for place in places(right, left)}
    assert there == back
