"""What must hold for any face, any rate, any place where the stream goes on."""

import itertools
import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_samples import face, feed, mixed, score_of, seen
from roompulse_server.insight.scoring.facing import facing_factor
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import Engagement, FaceObservation, NoScoreReason
from roompulse_vision.enumerations import Presence
from roompulse_vision.types import LABELS, FaceReading, Probabilities

FORMULA = Formula()
angles = st.floats(-90, 90)


@st.composite
def distributions(draw: st.DrawFn) -> Probabilities:
    shares = [draw(st.floats(0.0, 1.0)) for _ in LABELS]
    shares[draw(st.integers(0, len(LABELS) - 2))] += 0.1
    total = math.fsum(shares)
    return tuple(share / total for share in shares)


def settled(until_s: float = 60.0) -> ParticipantScorer:
    """Return a scorer that knows a person's reference: straight ahead."""
    scorer = ParticipantScorer(FORMULA)
    feed(scorer, 0, until_s, rate_hz=2)
    return scorer


@settings(deadline=None)
@given(yaw=angles, more=st.floats(0, 60), pitch=angles)
def test_a_head_turned_further_never_faces_more(yaw: float, more: float, pitch: float) -> None:
    further = yaw + math.copysign(more, yaw)
    assert facing_factor(FORMULA, further, pitch) <= facing_factor(FORMULA, yaw, pitch)


