"""Facing or away: by the thresholds, not before the dwell, the same at any rate, and not forgotten by a new replica."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insight_record import MEETING, affect_of, event, recorded, series_of
from insight_samples import face, feed, mixed, moments, seen
from roompulse_server.insight.scoring.facing import FacingJudge, Turn
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.summary_types import FacingTime, ParticipantSummary
from roompulse_server.types import EventKind, FaceObservation, FacingState, Participant, Update
from roompulse_vision.enumerations import Presence

FORMULA = Formula()
NOTHING, FACING, AWAY = FacingState
S = 1_000_000
angles = st.floats(-90, 90)
walks = st.lists(st.tuples(st.floats(0.05, 1.4), angles, angles), min_size=1, max_size=40)


def judged(turn: Callable[[float], Turn], stop_s: float, rate_hz: float = 5.0) -> list[tuple[float, FacingState]]:
    """Return the verdict of each moment."""
    judge, verdicts = FacingJudge(FORMULA), []
    for at_s in moments(0, stop_s, rate_hz):
        judge.put(at_s, turn(at_s))
        verdicts.append((at_s, judge.verdict))
    return verdicts


def changes(verdicts: list[tuple[float, FacingState]]) -> list[tuple[float, FacingState]]:
    """Return when the verdict changed, and to what."""
    before = [NOTHING, *(state for _, state in verdicts)]
    return [(at_s, state) for (at_s, state), was in zip(verdicts, before, strict=False) if state is not was]


@pytest.mark.parametrize(
    ("yaw", "pitch", "state"),
    [(0, 0, FACING), (24.9, 0, FACING), (0, -24.9, FACING), (25.1, 0, AWAY), (0, 25.1, AWAY), (-60, -60, AWAY)],
)
def test_nothing_is_said_before_two_seconds(yaw: float, pitch: float, state: FacingState) -> None:
    assert changes(judged(lambda _: Turn(yaw, pitch), 5)) == [(2.0, state)]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1])
def test_thirty_degrees_are_away_and_twenty_are_back(sign: int, axis: int) -> None:
    """Twelve seconds each: 28° still faces, 31° does not, 22° is not back yet, 19° is."""

    def turn(at_s: float) -> Turn:
        angle = sign * (28, 31, 22, 19)[int(at_s // 12)]
        return Turn(0, angle) if axis else Turn(angle, 0)

    straight_first = changes(judged(lambda at_s: turn(at_s - 5) if at_s >= 5 else Turn(0, 0), 53))
    assert straight_first == [(2.0, FACING), (19.0, AWAY), (43.0, FACING)]


def test_a_glance_aside_changes_nothing() -> None:
    """Away for 1.9 s of every 4: each time the dwell begins anew."""
    assert changes(judged(lambda at_s: Turn(60 if at_s > 4 and at_s % 4 < 1.9 else 0, 0), 60)) == [(2.0, FACING)]


def test_both_angles_must_be_back() -> None:
    def turn(at_s: float) -> Turn:
        return Turn(40 if at_s < 10 else 5, 40 if at_s < 20 else 5)

    assert changes(judged(turn, 30)) == [(2.0, AWAY), (22.0, FACING)]


@pytest.mark.parametrize("rate_hz", [1, 2, 5, 24])
def test_the_rate_does_not_matter_beyond_a_look(rate_hz: float) -> None:
    found = changes(judged(lambda at_s: Turn(50 if 10 <= at_s < 25 else 3, 0), 40, rate_hz))
    assert [state for _, state in found] == [FACING, AWAY, FACING]
    assert [at_s for at_s, _ in found] == pytest.approx([2, 12, 27], abs=1 / rate_hz)


def test_a_gap_starts_afresh_and_a_short_one_does_not() -> None:
    judge = FacingJudge(FORMULA)
    for at_s in (0.0, 1.0, 2.0, 3.4):
        judge.put(at_s, Turn(0, 0))
    assert judge.verdict is FACING
    judge.put(5.0, Turn(0, 0))
    assert judge.verdict is NOTHING


@given(walks)
def test_mirroring_changes_nothing(walk: list[tuple[float, float, float]]) -> None:
    one, other, at_s = FacingJudge(FORMULA), FacingJudge(FORMULA), 0.0
    for wait_s, yaw, pitch in walk:
        at_s += wait_s
        one.put(at_s, Turn(yaw, pitch))
        other.put(at_s, Turn(-yaw, pitch))
        assert one.verdict is other.verdict


@given(walks, st.integers(0, 39))
def test_it_goes_on_from_its_numbers(walk: list[tuple[float, float, float]], cut: int) -> None:
    stayed, moved, at_s = FacingJudge(FORMULA), FacingJudge(FORMULA), 0.0
    for number, (wait_s, yaw, pitch) in enumerate(walk):
        at_s += wait_s
        if number == cut:
            state, moved = moved.state(at_s), FacingJudge(FORMULA)
            moved.restore(at_s, state)
        stayed.put(at_s, Turn(yaw, pitch))
        moved.put(at_s, Turn(yaw, pitch))
        assert moved.verdict is stayed.verdict


@given(walks)
def test_it_never_leaves_facing_within_the_return_or_comes_back_beyond_the_leave(
    walk: list[tuple[float, float, float]],
) -> None:
    judge, at_s = FacingJudge(FORMULA), 0.0
    for wait_s, yaw, pitch in walk:
        before, at_s = judge.verdict, at_s + wait_s
        judge.put(at_s, Turn(yaw, pitch))
        most = max(abs(yaw), abs(pitch))
        assert not (judge.verdict is AWAY is not before and most <= FORMULA.facing_return_deg)
        assert not (judge.verdict is FACING is not before and most > FORMULA.facing_leave_deg)


def test_a_reading_says_it_by_the_persons_own_reference() -> None:
    """A screen 20° aside is that person's straight ahead, once it is known."""
    scorer = ParticipantScorer(FORMULA)
    assert feed(scorer, 0, 1.9).engagement.facing_state is NOTHING
    assert feed(scorer, 2, 90, face(yaw=20)).engagement.facing_state is FACING
    assert feed(scorer, 90, 96, face(yaw=42)).engagement.facing_state is FACING
    assert feed(scorer, 96, 102, face(yaw=-15)).engagement.facing_state is AWAY
    assert feed(scorer, 102, 108, face(yaw=20)).engagement.facing_state is FACING


