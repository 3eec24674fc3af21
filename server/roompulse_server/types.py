"""The values that cross modules: frozen, typed, free of any library.

Enumerations carry the numbers of their twins in `protos/roompulse/v1`; a test holds the two together.
Times: `_us` integers are microseconds, `_s` floats are seconds. `offset` is time since the meeting began,
`capture` the sender's time mapped to the server's wall clock (Unix), `receive` the server's wall clock.
Probabilities are tuples with one float for each of `LABELS`, `nan` where the model lacks the label.
"""

from dataclasses import dataclass, field
from enum import IntEnum

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "other")
ACTION_UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)  # the twelve of ABAW
MAX_PARTICIPANTS = 4096  # of one meeting, found faces included: it bounds resume tokens and heartbeats

Probabilities = tuple[float, ...]


class Purpose(IntEnum):
    UNSPECIFIED = 0
    RESEARCH = 1
    SELF_VIEW = 2
    AUDIENCE_FEEDBACK = 3
    MEDICAL = 4
    SAFETY = 5
    WORKPLACE_MONITORING = 6
    EDUCATION = 7


class ConsentState(IntEnum):
    UNSPECIFIED = 0
    GRANTED = 1
    REFUSED = 2
    WITHDRAWN = 3


class Provenance(IntEnum):
    UNSPECIFIED = 0
    MODEL = 1
    DERIVED = 2


class DropReason(IntEnum):
    UNSPECIFIED = 0
    SUPERSEDED = 1
    QUEUE_FULL = 2
    WAITING_FOR_KEY_FRAME = 3
    FAULT = 4
    NO_PICTURE = 5
    NO_CONSENT = 6
    NOT_A_CAMERA = 7
    WORKER_LOST = 8
    STREAM_ENDED = 9


class FaultReason(IntEnum):
    UNSPECIFIED = 0
    CORRUPT = 1
    UNKNOWN_FORMAT = 2
    TOO_MANY_PIXELS = 3
    TOO_MANY_BYTES = 4
    WRONG_LAYOUT = 5
    NO_KEY_FRAME = 6
    WRONG_TIME = 7
    WRONG_INDEX = 8
    EMPTY = 9


class Encoding(IntEnum):
    UNSPECIFIED = 0
    JPEG = 1
    PNG = 2
    WEBP = 3
    I420 = 4
    NV12 = 5
    RGB24 = 6
    BGR24 = 7
    RGBA = 8
    H264 = 9
    VP8 = 10
    VP9 = 11
    AV1 = 12


class ColorMatrix(IntEnum):
    UNSPECIFIED = 0
    BT601 = 1
    BT709 = 2
    BT2020 = 3


class ColorRange(IntEnum):
    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


class Source(IntEnum):
    UNSPECIFIED = 0
    CAMERA = 1
    ROOM = 2
    GALLERY = 3


class Content(IntEnum):
    UNSPECIFIED = 0
    CAMERA = 1
    SCREEN_SHARE = 2
    AVATAR = 3


class Delivery(IntEnum):
    UNSPECIFIED = 0
    LIVE = 1
    EVERY_FRAME = 2


class Clock(IntEnum):
    UNSPECIFIED = 0
    MEDIA = 1
    WALL = 2


class Presence(IntEnum):
    UNSPECIFIED = 0
    PRESENT = 1
    NO_FACE = 2
    SEVERAL_FACES = 3
    FACE_TOO_SMALL = 4
    STATIC_IMAGE = 5
    CAMERA_OFF = 6
    NOT_A_CAMERA = 7
    NO_CONSENT = 8
    NO_PICTURES = 9
    LEFT = 10


class NoScoreReason(IntEnum):
    UNSPECIFIED = 0
    NO_CONSENT = 1
    CAMERA_OFF = 2
    NO_FACE = 3
    SEVERAL_FACES = 4
    FACE_TOO_SMALL = 5
    STATIC_IMAGE = 6
    TOO_LITTLE_EVIDENCE = 7
    NOT_A_CAMERA = 8
    NO_PICTURES = 9
    EXPRESSION_UNCLEAR = 10
    LEFT = 11


class Band(IntEnum):
    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class EventKind(IntEnum):
    UNSPECIFIED = 0
    STREAM_OPENED = 1
    STREAM_CLOSED = 2
    CAMERA_ON = 3
    CAMERA_OFF = 4
    CONSENT_CHANGED = 5
    MEETING_ENDED = 6
    ERASED = 7
    COUNTERS = 8


class MeetingState(IntEnum):
    UNSPECIFIED = 0
    ACTIVE = 1
    ENDED = 2


