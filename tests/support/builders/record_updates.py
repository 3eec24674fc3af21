"""Random updates for the record's tests: anything the pipeline may come up with, within the stated ranges."""

import math

from hypothesis import strategies as st
from roompulse_server.types import AffectReading, Band, Engagement, FacingState, NoScoreReason, Reading, Update
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS, LABELS, Box, FaceQuality, FaceReading, HeadPose, Point, Probabilities

NAN = math.nan
unit = st.floats(0, 1)
signed_unit = st.floats(-1, 1)
place = st.floats(-1.9, 1.9)
angle = st.floats(-180, 180)
instant = st.integers(0, 2**60)
span = st.integers(-200_000_000_000, 200_000_000_000)
label_sets = st.lists(st.booleans(), min_size=len(LABELS), max_size=len(LABELS)).filter(any)


@st.composite
def probabilities(draw: st.DrawFn, present: list[bool]) -> Probabilities:
    """Positive numbers that sum to 1 over the labels present."""
    weights = [draw(st.floats(0.001, 1)) for _ in LABELS]
    total = sum(weight for weight, here in zip(weights, present, strict=True) if here)
    return tuple(weight / total if here else NAN for weight, here in zip(weights, present, strict=True))


points = st.builds(Point, place, place)
faces = st.builds(
    FaceReading,
    track=st.integers(0, 2**32 - 1),
    box=st.builds(Box, place, place, place, place),
    quality=st.builds(FaceQuality, st.floats(0, 8191), st.floats(0, 1e6), st.none() | unit),
    landmarks=st.none() | st.tuples(points, points, points, points, points),
    pose=st.none() | st.builds(HeadPose, angle, angle, angle),
    motion=st.none() | st.floats(0, 255),
    affect=st.none(),
)


@st.composite
def affects(draw: st.DrawFn, model_id: str = "model-a") -> AffectReading:
    """A face's affect; the labels that the model lacks are the same in all three."""
    present = draw(label_sets)
    provenance = st.sampled_from(Provenance)
    count = len(ACTION_UNITS)
    return AffectReading(
        model_id=model_id,
        raw=draw(probabilities(present)),
        adjusted=draw(probabilities(present)),
        smoothed=draw(probabilities(present)),
        raw_valence=draw(st.none() | signed_unit),
        raw_arousal=draw(st.none() | signed_unit),
        valence=draw(st.none() | signed_unit),
        arousal=draw(st.none() | signed_unit),
        valence_arousal_provenance=draw(provenance),
        action_units=draw(st.none() | st.lists(unit, min_size=count, max_size=count).map(tuple)),
        action_unit_provenance=draw(provenance),
        action_units_active=draw(st.none() | st.lists(st.booleans(), min_size=count, max_size=count).map(tuple)),
        baseline_weight=draw(unit),
    )


engagements = st.builds(
    Engagement,
    formula_id=st.just("rp-engagement-1"),
    score=st.none() | unit,
    band=st.sampled_from(Band),
    no_score_reason=st.sampled_from(NoScoreReason),
    facing=st.none() | unit,
    expression=st.none() | unit,
    coverage=unit,
    yaw_from_reference_deg=st.none() | angle,
    pitch_from_reference_deg=st.none() | angle,
    reference_count=st.integers(0, 2**32 - 1),
    window_s=st.floats(0, 600),
    facing_state=st.sampled_from(FacingState),
)
updates = st.builds(
    Update,
    participant=st.just("ada"),
    sequence=st.integers(1, 2**32 - 1),
    epoch=st.integers(1, 2**31),
    capture_us=instant,
    receive_us=instant,
    offset_us=instant,
    analysis_age_us=span,
    reading=st.builds(Reading, st.sampled_from(Presence), st.none() | faces, st.none() | affects(), engagements),
    speaking=st.none() | st.booleans(),
    packet_index=st.none() | st.integers(0, 2**62),
    scoring_latency_us=st.none() | span,
)


def plain(sequence: int, *, participant: str = "ada", epoch: int = 1, model: str = "m", formula: str = "f") -> Update:
    """A small update with a face's affect when `model` is given; 200 ms after the one before."""
    flat: Probabilities = (0.125,) * 8 + (NAN,)
    affect = AffectReading(
        model, flat, flat, flat, 0.1, 0.2, 0.3, 0.4, Provenance.DERIVED, None, Provenance.UNSPECIFIED, None, 0.0
    )
    score = 0.2 + sequence % 80 / 100
    engagement = Engagement(
        formula, score, Band.MEDIUM, NoScoreReason.UNSPECIFIED, 1.0, score, 1.0, 0.0, 0.0, sequence, 10.0
    )
    offset_us = sequence * 200_000
    reading = Reading(Presence.PRESENT, None, affect if model else None, engagement)
    return Update(participant, sequence, epoch, 10**15 + offset_us, 10**15 + offset_us, offset_us, 0, reading)
