"""The lines of "Tests that pin it", as behaviour of a scorer that is fed observations."""

import math

import pytest
from insight_samples import face, feed, mixed, score_of, seen
from roompulse_server.insight.scoring.formula import DEFAULT_ID, Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import Band, FaceObservation, NoScoreReason
from roompulse_vision.enumerations import Presence
from roompulse_vision.types import FaceReading

FORMULA = Formula()


def scored(shown: FaceReading | None = None, *, speaking: bool | None = None) -> float:
    return score_of(feed(ParticipantScorer(FORMULA), 0, 12, shown, speaking=speaking))


@pytest.mark.parametrize(
    ("label", "score"),
    [
        ("neutral", 0.70),
        ("happiness", 1.00),
        ("surprise", 0.90),
        ("sadness", 0.55),
        ("anger", 0.60),
        ("fear", 0.60),
        ("disgust", 0.50),
        ("contempt", 0.50),
    ],
)
def test_a_frontal_face_scores_its_label(label: str, score: float) -> None:
    assert scored(face(mixed(**{label: 1.0}))) == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize(("yaw", "score"), [(15, 0.70), (25, 0.49), (35, 0.28), (-25, 0.49), (60, 0.28)])
@pytest.mark.parametrize("settled_s", [0, 90])
def test_a_turned_neutral_face_scores_less(yaw: float, score: float, settled_s: float) -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, settled_s)
    assert score_of(feed(scorer, settled_s, settled_s + 20, face(yaw=yaw))) == pytest.approx(score, abs=0.005)


@pytest.mark.parametrize(("pitch", "score"), [(15, 0.70), (-22.5, 0.49), (30, 0.28)])
def test_a_nod_counts_by_its_own_ramp(pitch: float, score: float) -> None:
    assert scored(face(pitch=pitch)) == pytest.approx(score, abs=1e-9)


def test_half_of_the_window_away_costs_half_of_facing() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 60)
    turned = [score_of(feed(scorer, at, at + 1, face(yaw=60))) for at in range(60, 72)]
    # The head is smoothed over a second: the turn is dated about half a second late.
    assert turned[4] > 0.49 > turned[5]
    assert turned[4] - 0.49 < 0.03
    assert turned[-1] == pytest.approx(0.28, abs=0.001)


@pytest.mark.parametrize(
    ("presence", "reason"),
    [
        (Presence.CAMERA_OFF, NoScoreReason.CAMERA_OFF),
        (Presence.NO_FACE, NoScoreReason.NO_FACE),
        (Presence.FACE_TOO_SMALL, NoScoreReason.FACE_TOO_SMALL),
        (Presence.SEVERAL_FACES, NoScoreReason.SEVERAL_FACES),
        (Presence.NO_CONSENT, NoScoreReason.NO_CONSENT),
        (Presence.NOT_A_CAMERA, NoScoreReason.NOT_A_CAMERA),
        (Presence.NO_PICTURES, NoScoreReason.NO_PICTURES),
        (Presence.LEFT, NoScoreReason.LEFT),
    ],
)
def test_what_cannot_be_scored_has_its_own_reason_at_once(presence: Presence, reason: NoScoreReason) -> None:
    scorer = ParticipantScorer(FORMULA)
    score_of(feed(scorer, 0, 20))
    reading = scorer.observe(FaceObservation(20.0, presence))
    assert (reading.presence, reading.engagement.no_score_reason) == (presence, reason)
    assert reading.engagement.score is None
    assert reading.engagement.band is Band.UNSPECIFIED
    assert reading.affect is None


def test_a_face_too_small_to_be_read_is_shown_but_not_scored() -> None:
    small = FaceReading(1, face().box, face().quality, affect=None)
    reading = ParticipantScorer(FORMULA).observe(FaceObservation(0.0, Presence.PRESENT, small))
    assert reading.presence is Presence.FACE_TOO_SMALL
    assert reading.engagement.no_score_reason is NoScoreReason.FACE_TOO_SMALL
    assert reading.face == small


def test_a_photo_is_no_face_after_ten_seconds_and_too_little_evidence_before() -> None:
    scorer = ParticipantScorer(FORMULA)
    readings = [scorer.observe(seen(at / 5, face(motion=None if at < 5 else 4.5))) for at in range(75)]
    early, late = readings[54], readings[55]
    assert {r.presence for r in readings[:55]} == {Presence.PRESENT}
    assert {r.engagement.no_score_reason for r in readings[:55]} == {NoScoreReason.TOO_LITTLE_EVIDENCE}
    assert early.affect is not None
    assert late.presence is Presence.STATIC_IMAGE
    assert late.engagement.no_score_reason is NoScoreReason.STATIC_IMAGE
    assert late.affect is None


