"""What one picture shows: faces, where they are, how good they are, what they express."""

from collections.abc import Iterator
from dataclasses import dataclass

from roompulse.enums import Presence, Provenance


@dataclass(frozen=True, slots=True)
class Point:
    """A point in fractions of the upright picture, from its top left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the upright picture; a face at the border may reach outside 0 to 1."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points of a face, named from the person's side."""

    right_eye: Point
    left_eye: Point
    nose: Point
    right_mouth: Point
    left_mouth: Point


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees: yaw positive to the picture's right, pitch positive up, roll positive clockwise."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How good a face's picture is.

    Attributes:
        size_px: Shorter side of the box, pixels of the upright picture.
        sharpness: Variance of the Laplacian at 48×48, grey levels squared; 0 is a flat surface.
        detector_score: 0 to 1; None with a detector that reports none.
    """

    size_px: float
    sharpness: float
    detector_score: float | None


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture.

    Attributes:
        track: Number of the track within the stream, from 1; it changes when the face may be another one.
        box: Where the face is.
        landmarks: Its five points; None with a detector that has none.
        pose: Where the head points; None without landmarks.
        quality: How good the picture is.
    """

    track: int
    box: Box
    landmarks: Landmarks | None
    pose: HeadPose | None
    quality: FaceQuality | None


@dataclass(frozen=True, slots=True)
class Expressions:
    """Probabilities by expression, each 0 to 1, summing to 1. None: the model lacks the label."""

    neutral: float | None = None
    happiness: float | None = None
    surprise: float | None = None
    sadness: float | None = None
    anger: float | None = None
    disgust: float | None = None
    fear: float | None = None
    contempt: float | None = None
    other: float | None = None

    def __iter__(self) -> Iterator[tuple[str, float]]:
        """Yield (label, probability) of the labels that the model has."""
        for label in self.__slots__:
            value: float | None = getattr(self, label)
            if value is not None:
                yield label, value

    @property
    def top(self) -> str | None:
        """The most probable label, or None where there is none at all."""
        return max(self, key=lambda pair: pair[1], default=(None, 0.0))[0]


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One facial action unit: FACS number, probability 0 to 1, and whether it counts as active (None: derived)."""

    number: int
    probability: float
    active: bool | None


@dataclass(frozen=True, slots=True)
class Affect:
    """What a face shows.

    Attributes:
        model_id: The model that read it.
        raw: The model's calibrated probabilities of this very picture.
        adjusted: The same after the person's neutral baseline; equal to `raw` while there is none.
        smoothed: `adjusted` after causal smoothing over time.
        expression_provenance: Where the expressions come from.
        valence: Smoothed, -1 (unpleasant) to 1 (pleasant).
        arousal: Smoothed, -1 (calm) to 1 (excited).
        valence_arousal_provenance: Where valence and arousal come from.
        action_units: By number.
        action_unit_provenance: Where the action units come from.
        baseline_weight: How much of the neutral baseline is in `adjusted`, 0 to 1.
        raw_valence: Of this very picture, -1 to 1.
        raw_arousal: Of this very picture, -1 to 1.
    """

    model_id: str
    raw: Expressions | None
    adjusted: Expressions | None
    smoothed: Expressions | None
    expression_provenance: Provenance
    valence: float | None
    arousal: float | None
    valence_arousal_provenance: Provenance
    action_units: tuple[ActionUnit, ...]
    action_unit_provenance: Provenance
    baseline_weight: float
    raw_valence: float | None
    raw_arousal: float | None


@dataclass(frozen=True, slots=True)
class ImageFace:
    """One face of a still picture; `affect` is None when it is too small to be read."""

    face: Face
    affect: Affect | None
    presence: Presence


@dataclass(frozen=True, slots=True)
class ImageResult:
    """The faces of a still picture, largest first; width and height are those of the upright picture, pixels."""

    faces: tuple[ImageFace, ...]
    width: int
    height: int
    model_id: str
    detector_id: str