def test_it_is_known_without_a_score_and_unknown_without_a_face_or_a_pose() -> None:
    scorer = ParticipantScorer(FORMULA)
    unclear = feed(scorer, 0, 4, face(mixed(other=0.9))).engagement
    assert (unclear.score, unclear.facing_state) == (None, FACING)
    assert scorer.observe(FaceObservation(4.2, Presence.NO_FACE)).engagement.facing_state is NOTHING
    assert scorer.observe(seen(4.6)).engagement.facing_state is FACING  # missed for a moment only
    assert feed(ParticipantScorer(FORMULA), 0, 12, face(yaw=None)).engagement.facing_state is NOTHING
    assert feed(ParticipantScorer(FORMULA), 0, 30, face(motion=0.1)).engagement.facing_state is NOTHING


def test_another_person_and_another_replica() -> None:
    scorer, after = ParticipantScorer(FORMULA), ParticipantScorer(FORMULA)
    feed(scorer, 0, 30, face(yaw=60))
    assert after.restore(scorer.checkpoint())
    assert after.observe(seen(30.0, face(yaw=25, track=9))).engagement.facing_state is AWAY
    assert scorer.observe(seen(30.0, face(yaw=25, track=9))).engagement.facing_state is NOTHING


@pytest.mark.parametrize(
    "formula",
    [
        Formula(id="acme-1", facing_leave_deg=70.0),
        Formula(id="acme-1", facing_return_deg=5.0),
        Formula(id="acme-1", facing_dwell_s=9.5),
    ],
)
def test_a_formula_changes_it(formula: Formula) -> None:
    def states(by: Formula) -> list[FacingState]:
        scorer = ParticipantScorer(by)
        shown = [face(yaw=(0, 45, 10)[int(at_s // 10)]) for at_s in moments(0, 30, 5)]
        return [scorer.observe(seen(n / 5, one)).engagement.facing_state for n, one in enumerate(shown)]

    assert states(formula) != states(FORMULA)


def row(number: int, state: FacingState, score: float | None = 0.7) -> Update:
    update = recorded("ada", number + 1, number * S, score, affect=affect_of(mixed()))
    engagement = dataclasses.replace(update.reading.engagement, facing_state=state)
    return dataclasses.replace(update, reading=dataclasses.replace(update.reading, engagement=engagement))


def summed(states: list[FacingState]) -> ParticipantSummary:
    rows = [row(number, state, None if number % 3 else 0.7) for number, state in enumerate(states)]
    events = [event(EventKind.STREAM_OPENED, 0, "ada"), event(EventKind.STREAM_CLOSED, len(rows) * S, "ada")]
    return summarise(MEETING, [Participant(number=1, id="ada")], [series_of("ada", rows)], events).participants[0]


def test_a_summary_counts_seconds_and_share_with_or_without_a_score() -> None:
    one = summed([NOTHING] * 2 + [FACING] * 9 + [AWAY] * 3)
    assert one.facing_times == (FacingTime(FACING, 9 * S), FacingTime(AWAY, 3 * S))
    assert one.facing_share == pytest.approx(0.75)


def test_a_summary_without_any_says_so() -> None:
    one = summed([NOTHING] * 5)
    assert (one.facing_times, one.facing_share) == ((), None)
