"""What is read from a face, and what it means over time."""

from dataclasses import dataclass

from roompulse_server.types.enumerations import Band, FacingState, NoScoreReason, Presence, Provenance
from roompulse_server.types.media import Box, Point

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "other")
ACTION_UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)  # the twelve of ABAW
MAX_PARTICIPANTS = 4096  # of one meeting, found faces included: it bounds resume tokens and heartbeats

Probabilities = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees: yaw positive to the picture's right, pitch positive up, roll positive clockwise."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """`size_px` shorter side of the box; `sharpness` variance of the Laplacian at 48×48; `detector_score` 0 to 1."""

    size_px: float
    sharpness: float
    detector_score: float | None


@dataclass(frozen=True, slots=True)
class LearnedEngagement:
    """What an engagement network says of a track's newest embeddings: the probability of "engaged", 0 to 1.

    `span_s` is the time from the first of them to the last, which is this picture's.
    """

    probability: float
    span_s: float


@dataclass(frozen=True, slots=True)
class RawAffect:
    """What the model says of one crop, calibrated, before any smoothing. `action_units` follow `ACTION_UNITS`.

    `engaged` is None where no engagement network is used, or too few embeddings of the track are there.
    """

    model_id: str
    probabilities: Probabilities
    valence: float | None = None
    arousal: float | None = None
    valence_arousal_provenance: Provenance = Provenance.UNSPECIFIED
    action_units: tuple[float, ...] | None = None
    action_unit_provenance: Provenance = Provenance.UNSPECIFIED
    action_units_active: tuple[bool, ...] | None = None
    engaged: LearnedEngagement | None = None


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One face of one picture.

    `landmarks`: right eye, left eye, nose, right and left mouth corner (the person's sides), or None.
    `motion`: how the face changed against the track's reference of about a second before, both aligned: the mean
    absolute difference of the part (8×8 of 48×48 pixels) that changed most, grey levels 0 to 255; None while there is
    no reference. Far above a still's, it is measured once a second and repeated between. `affect` is None when the
    face is not read: too small, or not alone.
    """

    track: int
    box: Box
    quality: FaceQuality
    landmarks: tuple[Point, Point, Point, Point, Point] | None = None
    pose: HeadPose | None = None
    motion: float | None = None
    affect: RawAffect | None = None


@dataclass(frozen=True, slots=True)
class Observation:
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
