"""Windows that speak of groups only: what they say, what they leave out, and that a restart changes neither."""

import itertools
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from insight_record import recorded
from roompulse_server.insight.rollup.rollup_builder import RollupBuilder
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.summary.group_summary import summarise_groups
from roompulse_server.insight.summary.summary_types import ConsentBasis
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose, Rollup, Update

S = 1_000_000
FAR = 1 << 60
PEOPLE = [f"p{number}" for number in range(8)]
MEETING = Meeting(MeetingKey("default", "m", "0" * 32), Purpose.RESEARCH, MeetingState.ACTIVE, 1)


def score_of(name: str, window: int) -> float:
    """Scores whose means tell whose they are: no two groups of a size have the same sum."""
    return 0.2 + 0.6 / (1 << PEOPLE.index(name)) + 0.003 * window


def log_of(windows: list[frozenset[str]]) -> list[Update]:
    """One update a second of everybody who is there in it; windows are two seconds apart, so that none is held over."""
    sequences = dict.fromkeys(PEOPLE, 0)
    log: list[Update] = []
    for number, members in enumerate(windows):
        for name in sorted(members):
            sequences[name] += 1
            log.append(recorded(name, sequences[name], 2 * number * S, score_of(name, number)))
    return log


def built(log: list[Update], least: int) -> RollupBuilder:
    builder = RollupBuilder(Formula(), least)
    for update in log:
        builder.add(update)
    return builder


def group_of(rollup: Rollup, windows: list[frozenset[str]]) -> frozenset[str]:
    """Find of whom a window speaks: the only members with that mean."""
    number = rollup.start_us // (2 * S)
    found = [
        frozenset(some)
        for some in itertools.combinations(sorted(windows[number]), rollup.seen)
        if rollup.mean is not None
        and math.isclose(rollup.mean, sum(score_of(name, number) for name in some) / len(some), abs_tol=1e-9)
    ]
    assert len(found) == 1
    return found[0]


WINDOWS = st.lists(st.frozensets(st.sampled_from(PEOPLE)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(WINDOWS, st.integers(2, 4))
def test_windows_speak_of_enough_people_and_say_what_these_show(windows: list[frozenset[str]], least: int) -> None:
    rollups = built(log_of(windows), least).advance(FAR)
    assert [rollup.sequence for rollup in rollups] == list(range(1, len(rollups) + 1))
    for rollup in rollups:
        assert rollup.seen >= least
        assert rollup.revision == 1
        few = rollup.seen < 2 * least
        assert all((value is None) == few for value in (rollup.median, rollup.p10, rollup.p90))
        assert group_of(rollup, windows)


@settings(max_examples=60, deadline=None)
@given(WINDOWS, st.integers(2, 4))
def test_neighbours_that_were_given_out_give_nobody_away(windows: list[frozenset[str]], least: int) -> None:
    """The attack: subtract the sums of two windows. What is left speaks of nobody, or of enough people."""
    rollups = built(log_of(windows), least).advance(FAR)
    groups = [group_of(rollup, windows) for rollup in rollups]
    for one, other in itertools.permutations(groups, 2):
        assert not one - other or len(one - other) >= least


@settings(max_examples=60, deadline=None)
@given(WINDOWS, st.integers(2, 4), st.integers(0, 8))
def test_a_restart_remembers_of_whom_was_spoken(windows: list[frozenset[str]], least: int, until: int) -> None:
    log = log_of(windows)
    whole = built(log, least).advance(FAR)
    first = built(log, least).advance(2 * until * S)
    again = built(log, least)
    if first:
        again.catch_up(first[-1], complete=True)
    assert [*first, *again.advance(FAR)] == whole


def test_after_an_erasure_and_a_restart_nothing_more_is_said() -> None:
    log = log_of([frozenset(PEOPLE[:3])] * 6)
    first = built(log, 3).advance(8 * S)
    again = built(log, 3)
    again.catch_up(first[-1], complete=False)
    assert first
    assert again.advance(FAR) == []


def test_nothing_is_said_before_it_is_final() -> None:
    builder = built(log_of([frozenset(PEOPLE)] * 3), 3)
    assert builder.revised(100 * S) == []
    assert len(builder.advance(FAR)) > 0


def test_who_is_erased_is_in_no_window_that_comes() -> None:
    builder = built(log_of([frozenset(PEOPLE[:4])]), 3)
    builder.forget(PEOPLE[3])
    (first, *_) = builder.advance(FAR)
    assert first.mean is not None
    assert math.isclose(first.mean, sum(score_of(name, 0) for name in PEOPLE[:3]) / 3, abs_tol=1e-9)
    assert PEOPLE[3] not in str(vars(builder))


def test_a_summary_says_no_more_than_its_windows() -> None:
    rollups = built(log_of([frozenset(PEOPLE[:3])] * 6 + [frozenset(PEOPLE[:2])] * 3), 3).advance(FAR)
    summary = summarise_groups(MEETING, rollups, [], 3, ConsentBasis())
    assert summary.participants == ()
    assert summary.engagement is not None
    means = [rollup.mean for rollup in rollups if rollup.mean is not None]
    assert min(means) <= summary.engagement <= max(means)
    assert summary.engagement_median is not None
    assert min(means) <= summary.engagement_median <= max(means)
    assert summary.coverage == 1.0
    assert all(point.seen >= 3 and point.engagement_median is None for point in summary.timeline)
    assert sum(rollup.start_us < 10 * S for rollup in rollups) > 0
    assert (
        summarise_groups(MEETING, [], [], 3, ConsentBasis())
        .notes[0]
        .endswith("no second of this meeting had such a group")
    )
