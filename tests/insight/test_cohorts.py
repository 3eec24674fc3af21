"""Of which groups windows may speak: laws that hold whoever comes and goes, and what an attacker gets from windows."""

import itertools

from hypothesis import example, given
from hypothesis import strategies as st
from roompulse_server.insight.rollup.cohorts import Cohorts

PEOPLE = [f"p{number}" for number in range(12)]
MEMBERS = st.frozensets(st.sampled_from(PEOPLE))
NOBODY: frozenset[str] = frozenset()


def people(*numbers: int) -> frozenset[str]:
    return frozenset(PEOPLE[number] for number in numbers)


def told(least: int, sequence: list[frozenset[str]]) -> list[frozenset[str]]:
    cohorts = Cohorts(least)
    return [cohorts.choose(members) for members in sequence]


@given(st.integers(2, 5), st.lists(MEMBERS, max_size=30))
def test_every_group_is_large_enough_and_of_those_who_are_there(least: int, sequence: list[frozenset[str]]) -> None:
    for members, group in zip(sequence, told(least, sequence), strict=True):
        assert group <= members
        assert not group or len(group) >= least


@given(st.integers(2, 5), st.lists(MEMBERS, max_size=30))
@example(5, [people(0, 1, 2, 3, 4, 5), people(0, 1, 2, 3, 4)])
@example(2, [people(0, 1, 2, 3), people(4, 5), people(0, 1, 2)])
def test_no_two_windows_however_far_apart_can_be_subtracted(least: int, sequence: list[frozenset[str]]) -> None:
    """The difference of two groups, on either side, is nobody or a group that is large enough itself."""
    groups = {group for group in told(least, sequence) if group}
    for one, other in itertools.permutations(groups, 2):
        assert not one - other or len(one - other) >= least


@given(st.integers(2, 5), st.lists(MEMBERS, max_size=20))
def test_who_is_erased_is_still_counted_as_who_was_spoken_of(least: int, sequence: list[frozenset[str]]) -> None:
    """After an erasure the others alone are no new group: it would give the erased one away."""
    cohorts = Cohorts(least)
    before = {group for members in sequence if (group := cohorts.choose(members))}
    cohorts.forget(PEOPLE[0])
    for group in before:
        rest = group - {PEOPLE[0]}
        answer = cohorts.choose(rest)
        assert answer != rest or PEOPLE[0] not in group or rest in before
        assert PEOPLE[0] not in answer
    assert PEOPLE[0] not in str(vars(cohorts))


@given(st.lists(MEMBERS, max_size=20))
def test_the_answer_depends_on_the_order_alone(sequence: list[frozenset[str]]) -> None:
    assert told(3, sequence) == told(3, sequence)


def test_one_who_leaves_silences_the_window_until_they_are_back() -> None:
    six, five = people(0, 1, 2, 3, 4, 5), people(0, 1, 2, 3, 4)
    assert told(5, [six, five, six]) == [six, NOBODY, six]


def test_newcomers_wait_until_they_are_enough() -> None:
    five, six, ten = people(0, 1, 2, 3, 4), people(0, 1, 2, 3, 4, 5), people(*range(10))
    assert told(5, [five, six, ten, ten - people(9)]) == [five, five, ten, five]


def test_who_knows_no_longer_of_whom_was_spoken_says_nothing() -> None:
    cohorts = Cohorts(2)
    assert cohorts.choose(people(0, 1)) == people(0, 1)
    cohorts.close()
    assert cohorts.choose(people(0, 1)) == NOBODY