@settings(max_examples=20, deadline=None)
@given(yaws=st.lists(angles, min_size=3, max_size=8), times=st.floats(1.0, 3.0))
def test_turning_further_never_raises_the_score(yaws: list[float], times: float) -> None:
    """Within the first 20 s; later on a reference counts, and "further" is further from where one usually looks."""

    def scores(factor: float) -> list[float]:
        scorer = ParticipantScorer(FORMULA)
        turned = [face(yaw=factor * yaws[int(at_s // 2.5)]) for at_s in range(2 * len(yaws))]
        readings = [scorer.observe(seen(float(at_s), shown)) for at_s, shown in enumerate(turned)]
        return [score for reading in readings if (score := reading.engagement.score) is not None]

    assert all(far <= near + 1e-12 for far, near in zip(scores(times), scores(1.0), strict=True))


@settings(max_examples=30, deadline=None)
@given(p=distributions(), moved=st.floats(0, 1), speaking=st.booleans())
def test_mass_moved_from_sad_to_neutral_to_happy_never_lowers_the_score(
    p: Probabilities, moved: float, speaking: bool
) -> None:
    order = [LABELS.index(label) for label in ("sadness", "neutral", "happiness")]
    for source, target in itertools.pairwise(order):
        shifted = list(p)
        shifted[target] += moved * shifted[source]
        shifted[source] -= moved * p[source]
        before, after = (
            feed(ParticipantScorer(FORMULA), 0, 6, face(q), speaking=speaking).engagement for q in (p, tuple(shifted))
        )
        assert before.no_score_reason is after.no_score_reason
        assert (after.score or 0.0) >= (before.score or 0.0) - 1e-12


@settings(max_examples=25, deadline=None)
@given(poses=st.lists(st.tuples(angles, angles), min_size=1, max_size=6))
def test_mirroring_the_picture_changes_nothing(poses: list[tuple[float, float]]) -> None:
    def engagements(sign: float) -> list[Engagement]:
        scorer = ParticipantScorer(FORMULA)
        shown = [face(yaw=sign * yaw, pitch=pitch) for yaw, pitch in poses]
        return [scorer.observe(seen(float(at), shown[at * len(shown) // 80])).engagement for at in range(80)]

    for one, other in zip(engagements(1.0), engagements(-1.0), strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-9)
        assert one.yaw_from_reference_deg == pytest.approx(-(other.yaw_from_reference_deg or 0.0), abs=1e-9)


observations = st.builds(
    lambda wait, presence, shown, speaking: (wait, FaceObservation(0.0, presence, shown, speaking)),
    wait=st.floats(0, 4) | st.just(0.2),
    presence=st.sampled_from([*Presence, *[Presence.PRESENT] * 30]),
    shown=st.none()
    | st.builds(
        face,
        distributions(),
        yaw=st.none() | angles,
        pitch=angles,
        motion=st.none() | st.floats(0, 20),
        track=st.sampled_from([1] * 9 + [2]),
        valence=st.none() | st.floats(-1, 1),
    ),
    speaking=st.none() | st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(observations, min_size=1, max_size=60))
def test_whatever_comes_a_reading_explains_itself(steps: Sequence[tuple[float, FaceObservation]]) -> None:
    scorer, now_s = ParticipantScorer(FORMULA), 0.0
    for wait_s, step in steps:
        now_s += wait_s
        reading = scorer.observe(FaceObservation(now_s, step.presence, step.face, step.speaking))
        for engagement in (reading.engagement, scorer.at(now_s + 0.1).engagement):
            check(engagement)
        now_s += 0.1
        if reading.affect is not None:
            assert reading.presence is Presence.PRESENT
            assert math.fsum(reading.affect.smoothed) == pytest.approx(1.0)
            assert all(0.0 <= p <= 1.0 for p in reading.affect.smoothed)


def check(engagement: Engagement) -> None:
    """A score or a reason, never both; E = g·x; everything in range."""
    assert (engagement.score is None) == (engagement.no_score_reason is not NoScoreReason.UNSPECIFIED)
    assert 0.0 <= engagement.coverage <= 1.0
    if engagement.score is None:
        assert (engagement.facing, engagement.expression) == (None, None)
        return
    assert engagement.coverage >= 0.4999
    assert 0.20 <= engagement.score <= 1.0
    facing = 1.0 if engagement.facing is None else engagement.facing
    assert engagement.score == pytest.approx(facing * (engagement.expression or 0.0), abs=1e-6)


def turning(at_s: float, takes_s: float) -> FaceReading:
    """Somebody looks fully away at 12 s and back at 22 s."""
    return face(yaw=60.0 * passage(at_s, takes_s))


def cheering_up(at_s: float, takes_s: float) -> FaceReading:
    """A sad face becomes fully happy at 12 s, and sad again at 22 s."""
    share = passage(at_s, takes_s)
    return face(mixed(happiness=share, sadness=1.0 - share))


def passage(at_s: float, takes_s: float) -> float:
    return min(1.0, max(0.0, (at_s - 12.0) / takes_s)) - min(1.0, max(0.0, (at_s - 22.0) / takes_s))


@pytest.mark.parametrize("signal", [turning, cheering_up])
@pytest.mark.parametrize("takes_s", [1.0, 3.0])
@pytest.mark.parametrize("rate_hz", [1, 2, 5])
def test_the_same_signal_scores_the_same_at_any_jittered_rate(
    signal: Callable[[float, float], FaceReading], takes_s: float, rate_hz: float
) -> None:
    """For the largest changes there are, if they take a second: what happens between two looks nobody can date."""
    chance = random.Random(f"{signal}{takes_s}{rate_hz}")
    sparse, dense, at_s, ticks = ParticipantScorer(FORMULA), ParticipantScorer(FORMULA), 0.0, 0
    compared = 0
    while at_s < 36.0:
        while ticks / 24 < at_s:
            dense.observe(seen(ticks / 24, signal(ticks / 24, takes_s)))
            ticks += 1
        one = sparse.observe(seen(at_s, signal(at_s, takes_s))).engagement.score
        other = dense.at(at_s).engagement.score
        if one is not None and other is not None:
            assert one == pytest.approx(other, abs=0.02)
            compared += 1
        at_s += (1.0 + chance.uniform(-0.3, 0.3)) / rate_hz
    assert compared > 25 * rate_hz


@settings(max_examples=20, deadline=None)
@given(
    moved_s=st.floats(6, 100),
    gap_s=st.floats(0, 3),
    rate_hz=st.sampled_from([1, 2, 5, 10]),
    phase=st.floats(0, 10),
)
def test_a_stream_goes_on_elsewhere_without_a_jump(moved_s: float, gap_s: float, rate_hz: int, phase: float) -> None:
    def shown(at_s: float, track: int) -> FaceReading:
        smile = 0.5 + 0.5 * math.sin(at_s + phase)
        return face(mixed(happiness=smile), yaw=12.0 + 30.0 * math.sin(at_s / 3), pitch=-8.0, track=track)

    stayed, before = ParticipantScorer(FORMULA), ParticipantScorer(FORMULA)
    for scorer in (stayed, before):
        feed(scorer, 0, moved_s, lambda at_s: shown(at_s, 7), rate_hz=rate_hz)
    after = ParticipantScorer(FORMULA)
    data = before.checkpoint()
    assert len(data) <= 1024
    assert after.restore(data)
    start_s = moved_s + gap_s
    for step in range(15 * rate_hz):
        at_s = start_s + step / rate_hz
        one = stayed.observe(seen(at_s, shown(at_s, 7))).engagement
        other = after.observe(seen(at_s, shown(at_s, 1))).engagement
        assert (one.score is None) == (other.score is None)
        assert (other.score or 0.0) == pytest.approx(one.score or 0.0, abs=0.01)
        assert other.reference_count == one.reference_count
        assert other.yaw_from_reference_deg == pytest.approx(one.yaw_from_reference_deg, abs=0.01)


def test_taking_checkpoints_changes_nothing() -> None:
    watched, left_alone = ParticipantScorer(FORMULA), ParticipantScorer(FORMULA)
    for step in range(400):
        shown = face(mixed(happiness=step % 7 / 7), yaw=step % 31)
        assert watched.observe(seen(step / 5, shown)) == left_alone.observe(seen(step / 5, shown))
        watched.checkpoint()


def test_a_reference_stands_a_look_aside() -> None:
    scorer = settled()
    feed(scorer, 60, 70, face(yaw=40))
    back = feed(scorer, 70, 90)
    assert score_of(back) == pytest.approx(0.70, abs=1e-6)
    assert back.engagement.yaw_from_reference_deg == pytest.approx(0, abs=0.5)
