"""A network's score passes the same gate as the formula's, and is never taken for one."""

import pytest
from insight_samples import face, feed, mixed, score_of, seen
from roompulse_server.errors import SettingsError
from roompulse_server.insight.scoring.formula import DEFAULT_ID, Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.insight.scoring.scoring_method import LearnedScoring
from roompulse_server.types import Band, FaceObservation, NoScoreReason
from roompulse_vision.enumerations import Presence
from roompulse_vision.types import FaceReading, LearnedEngagement

ID = "acme-attention-1"


def learned() -> ParticipantScorer:
    return ParticipantScorer(Formula(), scoring=LearnedScoring(ID))


def engaged(probability: float = 0.8, span_s: float = 25.4) -> FaceReading:
    return face(engaged=LearnedEngagement(probability, span_s))


def test_the_score_is_the_newest_probability_alone() -> None:
    scorer = learned()
    feed(scorer, 0, 12, engaged(0.2))
    engagement = scorer.observe(seen(12.0, engaged(0.9, 30.0))).engagement
    assert (engagement.score, engagement.formula_id, engagement.window_s) == (0.9, ID, 30.0)
    assert engagement.band is Band.UNSPECIFIED
    assert (engagement.facing, engagement.expression) == (None, None)
    assert engagement.no_score_reason is NoScoreReason.UNSPECIFIED
    assert engagement.coverage == pytest.approx(1.0)


@pytest.mark.parametrize("probability", [0.0, 0.05, 1.0])
def test_it_has_the_whole_range_whatever_the_face_shows(probability: float) -> None:
    shown = face(mixed(other=0.9), yaw=60.0, engaged=LearnedEngagement(probability, 25.4))
    assert score_of(feed(learned(), 0, 12, shown)) == probability


def test_without_a_full_window_of_embeddings_there_is_too_little_evidence() -> None:
    scorer = learned()
    engagement = feed(scorer, 0, 25).engagement
    assert (engagement.score, engagement.no_score_reason) == (None, NoScoreReason.TOO_LITTLE_EVIDENCE)
    assert (engagement.formula_id, engagement.window_s) == (ID, 0.0)
    assert engagement.coverage == pytest.approx(1.0)  # somebody was there all the time
    assert scorer.observe(seen(25.0, engaged())).engagement.score == 0.8


def test_the_gate_is_the_formulas() -> None:
    scorer, formula = learned(), ParticipantScorer(Formula())
    observations = [seen(step / 5, engaged()) for step in range(60)]
    observations += [
        FaceObservation(12.2, Presence.CAMERA_OFF),
        *(seen(13 + step / 5, engaged()) for step in range(20)),
    ]
    observations += [FaceObservation(17.2, Presence.NO_FACE), FaceObservation(17.4, Presence.SEVERAL_FACES, engaged())]
    observations += [seen(18 + step / 5, face(motion=1.0, engaged=LearnedEngagement(0.8, 9.0))) for step in range(80)]
    observations += [
        FaceObservation(35.0, Presence.NO_CONSENT),
        *(seen(35.2 + step / 5, engaged()) for step in range(40)),
    ]
    reasons = set()
    for observation in observations:
        one, other = (each.observe(observation).engagement for each in (scorer, formula))
        assert one.no_score_reason is other.no_score_reason
        assert one.coverage == other.coverage
        assert (one.score is None) == (other.score is None)
        reasons.add(one.no_score_reason)
    assert reasons == {
        NoScoreReason.UNSPECIFIED,
        NoScoreReason.TOO_LITTLE_EVIDENCE,
        NoScoreReason.CAMERA_OFF,
        NoScoreReason.NO_FACE,
        NoScoreReason.SEVERAL_FACES,
        NoScoreReason.STATIC_IMAGE,
        NoScoreReason.NO_CONSENT,
    }


def test_a_score_grows_old_as_the_formulas_does() -> None:
    scorer = learned()
    feed(scorer, 0, 12, engaged())
    assert scorer.at(13.0).engagement.score == 0.8
    assert scorer.at(14.0).engagement.no_score_reason is NoScoreReason.NO_PICTURES


def test_a_checkpoint_is_of_use_to_the_same_kind_alone() -> None:
    scorer = learned()
    feed(scorer, 0, 12, engaged())
    data = scorer.checkpoint()
    assert not ParticipantScorer(Formula()).restore(data)
    after = learned()
    assert after.restore(data)
    assert (
        after.observe(seen(12.0)).engagement.no_score_reason is NoScoreReason.TOO_LITTLE_EVIDENCE
    )  # no embeddings yet
    assert after.observe(seen(12.2, engaged())).engagement.score == 0.8


def test_the_formulas_id_is_refused() -> None:
    with pytest.raises(
        SettingsError, match=f"formula = '{DEFAULT_ID}' in an engagement network's card must be another"
    ):
        LearnedScoring(DEFAULT_ID)
