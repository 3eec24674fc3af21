"""Faces and moments for the tests of `insight`: what a worker would report of people who do as the test says."""

import math
from collections.abc import Callable, Iterable

from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import FaceObservation, Reading
from roompulse_vision.enumerations import Presence
from roompulse_vision.types import (
    LABELS,
    Box,
    FaceQuality,
    FaceReading,
    HeadPose,
    LearnedEngagement,
    Probabilities,
    RawAffect,
)

MODEL = "model-a"
LIVELY = 20.0  # grey levels of motion, as real faces show; stills stay below 4.5


def mixed(**probabilities: float) -> Probabilities:
    """Return probabilities by label; the rest goes to neutral; there is no "other" unless it is named."""
    rest = 1.0 - sum(probabilities.values())
    known = {"neutral": rest, **probabilities} if rest > 1e-12 else probabilities
    values = {label: known.get(label, 0.0) for label in LABELS}
    if "other" not in probabilities:
        values["other"] = math.nan
    return tuple(values.values())


def face(
    probabilities: Probabilities | None = None,
    *,
    yaw: float | None = 0.0,
    pitch: float = 0.0,
    motion: float | None = LIVELY,
    track: int = 1,
    model: str = MODEL,
    valence: float | None = None,
    engaged: LearnedEngagement | None = None,
) -> FaceReading:
    """Return a face; `yaw=None` is a detector without landmarks."""
    return FaceReading(
        track=track,
        box=Box(0.4, 0.3, 0.2, 0.3),
        quality=FaceQuality(120.0, 80.0, 0.9),
        pose=None if yaw is None else HeadPose(yaw, pitch, 0.0),
        motion=motion,
        affect=RawAffect(model, probabilities or mixed(), valence, valence, engaged=engaged),
    )


def seen(at_s: float, shown: FaceReading | None = None, *, speaking: bool | None = None) -> FaceObservation:
    """Return the observation of one clear face."""
    return FaceObservation(at_s, Presence.PRESENT, shown or face(), speaking)


def moments(start_s: float, stop_s: float, rate_hz: float) -> Iterable[float]:
    """Return regular moments, the first at the start, the last before the stop."""
    return (start_s + step / rate_hz for step in range(math.ceil((stop_s - start_s) * rate_hz - 1e-9)))


def feed(
    scorer: ParticipantScorer,
    start_s: float,
    stop_s: float,
    shown: FaceReading | Callable[[float], FaceReading] | None = None,
    *,
    rate_hz: float = 5.0,
    speaking: bool | None = None,
) -> Reading:
    """Show a face from start to stop, and return the reading of the stop."""
    for at_s in moments(start_s, stop_s, rate_hz):
        scorer.observe(seen(at_s, shown(at_s) if callable(shown) else shown, speaking=speaking))
    return scorer.at(stop_s)


def score_of(reading: Reading) -> float:
    """Return the score that must be there."""
    assert reading.engagement.score is not None, reading.engagement.no_score_reason
    return reading.engagement.score
