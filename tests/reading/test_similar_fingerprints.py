"""The promises of winnowing."""

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.similar_fingerprints import Stream, fingerprints, grain, gram_values

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=60)
KINDS = st.sampled_from(["Python", "YAML", "Dockerfile", "shell"])


def stream(words, kind="Python"):
    return Stream(kind, words, [1] * len(words))


def values(words, kind="Python"):
    return {value for value, _ in fingerprints(stream(words, kind))}


@given(WORDS, WORDS, WORDS, KINDS, st.randoms())
def test_what_is_long_enough_is_surely_found(before, other, after, kind, draw):
    shared = [draw.choice("abcdefgh") for _ in range(grain(kind).surely_found)]
    one, two = [*before, *shared, *after], [*other, *shared]
    assert values(one, kind) & values(two, kind)


@given(st.integers(0, 100), KINDS)
def test_what_is_shorter_than_a_gram_is_never_alike(count, kind):
    words = [f"word {number}" for number in range(100)]
    size = grain(kind).gram - 1
    part = words[count : count + size]
    mixed = [*part, *(f"other {number}" for number in range(50))]
    assert not values(words, kind) & values(mixed, kind)


@given(WORDS, KINDS)
def test_fingerprints_are_grams_in_their_order(words, kind):
    grams = gram_values(stream(words, kind))
    found = fingerprints(stream(words, kind))
    assert [mark.at for mark in found] == sorted({mark.at for mark in found})
    assert all(grams[mark.at] == mark.value for mark in found)
    assert bool(found) == (len(words) >= grain(kind).gram)


@given(WORDS)
def test_two_kinds_are_never_alike(words):
    assert not values(words, "Python") & values(words, "code")


def test_values_are_the_same_in_every_process():
    assert gram_values(stream(list("abcdefgh"), "YAML")) == [34_389_482_960_319_730]
