"""The values of what sees: packets, places in pictures, faces and what is read from them. Frozen and typed.

Times: `_us` integers are microseconds, `_s` floats seconds. `offset` is time since the stream's own zero, `capture` the
sender's time, `receive` the host's. Probabilities are tuples with one float for each of `LABELS`, `nan` where the model
lacks the label.
"""

from dataclasses import dataclass

from roompulse_vision.enumerations import ColorMatrix, ColorRange, Encoding, Provenance

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "other")
ACTION_UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)  # the twelve of ABAW
Probabilities = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """How a packet's bytes are to be read; `width`, `height`, `strides` matter for raw pictures only.

    `horizontal_flip` comes before the turn by `rotation_deg`. The pixel aspect is by the bytes' own rows and columns;
    0 and 0: what the bitstream says.
    """

    encoding: Encoding = Encoding.UNSPECIFIED
    width: int = 0
    height: int = 0
    strides: tuple[int, ...] = ()
    matrix: ColorMatrix = ColorMatrix.UNSPECIFIED
    range: ColorRange = ColorRange.UNSPECIFIED
    rotation_deg: int = 0
    horizontal_flip: bool = False
    pixel_aspect_width: int = 0
    pixel_aspect_height: int = 0


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What is refused before it is decoded."""

    max_packet_bytes: int = 2 * 1024 * 1024
    max_raw_bytes: int = 3840 * 2160 * 4
    max_pixels: int = 3840 * 2160
    max_side: int = 8192


@dataclass(frozen=True, slots=True)
class Packet:
    """One picture or access unit on its way to a worker. `format` is the one in force for it.

    `decode_only`: later packets need it, its picture is never looked at. `after_loss`: a packet of encoded video before
    it was refused, so decoding waits for a key frame.
    """

    index: int
    data: bytes
    format: VideoFormat
    offset_us: int
    capture_us: int
    receive_us: int
    speaking: bool | None = None
    decode_only: bool = False
    after_loss: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """Fractions of the upright picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """Fractions of the upright picture; may reach outside 0 to 1."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the picture that shows one person, as a gallery's tile does."""

    name: str
    box: Box


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
