"""Pairs, groups and common ground from fingerprints alone."""

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.similarity import FEWEST, Index, chosen, common_from, rank
from infra_grader.model.copies import Pair

OWN = st.sets(st.integers(0, 60), max_size=40)


def indexed(*submissions, handed_out=()):
    index = Index(handed_out)
    for values in submissions:
        index.add({"Python": values})
    return index


def ranked(*submissions, together=None, most=100, handed_out=()):
    names = [f"l{number:02d}" for number in range(len(submissions))]
    return rank(indexed(*submissions, handed_out=handed_out), names, together or {}, most)


@given(OWN, OWN)
def test_the_share_is_symmetric_and_that_of_the_smaller_one(one, two):
    there, back = ranked(one, two).pairs, ranked(two, one).pairs
    assert [(pair.share, pair.alike) for pair in there] == [(pair.share, pair.alike) for pair in back]
    for pair in there:
        assert pair.share == len(one & two) / min(len(one), len(two))


@given(st.sets(st.integers(0, 1000), min_size=FEWEST, max_size=60))
def test_a_submission_is_wholly_alike_to_itself(own):
    [pair] = ranked(own, own).pairs
    assert pair.share == 1.0


@given(st.lists(OWN, min_size=2, max_size=8))
def test_every_pair_is_in_the_spread(submissions):
    count = len(submissions)
    assert sum(ranked(*submissions).spread) == count * (count - 1) // 2


def test_what_was_handed_out_does_not_count():
    assert ranked(set(range(20)), set(range(20)), handed_out=range(15)).pairs == ()


def test_what_most_of_a_class_has_does_not_count():
    ground = set(range(50))
    submissions = [ground | {1000 * number + value for value in range(30)} for number in range(1, 13)]
    index = indexed(*submissions)
    assert index.common == ground
    assert ranked(*submissions).pairs == ()
    assert len(ranked(*submissions[:10]).pairs) == 45


def test_common_ground_grows_with_the_class():
    assert [common_from(count) for count in (2, 30, 100, 300)] == [10, 10, 30, 90]


def test_who_hangs_together_is_a_group():
    one, two, three = set(range(20)), set(range(10, 30)), set(range(20, 40))
    [group] = ranked(one, two, three, set(range(100, 120))).groups
    assert (group.learners, group.pairs) == (("l00", "l01", "l02"), 2)


def test_one_work_of_two_learners_is_not_compared_with_itself():
    same = set(range(20))
    ranking = ranked(same, same, same, together={"l00": 0, "l01": 0})
    assert [(pair.left, pair.right) for pair in ranking.pairs] == [("l00", "l02"), ("l01", "l02")]
    assert sum(ranking.spread) == 2


def test_pairs_that_share_much_are_shown_whatever_their_share():
    small = [Pair(left=f"a{n}", right="z", alike=10, left_size=10, right_size=99) for n in range(5)]
    large = Pair(left="b", right="z", alike=90, left_size=900, right_size=900)
    few = Pair(left="c", right="z", alike=11, left_size=900, right_size=900)
    assert chosen([*small, few, large], 5) == [*small, large]


def test_kinds_are_told_apart():
    index = Index()
    index.add({"Python": {1, 2, 3}, "YAML": {10}})
    index.add({"Python": {2, 3}, "text": {20}})
    both, kinds = index.shared(0, 1)
    assert both == {2, 3}
    assert (kinds[0].kind, kinds[0].alike, kinds[0].left, kinds[0].right) == ("Python", 2, 3, 2)
