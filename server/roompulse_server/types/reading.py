"""What is read from a face, and what it means over time."""

from dataclasses import dataclass

from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import FaceReading, Probabilities

from roompulse_server.types.enumerations import Band, FacingState, NoScoreReason

MAX_PARTICIPANTS = 4096  # of one meeting, found faces included: it bounds resume tokens and heartbeats


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """One analysed picture of one participant, or a moment known to have none (camera off, no consent …)."""

    offset_s: float
    presence: Presence
    face: FaceReading | None = None
    speaking: bool | None = None


@dataclass(frozen=True, slots=True)
class AffectReading:
    """A face's affect over time: this picture's (`raw`), after the neutral baseline, after causal smoothing.

    `valence` and `arousal` are smoothed; derived ones follow from `adjusted`, a model's own are not adjusted. Action
    units are this picture's. The baseline is setting in while `baseline_weight` lies between 0 and 1.
    """

    model_id: str
    raw: Probabilities
    adjusted: Probabilities
    smoothed: Probabilities
    raw_valence: float | None
    raw_arousal: float | None
    valence: float | None
    arousal: float | None
    valence_arousal_provenance: Provenance
    action_units: tuple[float, ...] | None
    action_unit_provenance: Provenance
    action_units_active: tuple[bool, ...] | None
    baseline_weight: float


@dataclass(frozen=True, slots=True)
class Engagement:
    """The score with its parts, or the reason why there is none (exactly one of the two).

    An engagement network's score has no parts, and its `window_s` is the time that its embeddings span.
    `facing_state` does not depend on a score: it is known wherever a clear face with a pose has been seen long enough.
    """

    formula_id: str
    score: float | None
    band: Band
    no_score_reason: NoScoreReason
    facing: float | None
    expression: float | None
    coverage: float
    yaw_from_reference_deg: float | None
    pitch_from_reference_deg: float | None
    reference_count: int
    window_s: float
    facing_state: FacingState = FacingState.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a participant at one moment: the pure core's answer to an observation."""

    presence: Presence
    face: FaceReading | None
    affect: AffectReading | None
    engagement: Engagement