class SlowPolicy(IntEnum):
    UNSPECIFIED = 0
    CONFLATE = 1
    DISCONNECT = 2


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """How a packet's bytes are to be read; `width`, `height`, `strides` matter for raw pictures only."""

    encoding: Encoding = Encoding.UNSPECIFIED
    width: int = 0
    height: int = 0
    strides: tuple[int, ...] = ()
    matrix: ColorMatrix = ColorMatrix.UNSPECIFIED
    range: ColorRange = ColorRange.UNSPECIFIED
    rotation_deg: int = 0


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What is refused before it is decoded."""

    max_packet_bytes: int = 2 * 1024 * 1024
    max_raw_bytes: int = 3840 * 2160 * 4
    max_pixels: int = 3840 * 2160
    max_side: int = 8192


@dataclass(frozen=True, slots=True)
class Packet:
    """One picture or access unit on its way to a worker. `format` is the one in force for it."""

    index: int
    data: bytes
    format: VideoFormat
    offset_us: int
    capture_us: int
    receive_us: int
    speaking: bool | None = None


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
class Tile:
    """A rectangle of a gallery that shows one participant."""

    participant_id: str
    box: Box
    display_name: str = ""
    speaking: bool | None = None


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
class RawAffect:
    """What the model says of one crop, calibrated, before any smoothing. `action_units` follow `ACTION_UNITS`."""

    model_id: str
    probabilities: Probabilities
    valence: float | None = None
    arousal: float | None = None
    valence_arousal_provenance: Provenance = Provenance.UNSPECIFIED
    action_units: tuple[float, ...] | None = None
    action_unit_provenance: Provenance = Provenance.UNSPECIFIED
    action_units_active: tuple[bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One face of one picture.

    `landmarks`: right eye, left eye, nose, right and left mouth corner (the person's sides), or None.
    `motion`: mean absolute difference, grey levels 0 to 255, of the aligned crop against the track's reference crop
    of about a second before; None while there is no reference. `affect` is None when the face is too small.
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
    """A face's affect over time: this picture's (`raw`), after the neutral baseline, after causal smoothing."""

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
    """The score with its parts, or the reason why there is none (exactly one of the two)."""

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a participant at one moment: the pure core's answer to an observation."""

    presence: Presence
    face: FaceReading | None
    affect: AffectReading | None
    engagement: Engagement


@dataclass(frozen=True, slots=True)
class Update:
    """A reading with its place in the record: one row of a participant's series."""

    participant: str
    sequence: int
    epoch: int
    capture_us: int
    receive_us: int
    offset_us: int
    analysis_age_us: int
    reading: Reading
    speaking: bool | None = None
    packet_index: int | None = None
    scoring_latency_us: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A participant's consent, and how it was obtained."""

    state: ConsentState = ConsentState.UNSPECIFIED
    recorded_by: str = ""
    wording_version: str = ""
    record_us: int = 0


@dataclass(frozen=True, slots=True)
class PacketCounters:
    """received = analyzed + sum(dropped) + not_due + pending, always."""

    received: int = 0
    analyzed: int = 0
    dropped: dict[DropReason, int] = field(default_factory=dict)
    not_due: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class MeetingKey:
    """One occurrence of a meeting."""

    tenant: str
    id: str
    uid: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting's row."""

    key: MeetingKey
    purpose: Purpose
    state: MeetingState
    create_us: int
    end_us: int | None = None
    end_reason: str = ""
    title: str = ""
    time_zone: str = ""
    idle_timeout_s: float | None = None
    retention_s: float | None = None
    everyone_consented: bool = False
    aggregate_only: bool = False
    participant_count: int = 0


@dataclass(frozen=True, slots=True)
class Participant:
    """A participant's row, with the head: the newest epoch, the last sequence, the scorer's checkpoint."""

    number: int
    id: str
    display_name: str = ""
    consent: Consent = field(default_factory=Consent)
    epoch: int = 0
    last_sequence: int = 0
    checkpoint: bytes = b""
    found_in: str = ""
    streaming: bool = False
    first_offset_us: int | None = None
    last_offset_us: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a meeting's typed log that is no update. `position` is given by the store."""

    kind: EventKind
    offset_us: int
    time_us: int
    participant: str = ""
    epoch: int = 0
    detail: str = ""
    counters: PacketCounters | None = None
    consent: Consent | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Rollup:
    """A half-open window of a meeting. `expressions` is all nan when nobody had a face."""

    start_us: int
    length_us: int
    revision: int
    final: bool
    seen: int
    total: int
    median: float | None
    mean: float | None
    p10: float | None
    p90: float | None
    expressions: Probabilities
    valence: float | None
    arousal: float | None
    formula_id: str
    model_id: str
    sequence: int = 0