def test_somebody_who_freezes_stops_to_score_after_ten_seconds_and_scores_again_after_moving() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 20)
    assert score_of(feed(scorer, 20, 29.5, face(motion=0.2))) == pytest.approx(0.70)
    frozen = feed(scorer, 29.5, 31, face(motion=0.2))
    assert frozen.engagement.no_score_reason is NoScoreReason.STATIC_IMAGE
    moved = feed(scorer, 31, 33)
    assert moved.presence is Presence.PRESENT
    assert score_of(feed(scorer, 33, 37)) == pytest.approx(0.70)


def test_without_any_measurement_of_motion_nothing_is_called_a_photo_or_scored() -> None:
    reading = feed(ParticipantScorer(FORMULA), 0, 60, face(motion=None))
    assert reading.presence is Presence.PRESENT
    assert reading.engagement.no_score_reason is NoScoreReason.TOO_LITTLE_EVIDENCE


@pytest.mark.parametrize("rate_hz", [1, 2, 5, 24])
def test_four_valid_seconds_are_too_few(rate_hz: float) -> None:
    reading = feed(ParticipantScorer(FORMULA), 0, 4, rate_hz=rate_hz)
    assert reading.engagement.no_score_reason is NoScoreReason.TOO_LITTLE_EVIDENCE
    assert reading.engagement.coverage == pytest.approx(0.4)


@pytest.mark.parametrize("rate_hz", [1, 2, 5, 24])
def test_six_valid_seconds_give_the_mean_of_the_valid_time_only(rate_hz: float) -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 3, face(mixed(happiness=1.0)), rate_hz=rate_hz)
    for at in range(3, 7):
        scorer.observe(FaceObservation(float(at), Presence.NO_FACE))
    reading = feed(scorer, 7, 10, face(mixed(sadness=1.0)), rate_hz=rate_hz)
    assert score_of(reading) == pytest.approx((1.0 + 0.55) / 2)
    assert reading.engagement.coverage == pytest.approx(0.6)


def test_the_score_comes_with_the_fifth_second() -> None:
    scorer = ParticipantScorer(FORMULA)
    assert feed(scorer, 0, 4.8).engagement.score is None
    assert score_of(feed(scorer, 4.8, 5.0)) == pytest.approx(0.70)


def test_an_open_mouth_while_speaking_is_no_surprise() -> None:
    surprised = face(mixed(surprise=0.8))
    assert scored(surprised, speaking=True) == pytest.approx(0.70)
    assert scored(surprised, speaking=False) == pytest.approx(0.86)
    assert scored(face(mixed(happiness=0.5, surprise=0.5)), speaking=True) == pytest.approx(0.85)


def test_other_is_dropped_and_the_rest_renormalised() -> None:
    assert scored(face(mixed(other=0.5, happiness=0.25, sadness=0.25))) == pytest.approx((1.0 + 0.55) / 2)


def test_an_unclear_expression_has_its_own_reason_and_leaves_the_face_present() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 10)
    reading = scorer.observe(seen(10.0, face(mixed(other=0.51, happiness=0.49))))
    assert reading.presence is Presence.PRESENT
    assert reading.engagement.no_score_reason is NoScoreReason.EXPRESSION_UNCLEAR
    assert reading.affect is not None


def test_a_constant_smiler_scores_high_for_half_an_hour() -> None:
    scorer = ParticipantScorer(FORMULA)
    smile = face(mixed(happiness=0.8))
    lowest = min(score_of(feed(scorer, at, at + 10, smile)) for at in range(0, 1800, 10))
    assert lowest >= 0.85


def test_without_pose_the_score_is_the_expression_under_an_id_of_its_own() -> None:
    reading = feed(ParticipantScorer(FORMULA), 0, 12, face(mixed(happiness=1.0), yaw=None))
    assert reading.engagement.formula_id == f"{DEFAULT_ID}/no-facing"
    assert reading.engagement.facing is None
    assert reading.engagement.band is Band.UNSPECIFIED
    assert reading.engagement.score == reading.engagement.expression == pytest.approx(1.0)


def test_scores_with_and_without_pose_do_not_share_a_window() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 10, face(yaw=None))
    reading = feed(scorer, 10, 14)
    assert reading.engagement.no_score_reason is NoScoreReason.TOO_LITTLE_EVIDENCE
    assert feed(scorer, 14, 16).engagement.formula_id == DEFAULT_ID


