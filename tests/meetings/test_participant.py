"""A participant without pictures: one update a second at most, however far time leaps; one checkpoint."""

from collections.abc import Callable

import pytest
from insight_samples import face, feed, moments, seen
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.meetings.participant import Instant, ParticipantState
from roompulse_server.types import FaceObservation, Participant
from roompulse_vision.enumerations import Presence
from roompulse_vision.observation import Stamp

SECOND = 1_000_000


def moment(second: int) -> Instant:
    return Instant(Stamp(second * SECOND, second * SECOND, second * SECOND), second * SECOND)


def test_only_pictures_and_a_change_of_state_are_learnt_from() -> None:
    seat = ParticipantState(Participant(1, "ada"), ParticipantScorer(Formula()), 0)
    learnt = []
    acts: tuple[Callable[[], object], ...] = (
        lambda: seat.enter(moment(1), Presence.CAMERA_OFF),
        lambda: seat.fill(9 * SECOND, 0),
        lambda: seat.refresh(moment(10)),
        lambda: seat.enter(moment(11), Presence.NO_CONSENT),
        lambda: seat.observe(moment(12), Presence.PRESENT, face(), None, 0),
        lambda: seat.note(moment(13), Presence.NO_FACE, None, None),
    )
    for act in acts:
        seat.learnt = False
        act()
        learnt.append(seat.learnt)
    assert learnt == [True, False, False, True, True, True]


@pytest.mark.parametrize("state", [Presence.CAMERA_OFF, Presence.NO_PICTURES, Presence.NO_CONSENT, Presence.LEFT])
def test_a_checkpoint_from_before_a_long_state_goes_on_like_one_from_its_end(state: Presence) -> None:
    scorer = ParticipantScorer(Formula())
    feed(scorer, 0.0, 30.0)
    scorer.observe(FaceObservation(30.0, state))
    at_first = scorer.checkpoint()
    for at_s in moments(31.0, 34.0, 1.0):
        scorer.observe(FaceObservation(at_s, state))
    first, last = ParticipantScorer(Formula()), ParticipantScorer(Formula())
    assert first.restore(at_first)
    assert last.restore(scorer.checkpoint())
    for at_s in moments(35.0, 50.0, 5.0):
        one, other = (restored.observe(seen(at_s)).engagement for restored in (first, last))
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert (one.band, one.no_score_reason) == (other.band, other.no_score_reason)
        assert one.coverage == pytest.approx(other.coverage, abs=1e-4)


def test_a_leap_of_any_length_costs_one_update() -> None:
    """What a sender says about time is theirs: a day between two packets of four bytes was 86,400 rows."""
    seat = ParticipantState(Participant(1, "ada"), ParticipantScorer(Formula()), 0)
    assert seat.fill(5 * SECOND, 0) is None  # pictures are looked at
    seat.enter(moment(1), Presence.CAMERA_OFF)
    for until_us, at_us in ((1_999_999, None), (2_500_000, 2_000_000), (86_400 * SECOND - 1, 86_399 * SECOND)):
        update = seat.fill(until_us, 0)
        assert (update.offset_us if update else None) == at_us
    assert seat.sequence == 3