def test_another_person_starts_afresh() -> None:
    scorer = ParticipantScorer(FORMULA)
    first = feed(scorer, 0, 120, face(mixed(happiness=1.0), yaw=20))
    assert first.engagement.reference_count > 500
    reading = scorer.observe(seen(120.0, face(mixed(sadness=1.0), yaw=-5, track=2)))
    assert reading.engagement.no_score_reason is NoScoreReason.TOO_LITTLE_EVIDENCE
    assert (reading.engagement.coverage, reading.engagement.reference_count) == (0.0, 0)
    assert reading.engagement.yaw_from_reference_deg == pytest.approx(-5)
    assert reading.affect is not None
    assert reading.affect.smoothed[3] == pytest.approx(1.0)


def test_withdrawn_consent_leaves_nothing_of_the_person_behind() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 60, face(mixed(happiness=1.0), yaw=18))
    scorer.observe(FaceObservation(60.0, Presence.NO_CONSENT))
    blank = ParticipantScorer(FORMULA)
    blank.observe(FaceObservation(60.0, Presence.NO_CONSENT))
    scorer_state, blank_state = scorer.checkpoint(), blank.checkpoint()
    assert scorer_state[-600:] == blank_state[-600:]


def test_a_second_screen_becomes_the_persons_own_reference() -> None:
    scorer = ParticipantScorer(FORMULA)
    aside = face(yaw=20, pitch=-10)
    assert score_of(feed(scorer, 0, 12, aside)) < 0.70
    reading = feed(scorer, 12, 90, aside)
    assert score_of(reading) == pytest.approx(0.70)
    assert reading.engagement.yaw_from_reference_deg == pytest.approx(0, abs=1)
    assert reading.engagement.pitch_from_reference_deg == pytest.approx(0, abs=1)


def test_the_reference_follows_no_further_than_its_limits() -> None:
    reading = feed(ParticipantScorer(FORMULA), 0, 300, face(yaw=50, pitch=-50))
    assert reading.engagement.yaw_from_reference_deg == pytest.approx(30, abs=0.1)
    assert reading.engagement.pitch_from_reference_deg == pytest.approx(-35, abs=0.1)


def test_a_band_is_left_later_than_it_is_entered() -> None:
    scorer = ParticipantScorer(FORMULA)

    def band(start: float, happiness: float) -> Band:
        return feed(scorer, start, start + 15, face(mixed(happiness=happiness))).engagement.band

    assert band(0, 0.10) is Band.MEDIUM  # 0.73
    assert band(15, 0.20) is Band.HIGH  # 0.76
    assert band(30, 0.10) is Band.HIGH  # 0.73: within the hysteresis
    assert band(45, 0.05) is Band.MEDIUM  # 0.715
    away = feed(scorer, 60, 80, face(yaw=40)).engagement
    assert away.band is Band.LOW


def test_values_grow_old() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 10)
    fresh = scorer.at(11.2)
    assert fresh.presence is Presence.PRESENT
    assert fresh.affect is not None
    stale = scorer.at(11.4)
    assert stale.presence is Presence.NO_PICTURES
    assert stale.engagement.no_score_reason is NoScoreReason.NO_PICTURES
    assert (stale.face, stale.affect) == (None, None)


def test_nothing_is_known_before_anything_came() -> None:
    reading = ParticipantScorer(FORMULA).at(3.0)
    assert reading.presence is Presence.NO_PICTURES
    assert reading.engagement.no_score_reason is NoScoreReason.NO_PICTURES
    assert reading.engagement.coverage == 0.0


def test_affect_is_raw_adjusted_and_smoothed() -> None:
    scorer = ParticipantScorer(FORMULA)
    scorer.observe(seen(0.0, face(mixed(happiness=0.0), valence=0.0)))
    affect = scorer.observe(seen(1.0, face(mixed(happiness=1.0), valence=1.0))).affect
    assert affect is not None
    risen = math.exp(-1.0)  # a ramp of one time constant leaves it 1/e below
    assert affect.raw == affect.adjusted == mixed(happiness=1.0)
    assert affect.baseline_weight == 0.0
    assert affect.smoothed[1] == pytest.approx(risen)
    assert affect.valence == pytest.approx(risen)
    assert affect.raw_valence == 1.0
    assert math.isnan(affect.smoothed[-1])


def test_values_of_another_model_are_not_mixed_in() -> None:
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, 20, face(mixed(happiness=1.0)))
    reading = feed(scorer, 20, 23, face(mixed(sadness=1.0), model="model-b"))
    assert reading.engagement.no_score_reason is NoScoreReason.TOO_LITTLE_EVIDENCE
    assert score_of(feed(scorer, 23, 26, face(mixed(sadness=1.0), model="model-b"))) == pytest.approx(0.55)
